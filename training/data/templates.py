"""Cases and labelled rows filled from templates: the behavioural suite is tested with them, training learns from them.

data/behaviours/<language>.json holds the templates of the suite, which never trains a model;
train-<language>.json holds other templates with other words, for training.
"""

import json
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from product.sentiment import AttuneError
from training.data.readers import DATA
from training.data.rows import Row

FOLDER = DATA / "behaviours"
LANGUAGES = ("en", "zh")
CAPABILITIES = 28
CASES = 240
"""Cases of each capability in the suite."""
VARIANTS = 5
"""Words of one list that are tried in the same slot."""
MAX_REPEATS = 1000
"""A template is used up after this many fillings in a row that occurred before."""
SLOT = re.compile(r"\{([^}]*)\}")


class BadTemplates(AttuneError):
    """A template file cannot be used; the message names file, capability and what is wrong."""


@dataclass(frozen=True)
class Case:
    """One test of the behavioural suite.

    `texts`: one (`label` test); the variants, the original first (`invariance`); before and after (`direction`).
    `label` is empty in an invariance case; `moves` is `up` or `down` in a direction case, else empty. `template` counts
    from 1.
    """

    capability: str
    test: str
    texts: tuple[str, ...]
    label: str
    moves: str
    template: int


def read_templates(name: str) -> dict[str, Any]:
    """The templates in data/behaviours/<name>.json. Raises BadTemplates."""
    path = FOLDER / f"{name}.json"
    try:
        templates: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadTemplates(f"{path}: cannot be read: {error}") from None
    return templates


def training_rows(language: str, per_capability: int, seed: int) -> list[Row]:
    """Labelled rows from the training templates; the texts of one case follow each other.

    About `per_capability` rows of each capability: the last case is kept whole. Templates without a label are skipped.
    """
    templates = read_templates(f"train-{language}")
    rows: list[Row] = []
    for name, capability in templates["capabilities"].items():
        capability["templates"] = [template for template in capability["templates"] if template.get("label")]
        unique: dict[Row, None] = {}  # keeps the order, and a text that two cases share only once
        for case in generate(templates, name, per_capability, f"{language}/{seed}"):
            if len(unique) >= per_capability:
                break
            unique |= dict.fromkeys(Row(text, case.label, f"behaviours-{language}") for text in case.texts)
        rows += unique
    return rows


def generate(templates: dict[str, Any], name: str, count: int, seed: str) -> list[Case]:
    """At most `count` different cases of a capability, one from each template in turn while it has new ones.

    Raises BadTemplates.
    """
    capability = templates["capabilities"][name]
    found: list[Case] = []
    seen: set[frozenset[str]] = set()
    # Each template has its own generator, seeded by its text: adding a template leaves the cases of the others alone.
    generators = [random.Random(f"{seed}/{name}/{_texts(template)[0]}") for template in capability["templates"]]
    live = list(enumerate(zip(capability["templates"], generators, strict=True), start=1))
    while live and len(found) < count:
        for entry in live[: count - len(found)]:
            number, (template, generator) = entry
            texts = _new_filling(template, templates["words"], generator, seen, name)
            if texts is None:
                live.remove(entry)
                continue
            expected = template.get("label", ""), template.get("moves", "")
            found.append(Case(name, capability["test"], texts, *expected, number))
    return found


def _new_filling(
    template: dict[str, Any],
    words: dict[str, list[Any]],
    generator: random.Random,
    seen: set[frozenset[str]],
    name: str,
) -> tuple[str, ...] | None:
    for _ in range(MAX_REPEATS):
        texts = _fill(template, words, generator, name)
        # The same variants in another order are the same case.
        if frozenset(texts) not in seen:
            seen.add(frozenset(texts))
            return texts
    return None


def _texts(template: dict[str, Any]) -> list[str]:
    return template.get("texts") or [template[key] for key in ("text", "then") if key in template]


def _fill(
    template: dict[str, Any], words: dict[str, list[Any]], generator: random.Random, name: str
) -> tuple[str, ...]:
    """The template's texts with a word in every slot; where the slot `vary` has several words, one text for each."""
    texts, vary = _texts(template), template.get("vary", "")
    chosen: dict[str, list[str]] = {}
    for slot in dict.fromkeys(SLOT.findall(" ".join(texts))):
        twin = slot.removesuffix("2") if slot.endswith("2") else f"{slot}2"
        left = [entry for entry in _words(slot, words, name) if entry not in chosen.get(twin, ())]
        chosen[slot] = _choose(left, slot == vary, generator)
        if len(chosen[slot]) < 1 or (len(chosen[slot]) > 1) != (slot == vary):
            raise BadTemplates(
                f"{name}: {{{slot}}} in {texts[0]!r} needs one word, or at least two where `vary` names it"
            )
    variants = range(len(chosen.get(vary, [""])))
    return tuple(_fill_slots(text, chosen, vary, variant) for text in texts for variant in variants)


def _fill_slots(text: str, chosen: dict[str, list[str]], vary: str, variant: int) -> str:
    return SLOT.sub(lambda match: chosen[match[1]][variant if match[1] == vary else 0], text)


def _choose(entries: list[Any], vary: bool, generator: random.Random) -> list[str]:
    """Uses random() alone, the only method whose sequence Python keeps from version to version."""
    left = list(entries)
    picked: list[Any] = []
    # An entry that is a list holds the variants itself; of single words, several are taken.
    count = VARIANTS if vary and left and isinstance(left[0], str) else 1
    while left and len(picked) < count:
        picked.append(left.pop(int(generator.random() * len(left))))
    return picked[0] if picked and isinstance(picked[0], list) else picked


def _words(slot: str, words: dict[str, list[Any]], name: str) -> list[Any]:
    known = slot if slot in words else slot.removesuffix("2")
    if known not in words:
        raise BadTemplates(f"{name}: the slot {{{slot}}} is not known; the known slots are {', '.join(words)}")
    return words[known]


def english_words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return re.findall(r"[a-z]+", text.lower())


def shared_with_suite(language: str, segment: Callable[[str], Iterable[str]]) -> tuple[set[str], set[str]]:
    """(template texts, content words) that the suite and the training templates share: both sets must be empty.

    `segment` splits a text into words. Content words are those outside data/behaviours/function-words-<language>.txt;
    in Chinese, only those with a Chinese character.
    """
    files = [read_templates(language), read_templates(f"train-{language}")]
    suite_texts, training_texts = (
        {text for template in _all_templates(file) for text in _texts(template)} for file in files
    )
    suite_words, training_words = (_vocabulary(file, segment) for file in files)
    function_words = (FOLDER / f"function-words-{language}.txt").read_text(encoding="utf-8").split()
    words = (suite_words & training_words) - set(function_words)
    content = {word for word in words if language != "zh" or re.search(r"[\u4e00-\u9fff]", word)}
    return suite_texts & training_texts, content


def _all_templates(templates: dict[str, Any]) -> list[dict[str, Any]]:
    return [template for capability in templates["capabilities"].values() for template in capability["templates"]]


def _vocabulary(templates: dict[str, Any], segment: Callable[[str], Iterable[str]]) -> set[str]:
    filled = [
        case.texts for name in templates["capabilities"] for case in generate(templates, name, CASES, "vocabulary")
    ]
    listed = [
        entry if isinstance(entry, list) else [entry] for entries in templates["words"].values() for entry in entries
    ]
    return {word for texts in (*filled, *listed) for text in texts for word in segment(text)}
