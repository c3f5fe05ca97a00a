"""Runs champion and challenger on the gate rows, the holdout and the behavioural suite, and hands the results to the
gate's rules (gate.py)."""

import itertools
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from product.inference.model import Model
from product.inference.text.language import expert_for
from product.sentiment import LABELS, Correction
from product.settings.rules import GateRules
from training.data.catalogue import is_polar
from training.data.generation.kinds.words import LONG
from training.data.generation.templates import Case
from training.data.rows import Row
from training.evaluation import behaviours
from training.evaluation.metrics import score_metrics, targets
from training.evaluation.slices import LENGTHS, length_slice
from training.modelling.calibration import mask_neutral, temperature_scaled
from training.retraining import gate
from training.retraining.dataset import RetrainDataset, correction_row
from training.retraining.gate import Check, Verdict

log = logging.getLogger(__name__)

CASES_PER_CAPABILITY = 20
"""Cases of the behavioural suite that both models are run on; more where a capability has more templates or kinds."""
LONG_CASES_PER_CAPABILITY = 3
"""Cases of the capabilities whose messages are long: the shortest kinds of them."""

Slices = dict[str, tuple[np.ndarray, np.ndarray]]
"""Subject to which rows champion and challenger label correctly, bool [rows] each."""


class ScoredModel:
    """A loaded version that remembers its probabilities, so that one attempt scores the same rows only once.

    Lists of texts are remembered whole, not text by text: a text's scores depend a little on its batch.
    """

    def __init__(self, model: Model):
        self._model = model
        self._known: dict[tuple[str, ...], np.ndarray] = {}

    @property
    def version(self) -> str:
        return self._model.version

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self._model.experts)

    def probabilities(self, texts: list[str]) -> np.ndarray:
        """float [texts, 3]; of no texts as well."""
        key = tuple(texts)
        if key not in self._known:
            self._known[key] = self._model.probabilities(texts) if texts else np.zeros((0, len(LABELS)))
        return self._known[key]


@dataclass(frozen=True)
class Comparison:
    """The gate's verdict on a challenger, its metrics on the gate rows, and which of them it labels correctly."""

    verdict: Verdict
    metrics: dict[str, Any]
    correct: np.ndarray
    """bool [gate rows]"""


@dataclass(frozen=True)
class References:
    """What a challenger is compared with."""

    champion: ScoredModel
    shipped: ScoredModel | None = None
    """The shipped version, where the champion is another one. Small losses against each champion would add up, so the
    challenger must also hold against the version where all began."""


def compare(references: References, challenger: ScoredModel, dataset: RetrainDataset, rules: GateRules) -> Comparison:
    """Score both models, as they serve or would serve, and apply the gate's rules."""
    log.info("comparing on %d gate rows and %d holdout corrections", len(dataset.gate_rows), len(dataset.holdout))
    rows, champion = dataset.gate_rows, references.champion
    before, after = correct_rows(champion, rows), correct_rows(challenger, rows)
    slices = gate_slices(rows, before, after, challenger.languages)
    slices |= behaviour_slices(champion, challenger, dataset.training_sets)
    checks = [gate.gate_rows(before, after, rules)]
    if references.shipped:
        shipped = references.shipped
        checks.append(gate.gate_rows(correct_rows(shipped, rows), after, rules, shipped.version))
    checks += holdout_checks(champion, challenger, dataset, rules)
    checks.append(forgetting_check(champion, challenger, dataset.learned_before, rules))
    checks += gate.slices(slices, rules)
    checks += [gate.unmeasured(corpus, problem) for corpus, problem in dataset.unmeasured.items()]
    with_neutral = np.array([not is_polar(row) for row in rows])
    scores = row_probabilities(challenger, rows)
    metrics = {"gate": score_metrics(scores[with_neutral], targets(rows)[with_neutral])}
    return Comparison(gate.decide(checks, dataset.nothing_new), metrics, after)


