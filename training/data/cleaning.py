"""Clean rows: undo broken encodings, redact personal data, drop duplicates and rows that other splits have."""

import html
import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache

import ftfy
import ftfy.bad_codecs

from product.inference.prediction import as_read
from product.inference.text.language import LINK
from product.message.customer import customer_text
from training.data.rows import Row, Step

HANDLE = re.compile(r"(?<![\w.])@\w+")
SPACE_BETWEEN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
UNDECODABLE = re.compile("_?[\udc80-\udcff]+[\udc80-\udcff_]*")
"""A run of bytes that were not UTF-8, as surrogates."""
WINDOWS = "sloppy-windows-1252"
"""ftfy's codec, which also decodes the five bytes that Windows-1252 leaves undefined."""
WRONG_DECODINGS = (("latin-1", "mac_roman"), (WINDOWS, "mac_roman"), (WINDOWS, "mac_roman"))
"""(decoded as, saved as), the last mistake first: the order in which they are undone."""


def mend(text: str) -> str:
    """The text as its author wrote it: HTML entities resolved, wrong decodings undone.

    The airline rows were decoded wrongly three times: UTF-8 read as Windows-1252 and saved as Mac Roman, the same once
    more, then read as Latin-1 and saved as Mac Roman. An apostrophe arrives as the bytes 8A 97 C8, an emoji as
    _ 99 85 xx, since its first byte has no place in Mac Roman. Other rows were decoded wrongly only twice.
    """
    text = UNDECODABLE.sub(lambda match: _undo(match.group()), text)
    return ftfy.fix_text(html.unescape(html.unescape(text))).replace("\ufffd", " ").strip()


def _undo(run: str) -> str:
    """A run of undecodable bytes as text, or a space if too much was lost."""
    for skipped in (0, 1):
        try:
            return _decode(run, WRONG_DECODINGS[skipped:])
        except UnicodeError:
            continue
    return " "


def _decode(run: str, wrong_decodings: tuple[tuple[str, str], ...]) -> str:
    data = run.encode("utf-8", errors="surrogateescape")
    for decoded_as, saved_as in wrong_decodings:
        data = data.decode(saved_as).encode(decoded_as)
    # The first byte of every emoji, F0, became an underscore.
    return data.replace(b"_\x9f", b"\xf0\x9f").decode("utf-8")


@lru_cache(maxsize=1 << 17)
def key(text: str) -> str:
    """The customer's words without handles, links, numbers and upper case. Texts with equal keys are duplicates.

    The key of a text without words is its symbols, so that an angry face differs from a laughing one.
    """
    text = customer_text(mend(text)).text
    text = re.sub(r"\d+", " ", HANDLE.sub(" ", LINK.sub(" ", text.lower())))
    found = SPACE_BETWEEN_CHINESE.sub("", " ".join(re.findall(r"[^\W_]+", text)))
    return found or " ".join(text.split())


def words(text: str) -> list[str]:
    """The words of a text without handles, links, numbers and upper case; each Chinese character is a word."""
    return WORD.findall(key(text))


def clean(rows: list[Row]) -> tuple[list[Row], Step]:
    """Mended rows of which only the customer's words are left, as the product stores them; empty rows are dropped."""
    mended = [replace(row, text=as_read(mend(row.text)).text) for row in rows]
    kept = [row for row in mended if row.text]
    return kept, Step("clean", len(kept), len(rows) - len(kept), "empty after mending")


def drop_duplicates(rows: list[Row]) -> tuple[list[Row], Step]:
    """One row for each key: the first with the majority label, or none if two labels are equally frequent."""
    votes: dict[str, Counter[str]] = {}
    for row in rows:
        votes.setdefault(key(row.text), Counter())[row.label] += 1
    kept: list[Row] = []
    seen: set[str] = set()
    for row in rows:
        row_key = key(row.text)
        if row_key in seen or votes[row_key].most_common(1)[0][0] != row.label or _tied(votes[row_key]):
            continue
        seen.add(row_key)
        kept.append(row)
    return kept, Step("duplicates", len(kept), len(rows) - len(kept), "the same words as another row, or a tied label")


def _tied(votes: Counter[str]) -> bool:
    counts = [count for _, count in votes.most_common(2)]
    return len(counts) == 2 and counts[0] == counts[1]


def drop_overlap(rows: list[Row], others: list[Row]) -> tuple[list[Row], Step]:
    """The rows that have no duplicate among `others`, the rows of the other splits."""
    taken = {key(row.text) for row in others}
    kept = [row for row in rows if key(row.text) not in taken]
    return kept, Step("apart", len(kept), len(rows) - len(kept), "duplicate of a row of another split")
