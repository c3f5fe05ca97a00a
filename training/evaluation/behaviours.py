"""The behavioural suite: what a careful reader takes for granted, as cases filled from templates, and who fails them.

After CheckList (Ribeiro et al., 2020): a `label` case has one right answer, the texts of an `invariance` case must get
the same one, and in a `direction` case a score may not move the wrong way. data/behaviours/<language>.json is the suite
and trains nothing; train-<language>.json has other templates with other words, for training.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Protocol

import numpy as np

from product.inference.model import Model
from product.sentiment import LABELS
from training.data.templates import CASES, FOLDER, LANGUAGES, BadTemplates, Case, generate, read_templates

LEAST_CASES, LEAST_TEMPLATES = 200, 10  # of a capability
MOVE = 0.1  # CheckList's: a smaller change of a probability is no failure
ROUNDING = 1e-9  # 0.8 - 0.7 is a little more than 0.1 in floating point


def cases(language: str) -> list[Case]:
    """The suite, the same everywhere: CASES different cases a capability, taken in turn from its templates.

    Raises BadTemplates naming the capability that has an unknown slot, too few templates or too few cases.
    """
    suite, found = read_templates(language), []
    for name, capability in suite["capabilities"].items():
        templates, made = len(capability["templates"]), generate(suite, name, CASES, seed=language)
        if templates < LEAST_TEMPLATES:
            raise BadTemplates(f"{language}.json: {name}: {templates} templates; {LEAST_TEMPLATES} are the least")
        if len(made) < LEAST_CASES:
            raise BadTemplates(
                f"{language}.json: {name}: only {len(made)} different cases; {LEAST_CASES} are the least"
            )
        found += made
    return found


def select(language: str, capability: str) -> dict[str, list[Case]]:
    """Language → its cases; an empty name means all. Raises BadTemplates naming what there is."""
    if language not in ("", *LANGUAGES):
        raise BadTemplates(f"language {language!r} has no suite; there are {', '.join(LANGUAGES)}")
    chosen = {name: cases(name) for name in LANGUAGES if language in ("", name)}
    known = dict.fromkeys(case.capability for suite in chosen.values() for case in suite)
    if capability not in ("", *known):
        raise BadTemplates(f"capability {capability!r} is not known; known are {', '.join(known)}")
    return {name: [case for case in suite if capability in ("", case.capability)] for name, suite in chosen.items()}


def digest() -> str:
    """SHA-256, in hex, of every case of both languages: two reports may be compared where it is the same."""
    content = [asdict(case) for language in LANGUAGES for case in cases(language)]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def committed_digest() -> str:
    return (FOLDER / "suite.sha256").read_text(encoding="utf-8").strip()


def judge(cases: list[Case], scores: list[np.ndarray]) -> np.ndarray:
    """Which cases fail, bool [cases]; scores: for each case the probabilities of its texts, [texts, 3]."""
    rules = {"label": _wrong_label, "invariance": _varies, "direction": _wrong_way}
    return np.array([rules[case.test](case, rows) for case, rows in zip(cases, scores, strict=True)], dtype=bool)


def _wrong_label(case: Case, rows: np.ndarray) -> bool:
    return bool(rows[0].argmax() != LABELS.index(case.label))


def _varies(case: Case, rows: np.ndarray) -> bool:
    """A variant has another label, and not by a hair: the first one's label has moved as well."""
    first = rows[0].argmax()
    moved = np.abs(rows[:, first] - rows[0, first]) > MOVE + ROUNDING
    return bool(((rows.argmax(axis=1) != first) & moved).any())


def _wrong_way(case: Case, rows: np.ndarray) -> bool:
    before, after = rows[:, LABELS.index(case.label)]
    wrong = before - after if case.moves == "up" else after - before
    return bool(wrong > MOVE + ROUNDING)


class Scorer(Protocol):
    """Gives probabilities, float [texts, 3]."""

    def probabilities(self, texts: list[str]) -> np.ndarray: ...


def score(model: Scorer, cases: list[Case], say: Callable[[str], None] = lambda message: None) -> list[np.ndarray]:
    """For each case [texts, 3], in its order; a text that several cases share is read once."""
    known: dict[str, np.ndarray] = {}
    for name in dict.fromkeys(case.capability for case in cases):
        texts = dict.fromkeys(text for case in cases if case.capability == name for text in case.texts)
        new = [text for text in texts if text not in known]
        say(f"{name}: reading {len(new):,} texts")
        known |= zip(new, model.probabilities(new), strict=True) if new else {}
    return [np.array([known[text] for text in case.texts]) for case in cases]


def summarise(cases: list[Case], failures: np.ndarray) -> dict:
    """Capability → cases, failures, rate; with `mean` and `worst` of the rates, every capability counting the same."""
    by_name: dict[str, list[bool]] = {}
    for case, failed in zip(cases, failures, strict=True):
        by_name.setdefault(case.capability, []).append(bool(failed))
    rates = {name: sum(each) / len(each) for name, each in by_name.items()}
    table = {name: {"cases": len(each), "failures": sum(each), "rate": rates[name]} for name, each in by_name.items()}
    return table | {"mean": sum(rates.values()) / len(rates), "worst": max(rates.values())}


def measure(model: Model, language: str) -> dict:
    """`summarise` for the whole suite of a language."""
    suite = cases(language)
    return summarise(suite, judge(suite, score(model, suite)))
