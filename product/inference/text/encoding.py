"""Text preparation and tokenising: the same in training and in serving."""

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from product.inference.text.language import HAN, LINK, detect_language
from product.inference.text.symbols import words_for_symbols
from product.inference.text.windows import MAX_WINDOWS, WHOLE_TOKENS, cut, sentence_starts

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
    """Token ids of one text, [CLS] and [SEP] included; `truncated` if some of its tokens are in none of the lists.

    `windows` are the ids of a long text's windows, empty for a short text. `rating` is the level of a rating in the
    text, 0 (worst) to 4 (best), or None.
    """

    ids: list[int]
    truncated: bool
    windows: list[list[int]] = field(default_factory=list)
    rating: int | None = None


class TextEncoder:
    """An expert's tokenizer. A text over `max_tokens` keeps its first and last tokens: the opinion often comes last."""

    def __init__(self, tokenizer_file: Path, max_tokens: int):
        self._tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.max_tokens = max_tokens

    def encode(self, texts: list[str], windows: bool = False) -> list[EncodedText]:
        """The texts as the model reads them; with `windows`, long texts also in windows of sentences."""
        prepared = [prepare_with_rating(text) for text in texts]
        encodings = self._tokenizer.encode_batch([text for text, _ in prepared])
        return [
            self._encoded(text, rating, encoding, windows)
            for (text, rating), encoding in zip(prepared, encodings, strict=True)
        ]

    def _encoded(self, text: str, rating: int | None, encoding: Encoding, windows: bool) -> EncodedText:
        ids = encoding.ids
        if windows and len(ids) > WHOLE_TOKENS + 2:
            # The first and the last token are [CLS] and [SEP].
            ranges = cut(sentence_starts(text), encoding.offsets[1:-1])
            read = [[ids[0], *ids[start + 1 : end + 1], ids[-1]] for start, end in ranges[:MAX_WINDOWS]]
            return EncodedText(self._shortened(ids), len(ranges) > MAX_WINDOWS, read, rating)
        return EncodedText(self._shortened(ids), len(ids) > self.max_tokens, [], rating)

    def _shortened(self, ids: list[int]) -> list[int]:
        if len(ids) <= self.max_tokens:
            return ids
        head = self.max_tokens // 2
        return ids[:head] + ids[head - self.max_tokens :]


def pad(rows: list[list[int]], padding_id: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids and attention mask, both int64 [rows, tokens], padded to the longest row."""
    longest = max(len(row) for row in rows)
    ids = np.full((len(rows), longest), padding_id, dtype=np.int64)
    mask = np.zeros((len(rows), longest), dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return ids, mask
