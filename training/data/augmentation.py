"""Slips of the pen for training rows: a model that has read misspelled words is not thrown by the next one."""

import random
import re
from dataclasses import replace
from functools import cache

from pypinyin import lazy_pinyin

from training.data.rows import Row

LONGEST = 300
"""Characters of a text that is given slips: in a longer one a single slip teaches nothing."""
LEAST_LETTERS = 4
WORD = re.compile(r"(?<![\w@#/.])[a-z]+(?!\w|/|://)", re.IGNORECASE)
CHINESE = re.compile("[\u4e00-\u9fff]")
NEIGHBOURS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
COMMON = range(0xB0A1, 0xD7FA)
"""Codes of the 3,755 common characters in GB 2312, its first level."""


def misspell(rows: list[Row], share: float, seed: int) -> list[Row]:
    """The rows in their order, about `share` of the short ones with one or two slips; labels stay."""
    rng = random.Random(seed)
    chosen = (len(row.text) <= LONGEST and rng.random() < share for row in rows)
    return [replace(row, text=slip(row.text, rng)) if one else row for row, one in zip(rows, chosen, strict=True)]


def slip(text: str, rng: random.Random) -> str:
    """The text with one or two slips: in English words of four letters or more, or in Chinese characters."""
    for _ in range(rng.choice((1, 1, 2))):
        words = [match for match in WORD.finditer(text) if len(match.group()) >= LEAST_LETTERS]
        characters = list(CHINESE.finditer(text))
        if characters and len(characters) >= 3 * len(words):
            text = _chinese_slip(text, [match.start() for match in characters], rng)
        elif words:
            word = rng.choice(words)
            text = text[: word.start()] + _english_slip(word.group(), rng) + text[word.end() :]
    return text


def _english_slip(word: str, rng: random.Random) -> str:
    """Two letters in each other's place, one left out, one twice, or the key beside it; the first letter stays."""
    place, kind = rng.randrange(1, len(word)), rng.choice(("swapped", "dropped", "doubled", "beside"))
    before, letter, after = word[:place], word[place], word[place + 1 :]
    if kind == "swapped":
        place = min(place, len(word) - 2)
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == "dropped":
        return before + after
    if kind == "doubled":
        return before + letter + letter + after
    return before + _beside(letter, rng) + after


def _beside(letter: str, rng: random.Random) -> str:
    row = next((keys for keys in NEIGHBOURS if letter.lower() in keys), "")
    if not row:
        return letter
    place = row.index(letter.lower())
    near = rng.choice([row[index] for index in (place - 1, place + 1) if 0 <= index < len(row)])
    return near.upper() if letter.isupper() else near


def _chinese_slip(text: str, places: list[int], rng: random.Random) -> str:
    """A character of the same sound, the commonest slip as an input method offers it; else one twice, or two in each
    other's place."""
    place = rng.choice(places)
    alike = sounds_like().get(text[place], "")
    if alike and rng.random() < 0.6:
        return text[:place] + rng.choice(alike) + text[place + 1 :]
    if rng.random() < 0.5 or place + 1 >= len(text):
        return text[:place] + text[place] + text[place:]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


@cache
def sounds_like() -> dict[str, str]:
    """Each common Chinese character to the others that are typed by the same letters, tones aside."""
    codes = [code.to_bytes(2, "big") for code in COMMON if code & 0xFF >= 0xA1]
    characters = [code.decode("gb2312", errors="ignore") for code in codes]
    groups: dict[str, str] = {}
    for character in filter(None, characters):
        typed = lazy_pinyin(character)[0]
        groups[typed] = groups.get(typed, "") + character
    return {one: group.replace(one, "") for group in groups.values() for one in group if len(group) > 1}
