"""Draw cases of a capability from its families in turn, until all are exhausted."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from training.data import catalogue
from training.data.generation import composition
from training.data.generation.composition import Parts, parts
from training.data.generation.templates import FOLDER, Case

CASES = 160
"""Composed cases of each capability; capabilities with few parts have fewer."""
MAX_REPEATS = 60
"""A family counts as exhausted after this many messages in a row that repeat earlier cases."""


@cache
def forms() -> dict[str, Any]:
    """What stands around or beside parts: threads, notices, HTML, emoji, emoticons and ratings."""
    found: dict[str, Any] = json.loads((FOLDER / "forms.json").read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class Family:
    """One way to make a message of a capability; `compose` draws its text from parts."""

    name: str
    label: str
    compose: Callable[[Parts], str]


@cache
def unseen_parts(language: str) -> dict[str, list[str]]:
    """The test parts by category, without the short ones that other sets happen to have too ("Refund received")."""
    rows = catalogue.load(f"replay-{language}", "train", "") + catalogue.load(f"desk-{language}", "test", "")
    seen = {letters(row.text) for row in rows}
    seen |= {letters(text) for points in range(1, 6) for text in composition.ratings(points, language == "zh")}
    for split in ("train", "validation", "gate"):
        seen |= {letters(text) for texts in parts(language, split).values() for text in texts}
    return {
        name: [text for text in texts if letters(text) not in seen] for name, texts in parts(language, "test").items()
    }


def letters(text: str) -> str:
    """The letters and digits of a text in lower case; of a text without any, its symbols."""
    return "".join(filter(str.isalnum, text.casefold())) or text.strip()


def draw(language: str, capability: str, families: list[Family], count: int = CASES) -> list[Case]:
    """At most `count` different cases, from the families in turn. The same on every machine.

    Each family has its own generator, seeded by its name: adding a family leaves the cases of the others alone.
    """
    lists = unseen_parts(language)
    found: list[Case] = []
    seen: set[str] = set()
    live = [
        (number, family, Parts(lists, language == "zh", random.Random(f"{language}/{capability}/{family.name}")))
        for number, family in enumerate(families, start=1)
    ]
    while live and len(found) < count:
        for entry in live[: count - len(found)]:
            number, family, drawer = entry
            text = _new_text(family, drawer, seen)
            if text:
                found.append(Case(capability, "label", (text,), family.label, "", number, family.name))
            else:
                live.remove(entry)
    return found


def _new_text(family: Family, drawer: Parts, seen: set[str]) -> str:
    for _ in range(MAX_REPEATS):
        text = family.compose(drawer)
        if text not in seen:
            seen.add(text)
            return text
    return ""
