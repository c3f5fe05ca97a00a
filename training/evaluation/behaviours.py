"""The behavioural suite: what a careful reader takes for granted, as cases filled from templates, and who fails them.

After CheckList (Ribeiro et al., 2020): a `label` case has one right answer, the texts of an `invariance` case must get
the same one, and in a `direction` case a score may not move the wrong way. data/behaviours/<language>.json is the suite
and trains nothing; train-<language>.json has other templates with other words, for training.
"""

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

import numpy as np

from product.inference.model import Model
from product.sentiment import LABELS, AttuneError
from training.data.catalogue import DATA, Row

FOLDER = DATA / "behaviours"
LANGUAGES = ("en", "zh")
CAPABILITIES = 28
CASES, LEAST_CASES, LEAST_TEMPLATES = 240, 200, 10  # of a capability
VARIANTS = 5  # words of one list tried in one place
MOVE = 0.1  # CheckList's: a smaller change of a probability is no failure
ROUNDING = 1e-9  # 0.8 - 0.7 is a little more than 0.1 in floating point
TRIES = 1000  # fillings in a row that were there already, before a template counts as used up
SLOT = re.compile(r"\{([^}]*)\}")


class BadSuite(AttuneError):
    """A file of templates cannot be used; the message names file, capability and what is wrong."""


@dataclass(frozen=True)
class Case:
    """One test. texts: one (`label`); variants, the plain one first (`invariance`); before and after (`direction`)."""

    capability: str
    test: str
    texts: tuple[str, ...]
    label: str  # empty where only sameness is asked
    moves: str  # up or down in a direction case, else empty
    template: int  # from 1


def cases(language: str) -> list[Case]:
    """The suite, the same everywhere: CASES different cases a capability, taken in turn from its templates.

    Raises BadSuite naming the capability that has an unknown slot, too few templates or too few cases.
    """
    suite, found = _read(language), []
    for name, capability in suite["capabilities"].items():
        templates, made = len(capability["templates"]), _generate(suite, name, CASES, seed=language)
        if templates < LEAST_TEMPLATES:
            raise BadSuite(f"{language}.json: {name}: {templates} templates; {LEAST_TEMPLATES} are the least")
        if len(made) < LEAST_CASES:
            raise BadSuite(f"{language}.json: {name}: only {len(made)} different cases; {LEAST_CASES} are the least")
        found += made
    return found


def select(language: str, capability: str) -> dict[str, list[Case]]:
    """Language → its cases; an empty name means all. Raises BadSuite naming what there is."""
    if language not in ("", *LANGUAGES):
        raise BadSuite(f"language {language!r} has no suite; there are {', '.join(LANGUAGES)}")
    chosen = {name: cases(name) for name in LANGUAGES if language in ("", name)}
    known = dict.fromkeys(case.capability for suite in chosen.values() for case in suite)
    if capability not in ("", *known):
        raise BadSuite(f"capability {capability!r} is not known; known are {', '.join(known)}")
    return {name: [case for case in suite if capability in ("", case.capability)] for name, suite in chosen.items()}


def digest() -> str:
    """SHA-256, in hex, of every case of both languages: two reports may be compared where it is the same."""
    content = [asdict(case) for language in LANGUAGES for case in cases(language)]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def committed_digest() -> str:
    return (FOLDER / "suite.sha256").read_text(encoding="utf-8").strip()


def _read(name: str) -> dict:
    path = FOLDER / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadSuite(f"{path}: cannot be read: {error}") from None


def _generate(suite: dict, name: str, count: int, seed: str) -> list[Case]:
    """At most `count` different cases of a capability, one from each template in turn while it has new ones."""
    capability, found, seen = suite["capabilities"][name], [], set()
    # A template's own generator, seeded by its text: what is added beside it leaves its cases as they were.
    rngs = [random.Random(f"{seed}/{name}/{_texts(template)[0]}") for template in capability["templates"]]
    live = list(enumerate(zip(capability["templates"], rngs, strict=True), start=1))
    while live and len(found) < count:
        for entry in live[: count - len(found)]:
            number, (template, rng) = entry
            texts = _new_filling(template, suite["words"], rng, seen, name)
            if texts is None:
                live.remove(entry)
                continue
            asked = template.get("label", ""), template.get("moves", "")
            found.append(Case(name, capability["test"], texts, *asked, number))
    return found


