"""Corpus files for tests, and texts for every bucket."""

from itertools import count
from pathlib import Path

from datasets import Dataset

from training.data.rows import Row, bucket

FILES = {"imdb": "imdb_train", "sst2": "sst2_train", "zh-reviews": "zh_reviews_train"}


def one_text_per_bucket() -> list[str]:
    found: dict[int, str] = {}
    for number in count():
        found.setdefault(bucket(f"a film {number}"), f"a film {number}")
        if len(found) == 100:
            return [text for _, text in sorted(found.items())]


def write(path: Path, **columns) -> None:
    Dataset.from_dict(columns).to_parquet(str(path))


def rows(*pairs: tuple[str, str]) -> list[Row]:
    return [Row(text, label, "test") for text, label in pairs]
