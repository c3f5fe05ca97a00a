"""Which tool tells the language of short messages best: the first table of python -m benchmarks.languages

Measured on data/languages: its `dev` messages chose the product's thresholds, its `test` messages did not. lingua and
py3langid are no dependencies of the product: `pip install lingua-language-detector py3langid` adds their rows.
"""

import csv
import importlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from rich.table import Table

from product.inference.text.identification import knowledge
from product.inference.text.language import HAN, LATIN, detect_language
from training.data.readers import DATA

LANGUAGES = DATA / "languages"
READ = ("en", "zh")
"""The languages that the experts have learned."""
NO_WORDS = "und"
SPLITS = ("dev", "test")
ROUNDS = 5
CHINESE = {"yue": "zh", "wuu": "zh", "zh-tw": "zh"}
"""Names of some tools for variants of Chinese."""
Tool = Callable[[str], str]
"""Returns the ISO 639-1 code of a text's language."""


@dataclass(frozen=True)
class Message:
    text: str
    language: str
    split: str


@dataclass(frozen=True)
class Errors:
    """Counts on one split: `refused` English and Chinese messages called another language, `missed` messages in other
    languages called English or Chinese, and `renamed` ones that got a wrong code of another language."""

    readable: int
    refused: int
    others: int
    missed: int
    renamed: int


def messages() -> list[Message]:
    """The messages with words."""
    found = []
    for path in sorted(LANGUAGES.glob("*.csv")):
        if path.stem != NO_WORDS:
            with path.open(encoding="utf-8", newline="") as stream:
                found += [Message(row["text"], path.stem, row["split"]) for row in csv.DictReader(stream)]
    return found


def errors(tool: Tool, rows: list[Message]) -> Errors:
    answers = [(row.language, tool(row.text)) for row in rows]
    readable = [answer for language, answer in answers if language in READ]
    others = [(language, answer) for language, answer in answers if language not in READ]
    missed = sum(answer in READ for _, answer in others)
    right = sum(language == answer for language, answer in others)
    refused = sum(answer not in READ for answer in readable)
    return Errors(len(readable), refused, len(others), missed, len(others) - missed - right)


def by_script(text: str) -> str:
    """What an earlier rule did: a third Chinese letters, or half Latin ones."""
    letters = [character for character in text if character.isalpha()]
    if 3 * len(HAN.findall(text)) >= max(1, len(letters)):
        return "zh"
    return "en" if 2 * len(LATIN.findall(text)) >= len(letters) else "und"


def fasttext(text: str) -> str:
    """fastText's small model alone."""
    found = knowledge().model.detect(text.lower(), k=1)
    return CHINESE.get(found[0]["lang"], found[0]["lang"])


def lingua(languages: set[str], low_accuracy: bool) -> Tool:
    """lingua, limited to the languages that occur."""
    library: Any = importlib.import_module("lingua")
    codes = [getattr(library.IsoCode639_1, code.upper()) for code in sorted(languages)]
    builder = library.LanguageDetectorBuilder.from_iso_codes_639_1(*codes)
    builder = builder.with_low_accuracy_mode() if low_accuracy else builder
    detector = builder.with_preloaded_language_models().build()

    def identify(text: str) -> str:
        found = detector.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else "und"

    return identify


def tools(languages: set[str]) -> dict[str, Tool]:
    """The tools that are installed, by name; the product's own first."""
    found: dict[str, Tool] = {
        "the product: fastText and word frequencies": detect_language,
        "fastText, lid.176.ftz": fasttext,
        "by script alone": by_script,
    }
    if find_spec("lingua"):
        found["lingua"] = lingua(languages, low_accuracy=False)
        found["lingua, low accuracy"] = lingua(languages, low_accuracy=True)
    if find_spec("py3langid"):
        langid: Any = importlib.import_module("py3langid")
        found["py3langid"] = lambda text: langid.classify(text)[0]
    return found


def seconds(tool: Tool, rows: list[Message]) -> float:
    start = time.perf_counter()
    for row in rows:
        tool(row.text)
    return (time.perf_counter() - start) / len(rows)


def table() -> Table:
    """A row for each tool: its errors on both splits, and its time for a message relative to the product's."""
    rows = messages()
    candidates = tools({row.language for row in rows})
    found = {
        name: [errors(tool, [row for row in rows if row.split == split]) for split in SPLITS]
        for name, tool in candidates.items()
    }
    # The tools take turns, so that other load affects all alike.
    times = [{name: seconds(tool, rows) for name, tool in candidates.items()} for _ in range(ROUNDS)]
    median = {name: statistics.median(turn[name] for turn in times) for name in candidates}
    own = next(iter(median.values()))
    result = Table(title=f"{len(rows):,} short messages in {len({row.language for row in rows})} languages")
    result.add_column("tool")
    for split, counts in zip(SPLITS, next(iter(found.values())), strict=True):
        result.add_column(f"{split}: of {counts.readable} in en, zh called another", justify="right")
        result.add_column(f"of {counts.others} others called en, zh", justify="right")
        result.add_column("of these, wrong code", justify="right")
    result.add_column("µs a message", justify="right")
    result.add_column("time, relative", justify="right")
    for name, by_split in found.items():
        cells = [str(count) for one in by_split for count in (one.refused, one.missed, one.renamed)]
        result.add_row(name, *cells, f"{1e6 * median[name]:.0f}", f"{median[name] / own:.2f}")
    return result
