"""Champion and challenger before the gate: what each says of the rows, and the checks made of it."""

import itertools
from collections.abc import Callable

import numpy as np

from product.inference.model import Model
from product.inference.text import expert_for
from product.sentiment import LABELS, Correction
from product.settings.rules import GateRules
from training.data.catalogue import is_polar
from training.data.rows import Row
from training.data.templates import Case
from training.evaluation import behaviours
from training.evaluation.metrics import measures, targets
from training.modelling.calibration import mask_neutral
from training.retraining import gate
from training.retraining.dataset import RetrainDataset
from training.retraining.gate import Check, Verdict

FAIRNESS = ("race", "religion", "nationality", "gender", "orientation")
CASES = 40
"""Of each capability of the behavioural suite: one or more from each of its templates."""
SHORT, LONG = 60, 160
"""Characters: up to the first a text is short, from the second on long."""

Slices = dict[str, tuple[np.ndarray, np.ndarray]]
"""Name to who is right, champion and challenger, bool [rows] each."""


def judge(
    champion: Model,
    challenger: Model,
    material: RetrainDataset,
    rules: GateRules,
    say: Callable,
    shipped: Model | None = None,
) -> tuple[Verdict, dict, np.ndarray]:
    """The verdict on the files that serve and would serve, and of the gate rows the challenger's measures and which it
    answers rightly, bool [rows].

    `shipped`: the version that the product came with, where that is not the champion. What each version in a line may
    lose against the one before it would add up.
    """
    say(f"comparing on {len(material.gate):,} gate rows and {len(material.held)} held-back corrections")
    rows, models = material.gate, (champion, challenger)
    before, after = (probabilities(model, rows) for model in models)
    was_right, is_right = right(before, rows), right(after, rows)
    slices = gate_slices(rows, was_right, is_right, tuple(challenger.experts)) | behaviour_slices(models, material, say)
    held = corrected(material.held)
    said = [probabilities(model, held) for model in models]
    checks = [
        gate.not_worse(was_right, is_right, rules),
        *([gate.not_worse(answered_rightly(shipped, rows), is_right, rules, shipped.version)] if shipped else []),
        *_corrected_checks(said, held, material, rules),
        _learned_before(models, material.known, rules),
        *gate.no_slice_harmed(slices, rules),
        *(gate.unmeasured(*each) for each in material.unmeasured.items()),
    ]
    three = np.array([not is_polar(row) for row in rows])
    verdict = gate.decide(checks, gate.WITHOUT if material.again else gate.WINS)
    return verdict, {"gate": measures(after[three], targets(rows)[three])}, is_right


def _corrected_checks(
    said: list[np.ndarray], held: list[Row], material: RetrainDataset, rules: GateRules
) -> list[Check]:
    """What was corrected: better by the labels and by the probabilities, or no worse where nothing new is learned."""
    labels, groups = [right(each, held) for each in said], material.held_groups
    if material.again:
        return [gate.no_worse(*labels, groups, rules)]
    wanted = targets(held)
    return [
        gate.better(*labels, groups, rules),
        gate.brier_improved(*(gate.temperature_scaled(each, wanted) for each in said), wanted, groups, rules),
    ]


def right(scores: np.ndarray, rows: list[Row]) -> np.ndarray:
    """Which rows the scores [rows, 3] answer rightly, bool [rows]; between two classes where the corpus has no more."""
    return mask_neutral(scores, rows).argmax(axis=1) == targets(rows)


def answered_rightly(model: Model, rows: list[Row]) -> np.ndarray:
    """Which rows a model answers rightly, as `right`."""
    return right(probabilities(model, rows), rows)


def corrected(corrections: list[Correction]) -> list[Row]:
    return [Row(one.text, one.label, "corrections") for one in corrections]


def probabilities(model: Model, rows: list[Row]) -> np.ndarray:
    """[rows, 3], of no rows as well."""
    return model.probabilities([row.text for row in rows]) if rows else np.zeros((0, len(LABELS)))


def _learned_before(models: tuple[Model, Model], learned: list[Correction], rules: GateRules) -> Check:
    reviewed = np.array([one.reviewed for one in learned], dtype=bool)
    rows = corrected(learned)
    return gate.no_forgetting(*(right(probabilities(model, rows), rows) for model in models), reviewed, rules)


def gate_slices(rows: list[Row], was_right: np.ndarray, is_right: np.ndarray, languages: tuple[str, ...]) -> Slices:
    """The gate rows by the expert that reads them, by label, by length and by corpus."""
    read_by = np.array([expert_for(row.text, languages) for row in rows])
    labels, sources = np.array([row.label for row in rows]), np.array([row.source for row in rows])
    length = np.array([len(row.text) for row in rows])
    parts = {f"read in {language}": read_by == language for language in languages}
    parts |= {label: labels == label for label in LABELS}
    parts |= {"short": length <= SHORT, "middling": (length > SHORT) & (length < LONG), "long": length >= LONG}
    parts |= {str(source): sources == source for source in np.unique(sources)}
    return {name: (was_right[part], is_right[part]) for name, part in parts.items() if part.any()}


def behaviour_slices(models: tuple[Model, Model], material: RetrainDataset, say: Callable) -> Slices:
    """Cases of the behavioural suite in the languages that something was learned in: fairness, and all the others."""
    found: Slices = {}
    for language in material.lessons:
        cases = first_cases(language)
        say(f"{language}: comparing on {len(cases)} behaviours")
        passed = [~behaviours.judge(cases, behaviours.score(model, cases)) for model in models]
        fair = np.array([case.capability in FAIRNESS for case in cases])
        found[f"fairness in {language}"] = passed[0][fair], passed[1][fair]
        found[f"behaviours in {language}"] = passed[0][~fair], passed[1][~fair]
    return found


def first_cases(language: str) -> list[Case]:
    """The first CASES of each capability, in their order."""
    by_capability = itertools.groupby(behaviours.cases(language), key=lambda case: case.capability)
    return [case for _, cases in by_capability for case in itertools.islice(cases, CASES)]
