import hashlib

import pytest

from training import corpora
from training.corpora import CorpusUnavailable


def test_bucket_is_the_sha256_of_the_stripped_text_modulo_100():
    digest = hashlib.sha256(b"hello").hexdigest()
    assert corpora.bucket("  hello\n") == int(digest, 16) % 100


@pytest.mark.parametrize(("split", "rows"), [("test", 2946), ("validation", 1451), ("gate", 1438), ("train", 8806)])
def test_airline_splits_have_the_rows_they_always_had(split, rows):
    assert len(corpora.load("airline", split)) == rows


def test_airline_splits_share_no_text_as_it_stands():
    texts = [{row.text.strip() for row in corpora.load("airline", split)} for split in corpora.SPLITS]
    assert sum(map(len, texts)) == len(set().union(*texts))


def test_desk_rows_are_shared_out_between_reporting_and_gate_and_train_nothing():
    report, gate = corpora.load("desk-en", "test"), corpora.load("desk-en", "gate")
    assert len(report) + len(gate) >= 300
    assert abs(len(report) - len(gate)) <= 2
    assert not {row.text for row in report} & {row.text for row in gate}
    with pytest.raises(CorpusUnavailable, match="desk-en has no train split; it has test, gate"):
        corpora.load("desk-en", "train")


def test_most_desk_messages_are_neutral_or_mixed_as_support_mail_is():
    labels = [row.label for split in ("test", "gate") for row in corpora.load("desk-en", split)]
    assert labels.count("neutral") > max(labels.count("negative"), labels.count("positive"))


def test_an_unknown_corpus_is_told_which_are_known():
    with pytest.raises(CorpusUnavailable, match="'imdbb' is not known; known are airline, desk-en, replay-en"):
        corpora.load("imdbb", "test")
