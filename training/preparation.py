"""From rows as they stand to rows fit for training: mending, duplicates, what must stay apart. Each step reports."""

import html
import re
from collections import Counter
from dataclasses import dataclass, replace

import ftfy
import ftfy.bad_codecs

from product.inference.text import LINK
from training.corpora import Row


@dataclass(frozen=True)
class Step:
    """What one step kept and dropped, and why."""

    name: str
    kept: int
    dropped: int
    why: str

    def __str__(self) -> str:
        return f"{self.name}: kept {self.kept:,}, dropped {self.dropped:,} ({self.why})"


def mend(text: str) -> str:
    """A text as its writer meant it: HTML entities resolved, the source's three wrong decodings undone.

    The airline rows went from UTF-8 through "read as Windows-1252, saved as Mac Roman" and "read as Windows-1252,
    saved as Mac Roman" and "read as Latin-1, saved as Mac Roman": an apostrophe arrives as the bytes 8A 97 C8, an
    emoji as _ 99 85 xx (its first byte had no place in Mac Roman). Other rows stopped one station earlier.
    """
    if "\udc80" <= max(text, default="") <= "\udcff":
        text = BROKEN.sub(lambda match: _undo(match.group()), text)
    return ftfy.fix_text(html.unescape(html.unescape(text))).replace("\ufffd", " ").strip()


BROKEN = re.compile("_?[\udc80-\udcff]+[\udc80-\udcff_]*")
WINDOWS = "sloppy-windows-1252"  # ftfy's: with the five bytes that Windows-1252 leaves undefined
STATIONS = (("latin-1", "mac_roman"), (WINDOWS, "mac_roman"), (WINDOWS, "mac_roman"))


def _undo(run: str) -> str:
    """A run of undecodable bytes as text; a space where too much was lost on the way."""
    for skipped in (0, 1):
        try:
            return _decode(run, STATIONS[skipped:])
        except UnicodeError:
            continue
    return " "


def _decode(run: str, stations: tuple[tuple[str, str], ...]) -> str:
    data = run.encode("utf-8", errors="surrogateescape")
    for read_as, saved_as in stations:
        data = data.decode(saved_as).encode(read_as)
    # The first byte of every emoji, F0, was lost to an underscore.
    return data.replace(b"_\x9f", b"\xf0\x9f").decode("utf-8")


HANDLE = re.compile(r"(?<![\w.])@\w+")


def key(text: str) -> str:
    """What two texts must share to count as the same: their words once handles, links, numbers and case are gone."""
    text = re.sub(r"\d+", " ", HANDLE.sub(" ", LINK.sub(" ", mend(text).lower())))
    return " ".join(re.findall(r"[^\W_]+", text))


def clean(rows: list[Row]) -> tuple[list[Row], Step]:
    """Mended rows; empty ones dropped."""
    mended = [replace(row, text=mend(row.text)) for row in rows]
    kept = [row for row in mended if row.text]
    return kept, Step("clean", len(kept), len(rows) - len(kept), "nothing left after mending")


def drop_duplicates(rows: list[Row]) -> tuple[list[Row], Step]:
    """One row for each key: the first with the label most of its copies have; none where the copies disagree evenly."""
    votes: dict[str, Counter] = {}
    for row in rows:
        votes.setdefault(key(row.text), Counter())[row.label] += 1
    kept, seen = [], set()
    for row in rows:
        same = key(row.text)
        if same in seen or votes[same].most_common(1)[0][0] != row.label or _tied(votes[same]):
            continue
        seen.add(same)
        kept.append(row)
    return kept, Step("duplicates", len(kept), len(rows) - len(kept), "same words, or the same words labelled evenly")


def _tied(votes: Counter) -> bool:
    counts = [count for _, count in votes.most_common(2)]
    return len(counts) == 2 and counts[0] == counts[1]


def keep_apart(rows: list[Row], others: list[Row]) -> tuple[list[Row], Step]:
    """Rows whose words stand in no row of another split."""
    taken = {key(row.text) for row in others}
    kept = [row for row in rows if key(row.text) not in taken]
    return kept, Step("apart", len(kept), len(rows) - len(kept), "equal to a row of another split")
