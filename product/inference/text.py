"""What the model reads of a message: the same preparation in training and in serving."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

# An address ends where printable ASCII does: Chinese goes on behind it without a space.
LINK = re.compile(
    r"(?:https?://|www\.)[!-~]+|(?<![a-z0-9@._-])(?:[a-z0-9-]+\.)+(?:com|cn|net|org|io|info|edu|gov)(?![a-z0-9])(?:/[!-~]*)?",
    re.IGNORECASE,
)
# Addresses, account names and the placeholders of redaction are in Latin letters whatever the language around them is.
FOREIGN = re.compile(rf"{LINK.pattern}|@[a-z0-9_]+|\[(?:email|phone|card|iban|id|ip|url)\]", re.IGNORECASE)
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
# Signs that modify the one before (skin tone, variation, joiner) say nothing of the mood.
MODIFIERS = re.compile("[\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]")


def prepare(text: str) -> str:
    """One line of plain words: links by a stand-in, emoji by their Unicode names, no broken characters.

    A link's address carries no sentiment of its own; an emoji does, but the English base has no piece for it.
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


def language(text: str) -> str:
    """`zh` where Chinese characters are a third of the letters or more, `en` where Latin letters lead, else `und`.

    By script alone: what is told apart is which model side can read it, not French from English. Links, account names
    and placeholders do not count.
    """
    letters = [character for character in FOREIGN.sub(" ", text) if character.isalpha()]
    if not letters:
        return "und"
    han = sum(1 for character in letters if HAN.match(character))
    latin = sum(1 for character in letters if "LATIN" in unicodedata.name(character, ""))
    if 3 * han >= len(letters):
        return "zh"
    return "en" if 2 * latin >= len(letters) else "und"


def reader(text: str, languages: Collection[str]) -> str:
    """Which of the languages' experts reads a text: the Chinese one what is Chinese, the English one all else; the
    only one everything."""
    wanted = "zh" if language(text) == "zh" else "en"
    return wanted if wanted in languages else next(iter(languages))


@dataclass(frozen=True)
class Encoded:
    """Token ids of one text, [CLS] and [SEP] included; `truncated` when the middle was left out."""

    ids: list[int]
    truncated: bool


class TextEncoder:
    """An expert's tokenizer. Texts over `max_tokens` keep their head and their tail: the verdict is often last."""

    def __init__(self, tokenizer_file: Path, max_tokens: int):
        self._tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.max_tokens = max_tokens

    def encode(self, texts: list[str]) -> list[Encoded]:
        encodings = self._tokenizer.encode_batch([prepare(text) for text in texts])
        return [self._shorten(encoding.ids) for encoding in encodings]

    def _shorten(self, ids: list[int]) -> Encoded:
        if len(ids) <= self.max_tokens:
            return Encoded(ids, truncated=False)
        head = self.max_tokens // 2
        return Encoded(ids[:head] + ids[head - self.max_tokens :], truncated=True)


def pad(rows: list[list[int]], padding_id: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Ids and attention mask, both int64 [rows, longest]: padded to the longest of the batch, no further."""
    longest = max(len(row) for row in rows)
    ids = np.full((len(rows), longest), padding_id, dtype=np.int64)
    mask = np.zeros((len(rows), longest), dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return ids, mask
