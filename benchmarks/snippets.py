"""Sentences from product reviews, rated by twenty people: a domain that the shipped model was not trained on.

From the source package of vaderSentiment 3.3.2 on PyPI (MIT): Hutto and Gilbert 2014, "VADER: A Parsimonious Rule-based
Model for Sentiment Analysis of Social Media Text". pip downloads it on first use; it stays in the data dir.
"""

import hashlib
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from training.data.cleaning import clean, drop_duplicates, drop_overlap
from training.data.rows import Row

PACKAGE = "vaderSentiment==3.3.2"
ARCHIVE = "hutto_ICWSM_2014.tar.gz"
MEMBER = "amazonReviewSnippets_GroundTruth.txt"
MIN_RATING = 0.5
"""Sentences whose mean rating (-4 to 4) is at least this far from 0 are positive or negative, the others neutral."""
TEST_SHARE = 0.4


def snippets(cache: Path) -> tuple[list[Row], list[Row]]:
    """(rows to correct, test rows): they share no text, and are the same in every run."""
    rows = drop_duplicates(clean(list(_parse(_archive(cache))))[0])[0]
    test = [row for row in rows if _bucket(row.text) < TEST_SHARE]
    rest = [row for row in rows if _bucket(row.text) >= TEST_SHARE]
    return drop_overlap(rest, test)[0], test


def _bucket(text: str) -> float:
    """A number from 0 to 1 that depends on the text alone."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 1000 / 1000


def _archive(cache: Path) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    found = sorted(cache.glob("vaderSentiment-*.tar.gz"))
    if not found:
        fetch = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(cache)]
        subprocess.run([*fetch, PACKAGE], check=True)
        found = sorted(cache.glob("vaderSentiment-*.tar.gz"))
    return found[0]


def _parse(archive: Path) -> Iterator[Row]:
    with tarfile.open(archive) as outer:
        packed = next(member for member in outer if member.name.endswith(ARCHIVE))
        with tarfile.open(fileobj=io.BytesIO(outer.extractfile(packed).read())) as inner:
            member = next(member for member in inner if member.name.endswith(MEMBER))
            lines = inner.extractfile(member).read().decode("utf-8", errors="replace").splitlines()
    for line in lines:
        _, rating, text = line.split("\t", 2)
        label = "negative" if float(rating) <= -MIN_RATING else "positive" if float(rating) >= MIN_RATING else "neutral"
        yield Row(text.strip(), label, "snippets")
