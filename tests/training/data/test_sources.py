import pandas
import pytest

from training.data import sources
from training.data.catalogue import load
from training.data.rows import CorpusUnavailable

TEXT = "@help  it broke again"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    pandas.DataFrame({"text": [TEXT, "unlabelled"]}).to_parquet(tmp_path / "support_unlabelled.parquet")
    requests = {
        "text": ["what is my balance", "why was i charged twice", "is it declined"],
        "intent": ["balance", "bank:transaction_charged_twice", "bank:declined_transfer"],
    }
    pandas.DataFrame(requests).to_parquet(tmp_path / "requests_intents.parquet")
    labels = [{"key": sources.text_key(TEXT), "label": "negative", "split": "gate", "hard": ""}]
    request_labels = [{"key": sources.text_key("why was i charged twice"), "label": "negative", "hard": ""}]
    tables = {"labels.csv": labels, "requests.csv": request_labels}
    monkeypatch.setattr(sources, "read_csv", lambda path: tables[path.name])
    return str(tmp_path)


def test_a_support_message_has_the_label_and_split_of_its_text(folder):
    (row,) = load("support", "gate", folder)
    assert (row.text, row.label, row.source) == (TEXT, "negative", "support")
    assert load("support", "train", folder) == []


def test_requests_are_neutral_unless_their_intent_reports_a_failure_and_then_need_a_label(folder):
    found = {row.text: row.label for split in sources.SPLITS for row in load("requests", split, folder)}
    assert found == {"what is my balance": "neutral", "why was i charged twice": "negative"}


def test_without_a_corpus_folder_support_messages_are_unavailable():
    with pytest.raises(CorpusUnavailable, match="ATTUNE_CORPUS_DIR"):
        load("support", "test", "")


def test_a_key_is_the_start_of_the_hash_of_the_stripped_text():
    # printf abc | sha256sum
    assert sources.text_key(" abc\n") == "ba7816bf8f01cfea"