def holdout_checks(
    champion: ScoredModel, challenger: ScoredModel, dataset: RetrainDataset, rules: GateRules
) -> list[Check]:
    """On the holdout a challenger must be better by its labels and by its probabilities, or, where it has learned
    nothing new, not worse."""
    rows, groups = [correction_row(correction) for correction in dataset.holdout], dataset.holdout_groups
    correct = correct_rows(champion, rows), correct_rows(challenger, rows)
    if dataset.nothing_new:
        return [gate.holdout_not_worse(*correct, groups, rules)]
    wanted = targets(rows)
    before, after = (temperature_scaled(row_probabilities(model, rows), wanted) for model in (champion, challenger))
    return [
        gate.holdout_labels(*correct, groups, rules),
        gate.holdout_probabilities(before, after, wanted, groups, rules),
    ]


def forgetting_check(
    champion: ScoredModel, challenger: ScoredModel, learned: list[Correction], rules: GateRules
) -> Check:
    reviewed = np.array([correction.reviewed for correction in learned], dtype=bool)
    rows = [correction_row(correction) for correction in learned]
    return gate.no_forgetting(correct_rows(champion, rows), correct_rows(challenger, rows), reviewed, rules)


def row_probabilities(model: ScoredModel, rows: list[Row]) -> np.ndarray:
    """float [rows, 3]"""
    return model.probabilities([row.text for row in rows])


def correct_rows(model: ScoredModel, rows: list[Row]) -> np.ndarray:
    """Which rows a model labels correctly, bool [rows]."""
    return is_correct(row_probabilities(model, rows), rows)


def is_correct(scores: np.ndarray, rows: list[Row]) -> np.ndarray:
    """Which rows the scores [rows, 3] label correctly, bool [rows]. In a corpus without a neutral class the choice is
    between the two others."""
    correct: np.ndarray = mask_neutral(scores, rows).argmax(axis=1) == targets(rows)
    return correct


def gate_slices(rows: list[Row], before: np.ndarray, after: np.ndarray, languages: tuple[str, ...]) -> Slices:
    """The gate rows by the expert that reads them, by label, length, corpus and kind; empty slices are left out."""
    read_by = np.array([expert_for(row.text, languages) for row in rows])
    labels, lengths = np.array([row.label for row in rows]), np.array([length_slice(row.text) for row in rows])
    corpora, kinds = np.array([row.corpus for row in rows]), np.array([row.kind for row in rows])
    parts = {f"language:{language}": read_by == language for language in languages}
    parts |= {f"label:{label}": labels == label for label in LABELS}
    parts |= {f"length:{length}": lengths == length for length in LENGTHS}
    parts |= {f"corpus:{corpus}": corpora == corpus for corpus in np.unique(corpora)}
    parts |= {f"kind:{kind}": kinds == kind for kind in np.unique(kinds) if kind}
    return {subject: (before[part], after[part]) for subject, part in parts.items() if part.any()}


def behaviour_slices(champion: ScoredModel, challenger: ScoredModel, languages: Iterable[str]) -> Slices:
    """Which cases of the behavioural suite both models pass in these languages: fairness, and all others."""
    found: Slices = {}
    for language in languages:
        cases = first_cases(language)
        log.info("%s: comparing on %d behaviours", language, len(cases))
        before, after = (
            ~behaviours.failed_cases(cases, behaviours.score(model, cases)) for model in (champion, challenger)
        )
        fair = np.array([case.capability in behaviours.FAIRNESS for case in cases])
        found[f"fairness:{language}"] = before[fair], after[fair]
        found[f"behaviours:{language}"] = before[~fair], after[~fair]
    return found


def first_cases(language: str) -> list[Case]:
    """The first cases of each capability, in their order: at least one from each template or kind, except where
    messages are long."""
    chosen: list[Case] = []
    for name, group in itertools.groupby(behaviours.cases(language), key=lambda case: case.capability):
        cases = list(group)
        families = len({case.template for case in cases})
        chosen += cases[: LONG_CASES_PER_CAPABILITY if name in LONG else max(CASES_PER_CAPABILITY, families)]
    return chosen