def _new_filling(template: dict, words: dict, rng: random.Random, seen: set, name: str) -> tuple[str, ...] | None:
    for _ in range(TRIES):
        texts = _fill(template, words, rng, name)
        # The same variants in another order are the same case.
        if frozenset(texts) not in seen:
            seen.add(frozenset(texts))
            return texts
    return None


def _texts(template: dict) -> list[str]:
    return template.get("texts") or [template[key] for key in ("text", "then") if key in template]


def _fill(template: dict, words: dict, rng: random.Random, name: str) -> tuple[str, ...]:
    """The template's texts with a word in every slot; where `vary` has several, that many texts."""
    texts, vary = _texts(template), template.get("vary", "")
    chosen: dict[str, list[str]] = {}
    for slot in dict.fromkeys(SLOT.findall(" ".join(texts))):
        twin = slot.removesuffix("2") if slot.endswith("2") else f"{slot}2"
        left = [entry for entry in _words(slot, words, name) if entry not in chosen.get(twin, ())]
        chosen[slot] = _choose(left, slot == vary, rng)
        if len(chosen[slot]) < 1 or (len(chosen[slot]) > 1) != (slot == vary):
            raise BadSuite(f"{name}: {{{slot}}} in {texts[0]!r} needs one word, or where it is varied at least two")
    return tuple(
        SLOT.sub(lambda slot, place=place: chosen[slot[1]][place if slot[1] == vary else 0], text)
        for text in texts
        for place in range(len(chosen.get(vary, [""])))
    )


def _choose(entries: list, vary: bool, rng: random.Random) -> list[str]:
    """By random() alone: the one method whose sequence Python keeps from version to version."""
    left, picked = list(entries), []
    # An entry that is a list is itself the variants; of single words several are taken.
    wanted = VARIANTS if vary and left and isinstance(left[0], str) else 1
    while left and len(picked) < wanted:
        picked.append(left.pop(int(rng.random() * len(left))))
    return picked[0] if picked and isinstance(picked[0], list) else picked


def _words(slot: str, words: dict, name: str) -> list:
    known = slot if slot in words else slot.removesuffix("2")
    if known not in words:
        raise BadSuite(f"{name}: the slot {{{slot}}} is not known; known are {', '.join(words)}")
    return words[known]


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


def score(model: Model, cases: list[Case], say: Callable[[str], None] = lambda message: None) -> list[np.ndarray]:
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


def training_rows(language: str, per_capability: int, seed: int) -> list[Row]:
    """Labelled rows from the training templates; the texts of one case stand together.

    About `per_capability` rows of each capability: the last case is not cut. A template without a label gives none.
    """
    suite, rows = _read(f"train-{language}"), []
    for name, capability in suite["capabilities"].items():
        capability["templates"] = [template for template in capability["templates"] if template.get("label")]
        group: dict[Row, None] = {}  # in order, and a text that two cases share but once
        for case in _generate(suite, name, per_capability, f"{language}/{seed}"):
            if len(group) >= per_capability:
                break
            group |= dict.fromkeys(Row(text, case.label, f"behaviours-{language}") for text in case.texts)
        rows += group
    return rows


def english_words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def in_common(language: str, segment: Callable[[str], Iterable[str]]) -> tuple[set[str], set[str]]:
    """(template texts, content words) that the suite and the training templates both have: there must be none.

    segment: a text to its words. Content words are those outside data/behaviours/function-words-<language>.txt; in
    Chinese only those with a Chinese character.
    """
    files = [_read(language), _read(f"train-{language}")]
    suite, training = ({text for template in _templates(file) for text in _texts(template)} for file in files)
    known, seen = (_vocabulary(file, segment) for file in files)
    words = (known & seen) - set((FOLDER / f"function-words-{language}.txt").read_text(encoding="utf-8").split())
    return suite & training, {word for word in words if language != "zh" or re.search(r"[\u4e00-\u9fff]", word)}


def _templates(suite: dict) -> list[dict]:
    return [template for capability in suite["capabilities"].values() for template in capability["templates"]]


def _vocabulary(suite: dict, segment: Callable[[str], Iterable[str]]) -> set[str]:
    filled = (case.texts for name in suite["capabilities"] for case in _generate(suite, name, CASES, "vocabulary"))
    listed = (entry if isinstance(entry, list) else [entry] for entries in suite["words"].values() for entry in entries)
    return {word for texts in (*filled, *listed) for text in texts for word in segment(text)}
