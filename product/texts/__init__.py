"""Texts for people, in English and Chinese: one flat JSON file per language, with the same keys in both."""

import json
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")
"""The first is the default."""


class Texts:
    """The texts of one language. Call it with a key and the values to fill in: `t("stored", label="neutral")`."""

    def __init__(self, language: str, strings: dict[str, str]):
        self.language = language
        self.strings = strings

    def __call__(self, key: str, **values: object) -> str:
        return self.strings[key].format(**values)

    def first(self, *keys: str, **values: object) -> str:
        """The text of the first key that exists: codes from outside may have no text of their own."""
        return self(next(key for key in keys if key in self.strings), **values)


@cache
def texts(language: str) -> Texts:
    """The texts of one of LANGUAGES."""
    file = Path(__file__).with_name(f"{language}.json")
    return Texts(language, json.loads(file.read_text(encoding="utf-8")))


def choose_language(accept_language: str) -> str:
    """The language in LANGUAGES that an Accept-Language header prefers (RFC 9110, section 12.5.4)."""
    ranges = [_parse_range(part) for part in accept_language.split(",")]
    # The sort is stable: among equal weights the first one wins.
    for language, weight in sorted(ranges, key=lambda item: -item[1]):
        if weight > 0 and language in LANGUAGES:
            return language
    return LANGUAGES[0]


def _parse_range(part: str) -> tuple[str, float]:
    """`zh-CN;q=0.8` becomes ("zh", 0.8). An invalid weight counts as 0."""
    tag, _, parameter = part.partition(";")
    name, _, value = parameter.strip().partition("=")
    try:
        weight = float(value) if name == "q" else 1.0
    except ValueError:
        weight = 0.0
    return tag.strip().lower().partition("-")[0], weight
