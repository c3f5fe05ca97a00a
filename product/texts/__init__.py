"""What the pages say, in English and Chinese: a flat file of strings for each language, all with the same keys."""

import json
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")
"""The first is what anyone gets who asks for none of them."""


class Texts:
    """The strings of one language: `texts("stored", label="neutral")`."""

    def __init__(self, language: str, strings: dict[str, str]):
        self.language = language
        self.strings = strings

    def __call__(self, key: str, **values: object) -> str:
        return self.strings[key].format(**values)

    def first(self, *keys: str, **values: object) -> str:
        """The first of the keys that there is a string for: a name from outside may have none."""
        return self(next(key for key in keys if key in self.strings), **values)


@cache
def texts(language: str) -> Texts:
    file = Path(__file__).with_name(f"{language}.json")
    return Texts(language, json.loads(file.read_text(encoding="utf-8")))


def choose_language(accept_language: str) -> str:
    """The one of LANGUAGES that an Accept-Language header (RFC 9110, 12.5.4) prefers."""
    wanted = [_weighed(part) for part in accept_language.split(",")]
    # A stable sort: of equal weights, the one named first.
    for tag, weight in sorted(wanted, key=lambda each: -each[1]):
        if weight > 0 and tag in LANGUAGES:
            return tag
    return LANGUAGES[0]


def _weighed(part: str) -> tuple[str, float]:
    """`zh-CN;q=0.8` to ("zh", 0.8). A weight that is no number counts as none."""
    tag, _, parameter = part.partition(";")
    name, _, value = parameter.strip().partition("=")
    try:
        weight = float(value) if name == "q" else 1.0
    except ValueError:
        weight = 0.0
    return tag.strip().lower().partition("-")[0], weight
