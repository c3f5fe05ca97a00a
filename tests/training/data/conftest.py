"""An empty corpus folder for tests that read parquet files."""

import datasets
import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty corpus folder; `datasets` keeps its copies in a folder of the test."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "corpora").mkdir()
    return tmp_path / "corpora"
