"""Text preparation and tokenising: the same in training and in serving."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from product.inference.text.language import HAN, LINK, detect_language
from product.inference.text.symbols import words_for_symbols

# Characters that modify the emoji before them (skin tone, variation, joiner) carry no sentiment.
MODIFIERS = re.compile("[\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]")


def prepare(text: str) -> str:
    """The text as one line: links become "http", symbols the words they mean, broken characters spaces."""
    return prepare_with_rating(text)[0]


def prepare_with_rating(text: str) -> tuple[str, int | None]:
    """The prepared text, and the level of a rating in it: 0 (worst) to 4 (best), or None."""
    text = LINK.sub("http", MODIFIERS.sub("", text))
    text, rating = words_for_symbols(text, chinese=bool(HAN.search(text)) and detect_language(text) == "zh")
    if not text.isprintable() or not text.isascii():
        text = "".join(_plain(character) for character in unicodedata.normalize("NFKC", text))
    return " ".join(text.split()), rating


def _plain(character: str) -> str:
    if character == "\ufffd" or unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs", "Cn"):
        return " "
    return character


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
