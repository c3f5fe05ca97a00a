"""The behavioural suite: cases whose correct result is beyond doubt, and the rules by which a model fails them.

After Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList". A `label` case has one
correct label. All texts of an `invariance` case must get the same label, unless it is a close decision; both texts of a
`pair`, in which only an attribute of a person differs, must get the same label always. In a `direction` case a
probability must not move the wrong way.

Cases are generated from data/behaviours/<language>.json, and composed of parts by another hand, which are in
data/composed/test-<language>.json. Neither is ever used for training; train-<language>.json and <language>.json are.
"""

import hashlib
import json
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np

from product.inference.prediction import as_read
from product.progress import report
from product.sentiment import LABELS
from training.data.generation.kinds.suite import composed_cases
from training.data.generation.templates import CASES, FOLDER, LANGUAGES, BadTemplates, Case, generate, read_templates

MIN_CASES, MIN_TEMPLATES = 200, 10
"""Minimum for each capability that is generated from templates."""
ATTRIBUTES = (
    "nationality",
    "religion",
    "race",
    "orientation",
    "gender",
    "age",
    "disability",
    "job",
    "first-name",
    "last-name",
)
FAIRNESS = (
    *("race", "religion", "nationality", "gender", "orientation"),
    *(f"attribute-{attribute}" for attribute in ATTRIBUTES),
)
"""Capabilities that vary what a person is or is called."""
TOLERANCE = 0.1
"""A change of a probability by at most this much is not a failure, as in CheckList."""
ROUNDING = 1e-9  # 0.8 - 0.7 is slightly more than 0.1 in floating point


def cases(language: str) -> list[Case]:
    """The suite, identical on every machine: CASES different cases of each capability that has templates, from its
    templates in turn, and the composed cases.

    Raises BadTemplates for a capability that has an unknown slot, too few templates or too few cases.
    """
    return template_cases(language) + composed_cases(language)


def template_cases(language: str) -> list[Case]:
    """The cases that are generated from templates. Raises BadTemplates, as `cases` does."""
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
    """Cases by language; an empty language or capability selects all. Raises BadTemplates if either is unknown."""
    if language not in ("", *LANGUAGES):
        raise BadTemplates(f"language {language!r} has no suite; choose one of {', '.join(LANGUAGES)}")
    chosen = {name: cases(name) for name in LANGUAGES if language in ("", name)}
    known = dict.fromkeys(case.capability for suite in chosen.values() for case in suite)
    if capability not in ("", *known):
        raise BadTemplates(f"capability {capability!r} is unknown; choose one of {', '.join(known)}")
    return {name: [case for case in suite if capability in ("", case.capability)] for name, suite in chosen.items()}


def digest() -> str:
    """SHA-256, in hex, of all cases of both languages. Only results with the same digest can be compared."""
    content = [asdict(case) for language in LANGUAGES for case in cases(language)]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def committed_digest() -> str:
    """The digest in the repository, which changes only when the suite is changed on purpose."""
    return (FOLDER / "suite.sha256").read_text(encoding="utf-8").strip()


class Scorer(Protocol):
    """Anything that returns probabilities, float [texts, 3]."""

    def probabilities(self, texts: list[str]) -> np.ndarray: ...


def score(model: Scorer, cases: list[Case]) -> list[np.ndarray]:
    """Probabilities [texts, 3] for each case; a text that several cases share is scored once."""
    read = {text: as_served(text) for case in cases for text in case.texts}
    scores: dict[str, np.ndarray] = {}
    capabilities = list(dict.fromkeys(case.capability for case in cases))
    for index, name in enumerate(capabilities):
        report("behavioural suite", index, len(capabilities))
        texts = dict.fromkeys(read[text] for case in cases if case.capability == name for text in case.texts)
        new = [text for text in texts if text not in scores]
        scores |= zip(new, model.probabilities(new), strict=True) if new else {}
    report("behavioural suite", len(capabilities), len(capabilities))
    return [np.array([scores[read[text]] for text in case.texts]) for case in cases]


def as_served(text: str) -> str:
    """What a model gets to read of a message: what the customer wrote, without personal identifiers."""
    return as_read(text).text


def failed_cases(cases: list[Case], scores: list[np.ndarray]) -> np.ndarray:
    """True for each failed case, bool [cases]; `scores` as `score` returns them."""
    rules = {
        "label": _wrong_label,
        "invariance": _label_varies,
        "pair": _label_changes,
        "direction": _wrong_direction,
    }
    pairs = zip(cases, scores, strict=True)
    return np.array([rules[case.test](case, case_scores) for case, case_scores in pairs], dtype=bool)


def _wrong_label(case: Case, scores: np.ndarray) -> bool:
    return bool(scores[0].argmax() != LABELS.index(case.label))


def _label_varies(case: Case, scores: np.ndarray) -> bool:
    """Whether a variant gets another label, and the probability of the first text's label differs by over TOLERANCE."""
    label = scores[0].argmax()
    changed = np.abs(scores[:, label] - scores[0, label]) > TOLERANCE + ROUNDING
    return bool(((scores.argmax(axis=1) != label) & changed).any())


def _label_changes(case: Case, scores: np.ndarray) -> bool:
    return bool((scores.argmax(axis=1) != scores[0].argmax()).any())


def _wrong_direction(case: Case, scores: np.ndarray) -> bool:
    before, after = scores[:, LABELS.index(case.label)]
    wrong = before - after if case.moves == "up" else after - before
    return bool(wrong > TOLERANCE + ROUNDING)


def summarise(cases: list[Case], failures: np.ndarray) -> dict[str, Any]:
    """Cases, failures, failure rate (0 to 1) and the family that fails most often, by capability; and the `mean` and
    `worst` rate over capabilities, with the name of the `worst_capability`."""
    by_capability: dict[str, list[tuple[str, bool]]] = {}
    for case, failed in zip(cases, failures, strict=True):
        by_capability.setdefault(case.capability, []).append((case.family, bool(failed)))
    table: dict[str, Any] = {
        name: _rate([failed for _, failed in results]) | {"worst_family": _worst_family(results)}
        for name, results in by_capability.items()
    }
    rates = {name: part["rate"] for name, part in table.items()}
    worst = max(rates, key=lambda name: rates[name])
    return table | {"mean": sum(rates.values()) / len(rates), "worst": rates[worst], "worst_capability": worst}


def _rate(failed: list[bool]) -> dict[str, Any]:
    return {"cases": len(failed), "failures": sum(failed), "rate": sum(failed) / len(failed)}


def _worst_family(results: list[tuple[str, bool]]) -> dict[str, Any] | None:
    """The family with the highest failure rate, the first of several; None if no case fails."""
    families = dict.fromkeys(family for family, _ in results)
    rates = [{"family": family} | _rate([failed for name, failed in results if name == family]) for family in families]
    worst = max(rates, key=lambda rate: rate["rate"])
    return worst if worst["rate"] else None


def measure(model: Scorer, language: str) -> dict[str, Any]:
    """`summarise` for the whole suite of a language."""
    suite = cases(language)
    return summarise(suite, failed_cases(suite, score(model, suite)))
