"""The behavioural suite: cases that a careful reader labels without doubt, and which of them a model fails.

After CheckList (Ribeiro et al. 2020). A `label` case has one correct label. All texts of an `invariance` case must get
the same label. In a `direction` case a probability must not move the wrong way. The suite is generated from
data/behaviours/<language>.json, which trains nothing; train-<language>.json has other templates, for training.
"""

import hashlib
import json
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np

from product.progress import report
from product.sentiment import LABELS
from training.data.templates import CASES, FOLDER, LANGUAGES, BadTemplates, Case, generate, read_templates

MIN_CASES, MIN_TEMPLATES = 200, 10
"""Of each capability."""
TOLERANCE = 0.1
"""Changes of a probability up to this much are no failure, as in CheckList."""
ROUNDING = 1e-9  # 0.8 - 0.7 is slightly more than 0.1 in floating point


def cases(language: str) -> list[Case]:
    """The suite, identical on every machine: CASES different cases per capability, from its templates in turn.

    Raises BadTemplates for a capability that has an unknown slot, too few templates or too few cases.
    """
    suite, found = read_templates(language), []
    for name, capability in suite["capabilities"].items():
        templates, generated = len(capability["templates"]), generate(suite, name, CASES, seed=language)
        if templates < MIN_TEMPLATES:
            raise BadTemplates(f"{language}.json: {name}: {templates} templates; at least {MIN_TEMPLATES} are needed")
        if len(generated) < MIN_CASES:
            raise BadTemplates(
                f"{language}.json: {name}: only {len(generated)} different cases; at least {MIN_CASES} are needed"
            )
        found += generated
    return found


def select(language: str, capability: str) -> dict[str, list[Case]]:
    """Cases by language; an empty language or capability selects all. Raises BadTemplates for an unknown one."""
    if language not in ("", *LANGUAGES):
        raise BadTemplates(f"language {language!r} has no suite; choose one of {', '.join(LANGUAGES)}")
    chosen = {name: cases(name) for name in LANGUAGES if language in ("", name)}
    known = dict.fromkeys(case.capability for suite in chosen.values() for case in suite)
    if capability not in ("", *known):
        raise BadTemplates(f"capability {capability!r} is unknown; choose one of {', '.join(known)}")
    return {name: [case for case in suite if capability in ("", case.capability)] for name, suite in chosen.items()}


def digest() -> str:
    """SHA-256, in hex, of all cases of both languages. Reports can be compared if it is the same."""
    content = [asdict(case) for language in LANGUAGES for case in cases(language)]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def committed_digest() -> str:
    """The digest in the repository, which changes only when the suite is changed on purpose."""
    return (FOLDER / "suite.sha256").read_text(encoding="utf-8").strip()


class Scorer(Protocol):
    """Gives probabilities, float [texts, 3]."""

    def probabilities(self, texts: list[str]) -> np.ndarray: ...


def score(model: Scorer, cases: list[Case]) -> list[np.ndarray]:
    """Probabilities [texts, 3] for each case; a text that several cases share is scored once."""
    scores: dict[str, np.ndarray] = {}
    capabilities = list(dict.fromkeys(case.capability for case in cases))
    for index, name in enumerate(capabilities):
        report("behavioural suite", index, len(capabilities))
        texts = dict.fromkeys(text for case in cases if case.capability == name for text in case.texts)
        new = [text for text in texts if text not in scores]
        scores |= zip(new, model.probabilities(new), strict=True) if new else {}
    report("behavioural suite", len(capabilities), len(capabilities))
    return [np.array([scores[text] for text in case.texts]) for case in cases]


def failed_cases(cases: list[Case], scores: list[np.ndarray]) -> np.ndarray:
    """Which cases fail, bool [cases]; `scores` as `score` returns them."""
    rules = {"label": _wrong_label, "invariance": _label_varies, "direction": _wrong_direction}
    pairs = zip(cases, scores, strict=True)
    return np.array([rules[case.test](case, case_scores) for case, case_scores in pairs], dtype=bool)


def _wrong_label(case: Case, scores: np.ndarray) -> bool:
    return bool(scores[0].argmax() != LABELS.index(case.label))


def _label_varies(case: Case, scores: np.ndarray) -> bool:
    """Whether a variant gets another label while the probability of the first text's label changes clearly."""
    label = scores[0].argmax()
    changed = np.abs(scores[:, label] - scores[0, label]) > TOLERANCE + ROUNDING
    return bool(((scores.argmax(axis=1) != label) & changed).any())


def _wrong_direction(case: Case, scores: np.ndarray) -> bool:
    before, after = scores[:, LABELS.index(case.label)]
    wrong = before - after if case.moves == "up" else after - before
    return bool(wrong > TOLERANCE + ROUNDING)


def summarise(cases: list[Case], failures: np.ndarray) -> dict[str, Any]:
    """Cases, failures and rate by capability, with the `mean` and `worst` of the rates; capabilities weigh the same."""
    by_capability: dict[str, list[bool]] = {}
    for case, failed in zip(cases, failures, strict=True):
        by_capability.setdefault(case.capability, []).append(bool(failed))
    table = {
        name: {"cases": len(failed), "failures": sum(failed), "rate": sum(failed) / len(failed)}
        for name, failed in by_capability.items()
    }
    rates = [part["rate"] for part in table.values()]
    return table | {"mean": sum(rates) / len(rates), "worst": max(rates)}


def measure(model: Scorer, language: str) -> dict[str, Any]:
    """`summarise` for the whole suite of a language."""
    suite = cases(language)
    return summarise(suite, failed_cases(suite, score(model, suite)))
