"""Fill templates with words: as cases of the behavioural suite, and as labelled rows for training.

data/behaviours/<language>.json has the templates of the suite, which never trains a model; train-<language>.json has
other templates with other words, for training.
"""

import json
import random
import re
from dataclasses import dataclass
from typing import Any

from product.sentiment import AttuneError
from training.data.readers import DATA
from training.data.rows import Row

FOLDER = DATA / "behaviours"
LANGUAGES = ("en", "zh")
CAPABILITIES = 39
"""Capabilities in the training templates of a language."""
CASES = 240
"""Cases of each capability in the suite."""
VARIANTS = 5
"""Words of a list that fill the same slot in turn, in a case that varies this slot."""
MAX_REPEATS = 1000
"""A template counts as exhausted after this many fillings in a row that repeat earlier cases."""
SLOT = re.compile(r"\{([^}]*)\}")


class BadTemplates(AttuneError):
    """A template file cannot be used; the message names file and capability, and says what is wrong."""


@dataclass(frozen=True)
class Case:
    """One test of the behavioural suite.

    `texts`: a single text (`label` test); the variants, the original first (`invariance`, `pair`); before and after
    (`direction`). `label` is empty in an invariance or pair case. `moves` is `up` or `down` in a direction case, else
    empty. `template` is the number of the template or family, from 1, and `family` its text or name.
    """

    capability: str
    test: str
    texts: tuple[str, ...]
    label: str
    moves: str
    template: int
    family: str


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

    Each capability has about `per_capability` rows, because its last case is not cut. Templates without a label are
    skipped. Raises BadTemplates.
    """
    templates = read_templates(f"train-{language}")
    rows: list[Row] = []
    for name, capability in templates["capabilities"].items():
        capability["templates"] = [template for template in capability["templates"] if template.get("label")]
        unique: dict[Row, None] = {}  # in their order; a text that two cases share is added once
        for case in generate(templates, name, per_capability, f"{language}/{seed}"):
            if len(unique) >= per_capability:
                break
            unique |= dict.fromkeys(Row(text, case.label, f"behaviours-{language}") for text in case.texts)
        rows += unique
    return rows


def generate(templates: dict[str, Any], name: str, count: int, seed: str) -> list[Case]:
    """At most `count` different cases of a capability, taken from its templates in turn until they are exhausted.

    Raises BadTemplates.
    """
    capability = templates["capabilities"][name]
    found: list[Case] = []
    seen: set[frozenset[str]] = set()
    variants = {"variants": 2} if capability["test"] == "pair" else {}
    # Each template has its own generator, seeded by its text: adding a template leaves the cases of the others alone.
    generators = [random.Random(f"{seed}/{name}/{template_texts(template)[0]}") for template in capability["templates"]]
    live = list(enumerate(zip(capability["templates"], generators, strict=True), start=1))
    while live and len(found) < count:
        for entry in live[: count - len(found)]:
            number, (template, generator) = entry
            texts = _new_filling(template | variants, templates["words"], generator, seen, name)
            if texts is None:
                live.remove(entry)
                continue
            expected = template.get("label", ""), template.get("moves", "")
            found.append(Case(name, capability["test"], texts, *expected, number, template_texts(template)[0]))
    return found


def _new_filling(
    template: dict[str, Any],
    words: dict[str, list[Any]],
    generator: random.Random,
    seen: set[frozenset[str]],
    name: str,
) -> tuple[str, ...] | None:
    """The texts of a case that is not in `seen`, and is added to it; None if the template is exhausted."""
    for _ in range(MAX_REPEATS):
        texts = _fill(template, words, generator, name)
        # The same variants in another order are the same case.
        if frozenset(texts) not in seen:
            seen.add(frozenset(texts))
            return texts
    return None


def template_texts(template: dict[str, Any]) -> list[str]:
    """The texts of a template, with their slots."""
    return template.get("texts") or [template[key] for key in ("text", "then") if key in template]


def _fill(
    template: dict[str, Any], words: dict[str, list[Any]], generator: random.Random, name: str
) -> tuple[str, ...]:
    """The texts of a template with a word in every slot, and for each word of the slot `vary` a variant of them.

    A slot and its second, such as `city` and `city2`, get different words. Raises BadTemplates.
    """
    texts, vary = template_texts(template), template.get("vary", "")
    chosen: dict[str, list[str]] = {}
    for slot in dict.fromkeys(SLOT.findall(" ".join(texts))):
        twin = slot.removesuffix("2") if slot.endswith("2") else f"{slot}2"
        left = [entry for entry in _words(slot, words, name) if entry not in chosen.get(twin, ())]
        chosen[slot] = _choose(left, template.get("variants", VARIANTS) if slot == vary else 1, generator)
        if len(chosen[slot]) < 1 or (len(chosen[slot]) > 1) != (slot == vary):
            raise BadTemplates(
                f"{name}: {{{slot}}} in {texts[0]!r} needs one word, or at least two where `vary` names it"
            )
    variants = range(len(chosen.get(vary, [""])))
    return tuple(_fill_slots(text, chosen, vary, variant) for text in texts for variant in variants)


def _fill_slots(text: str, chosen: dict[str, list[str]], vary: str, variant: int) -> str:
    return SLOT.sub(lambda match: chosen[match[1]][variant if match[1] == vary else 0], text)


def _choose(entries: list[Any], count: int, generator: random.Random) -> list[str]:
    """The words for a slot: one, or `count` variants.

    Draws with random() alone, the only method whose sequence is the same in every Python version.
    """
    left = list(entries)
    picked: list[Any] = []
    if left and not isinstance(left[0], str):
        count = 1  # an entry that is a list is a set of variants
    while left and len(picked) < count:
        picked.append(left.pop(int(generator.random() * len(left))))
    return picked[0] if picked and isinstance(picked[0], list) else picked


def _words(slot: str, words: dict[str, list[Any]], name: str) -> list[Any]:
    known = slot if slot in words else slot.removesuffix("2")
    if known not in words:
        raise BadTemplates(f"{name}: the slot {{{slot}}} is not known; the known slots are {', '.join(words)}")
    return words[known]
