"""Add typing errors to training rows, so that models cope with misspelled messages."""

import random
import re
from dataclasses import replace
from functools import cache

from pypinyin import lazy_pinyin

from training.data.rows import Row

MAX_LENGTH = 300
"""Longer texts (in characters) are left alone: a single error would make no difference there."""
MIN_LETTERS = 4
"""Shorter English words get no errors."""
WORD = re.compile(r"(?<![\w@#/.])[a-z]+(?!\w|/|://)", re.IGNORECASE)
CHINESE = re.compile("[\u4e00-\u9fff]")
KEYBOARD_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
COMMON_CHARACTERS = range(0xB0A1, 0xD7FA)
"""Codes of the 3,755 common characters: the first level of GB 2312."""
HOMOPHONE_SHARE = 0.6
"""The share of Chinese errors that are homophones, the most frequent error of input methods."""


def misspell(rows: list[Row], share: float, seed: int) -> list[Row]:
    """The rows in the same order, about `share` (0 to 1) of the short ones with one or two typing errors.

    Labels stay the same. The same seed gives the same errors.
    """
    generator = random.Random(seed)
    chosen = (len(row.text) <= MAX_LENGTH and generator.random() < share for row in rows)
    return [
        replace(row, text=add_errors(row.text, generator)) if wanted else row
        for row, wanted in zip(rows, chosen, strict=True)
    ]


def add_errors(text: str, generator: random.Random) -> str:
    """The text with one or two typing errors, in English words of at least four letters or in Chinese characters."""
    for _ in range(generator.choice((1, 1, 2))):
        words = [match for match in WORD.finditer(text) if len(match.group()) >= MIN_LETTERS]
        characters = list(CHINESE.finditer(text))
        if characters and len(characters) >= 3 * len(words):
            text = _chinese_error(text, [match.start() for match in characters], generator)
        elif words:
            word = generator.choice(words)
            text = text[: word.start()] + _english_error(word.group(), generator) + text[word.end() :]
    return text


def _english_error(word: str, generator: random.Random) -> str:
    """The word with two letters swapped, one missing, one doubled or one hit on a neighbouring key; never the first."""
    place, kind = generator.randrange(1, len(word)), generator.choice(("swapped", "dropped", "doubled", "neighbour"))
    before, letter, after = word[:place], word[place], word[place + 1 :]
    if kind == "swapped":
        place = min(place, len(word) - 2)
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == "dropped":
        return before + after
    if kind == "doubled":
        return before + letter + letter + after
    return before + _neighbouring_key(letter, generator) + after


def _neighbouring_key(letter: str, generator: random.Random) -> str:
    row = next((keys for keys in KEYBOARD_ROWS if letter.lower() in keys), "")
    if not row:
        return letter
    place = row.index(letter.lower())
    key = generator.choice([row[index] for index in (place - 1, place + 1) if 0 <= index < len(row)])
    return key.upper() if letter.isupper() else key


def _chinese_error(text: str, places: list[int], generator: random.Random) -> str:
    """The text with a character replaced by a homophone, doubled, or swapped with the next."""
    place = generator.choice(places)
    alternatives = homophones().get(text[place], "")
    if alternatives and generator.random() < HOMOPHONE_SHARE:
        return text[:place] + generator.choice(alternatives) + text[place + 1 :]
    if generator.random() < 0.5 or place + 1 >= len(text):
        return text[:place] + text[place] + text[place:]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


@cache
def homophones() -> dict[str, str]:
    """For each common Chinese character, the others that are typed with the same letters (pinyin without tones)."""
    codes = [code.to_bytes(2, "big") for code in COMMON_CHARACTERS if code & 0xFF >= 0xA1]
    characters = [code.decode("gb2312", errors="ignore") for code in codes]
    groups: dict[str, str] = {}
    for character in filter(None, characters):
        pinyin = lazy_pinyin(character)[0]
        groups[pinyin] = groups.get(pinyin, "") + character
    return {
        character: group.replace(character, "") for group in groups.values() for character in group if len(group) > 1
    }
