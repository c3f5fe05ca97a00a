"""Text preparation, language detection and tokenising: the same in training and in serving."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

# A link ends with the last printable ASCII character: Chinese text follows it without a space.
LINK = re.compile(
    r"(?:https?://|www\.)[!-~]+|(?<![a-z0-9@._-])(?:[a-z0-9-]+\.)+(?:com|cn|net|org|io|info|edu|gov)(?![a-z0-9])(?:/[!-~]*)?",
    re.IGNORECASE,
)
# Links, account names and redaction placeholders are in Latin letters, whatever the language of the message.
LANGUAGE_NEUTRAL = re.compile(rf"{LINK.pattern}|@[a-z0-9_]+|\[(?:email|phone|card|iban|id|ip|url)\]", re.IGNORECASE)
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
# Characters that modify the emoji before them (skin tone, variation, joiner) carry no sentiment.
MODIFIERS = re.compile("[\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]")


def prepare(text: str) -> str:
    """The text as one line: links become "http", emoji their Unicode names, broken characters spaces.

    The address of a link carries no sentiment. An emoji does, but the English vocabulary has no token for it.
    """
    text = LINK.sub("http", unicodedata.normalize("NFKC", MODIFIERS.sub("", text)))
    return " ".join("".join(_plain(character) for character in text).split())


def _plain(character: str) -> str:
    if character == "\ufffd":
        return " "
    category = unicodedata.category(character)
    if category == "So":
        return f" {unicodedata.name(character, '').lower()} "
    return " " if category in ("Cc", "Cf", "Co", "Cs", "Cn") else character


def detect_language(text: str) -> str:
    """`zh` if at least a third of the letters are Chinese, else `en` if at least half are Latin, else `und`.

    Detection goes by script only: it decides which expert scores the text, and does not tell English from French.
    Links, account names and placeholders do not count.
    """
    letters = [character for character in LANGUAGE_NEUTRAL.sub(" ", text) if character.isalpha()]
    if not letters:
        return "und"
    han = sum(1 for character in letters if HAN.match(character))
    latin = sum(1 for character in letters if "LATIN" in unicodedata.name(character, ""))
    if 3 * han >= len(letters):
        return "zh"
    return "en" if 2 * latin >= len(letters) else "und"


def expert_for(text: str, experts: Collection[str]) -> str:
    """The language of the expert that scores the text; `experts` are the languages that have one."""
    return expert_for_language(detect_language(text), experts)


def expert_for_language(language: str, experts: Collection[str]) -> str:
    """The language of the expert that scores texts in a detected language.

    Chinese goes to the Chinese expert, everything else to the English one; an only expert scores everything.
    """
    wanted = "zh" if language == "zh" else "en"
    return wanted if wanted in experts else next(iter(experts))


@dataclass(frozen=True)
class EncodedText:
    """Token ids of one text, [CLS] and [SEP] included; `truncated` if the middle was left out."""

    ids: list[int]
    truncated: bool


class TextEncoder:
    """An expert's tokenizer. A text over `max_tokens` keeps its first and last tokens: the opinion often comes last."""

    def __init__(self, tokenizer_file: Path, max_tokens: int):
        self._tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.max_tokens = max_tokens

    def encode(self, texts: list[str]) -> list[EncodedText]:
        encodings = self._tokenizer.encode_batch([prepare(text) for text in texts])
        return [self._truncate(encoding.ids) for encoding in encodings]

    def _truncate(self, ids: list[int]) -> EncodedText:
        if len(ids) <= self.max_tokens:
            return EncodedText(ids, truncated=False)
        head = self.max_tokens // 2
        return EncodedText(ids[:head] + ids[head - self.max_tokens :], truncated=True)


def pad(rows: list[list[int]], padding_id: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids and attention mask, both int64 [rows, tokens], padded to the longest row."""
    longest = max(len(row) for row in rows)
    ids = np.full((len(rows), longest), padding_id, dtype=np.int64)
    mask = np.zeros((len(rows), longest), dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return ids, mask
