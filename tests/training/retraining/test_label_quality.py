"""A judge that has seen neither a source nor its texts: on features made up, and the features of real models."""

from collections import Counter

import numpy as np
import pytest
import torch

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference.model import softmax
from product.inference.text import TextEncoder, pad
from training.retraining import label_quality
from training.retraining.label_quality import (
    MIN_PROBABILITY,
    UNKNOWN,
    Answers,
    assign_folds,
    cross_validated_quality,
    fit_classifier,
    predict_probabilities,
    read_features,
)

ENGLISH = ["My parcel never came and nobody answers, what a shame.", "Thanks!", "Where can I see my invoice?"]
CHINESE = ["我的包裹一直没有到，也没人回复，太失望了。", "谢谢！", "在哪里可以看发票？"]


def told_apart(meant: np.ndarray) -> np.ndarray:
    """Features [rows, 3] that lie close to a corner for each label that is meant."""
    return 3 * np.eye(3)[meant] + np.random.default_rng(1).normal(0, 0.2, (len(meant), 3))


def in_turn(*sources: str, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """(what is meant by each row, the three labels in turn; its source, so many rows of each)."""
    return np.tile(np.arange(3), len(sources) * rows // 3), np.repeat(sources, rows)


def quality(features, labels, sources, *, groups=None, weights=None, seed=0) -> np.ndarray:
    groups = np.arange(len(labels)) if groups is None else groups
    weights = np.ones(len(labels)) if weights is None else weights
    return cross_validated_quality(features, Answers(labels, np.array(sources), groups, weights), seed)


# The judge


def test_every_label_of_a_source_that_turns_them_round_is_doubted_and_no_other():
    meant, sources = in_turn("anna", "ben", "carl", "dora", "mallory", rows=30)
    flips = sources == "mallory"
    found = quality(told_apart(meant), np.where(flips, (meant + 1) % 3, meant), sources)
    assert found[flips].max() < UNKNOWN
    assert found[~flips].min() > UNKNOWN


def test_what_others_say_counts_by_how_far_they_are_believed():
    meant, sources = in_turn("anna", "mallory", "carl", rows=30)
    labels = np.where(sources == "mallory", (meant + 1) % 3, meant)
    carl = sources == "carl"
    found = []
    for distrusted in ("mallory", "anna"):
        weights = np.where(sources == distrusted, 0.01, 1.0)
        found.append(quality(told_apart(meant), labels, sources, weights=weights)[carl])
    assert found[0].min() > UNKNOWN > found[1].max()


@pytest.mark.parametrize(("others", "known"), [(19, False), (20, True)])
def test_fewer_than_twenty_rows_of_others_say_nothing(others, known):
    meant = np.arange(30 + others) % 3
    sources = ["anna"] * 30 + ["ben"] * others
    found = quality(told_apart(meant), meant, sources)
    assert (found[:30] != UNKNOWN).all() == known
    assert (found[:30] == UNKNOWN).all() != known
    assert (found[30:] > UNKNOWN).all()  # thirty rows speak for ben


def test_one_source_alone_is_not_judged():
    meant = np.arange(60) % 3
    assert (quality(told_apart(meant), meant, ["anna"] * 60) == UNKNOWN).all()


def test_others_who_all_say_the_same_teach_nothing():
    meant, sources = in_turn("anna", "ben", rows=30)
    labels = np.where(sources == "ben", 2, meant)
    found = quality(told_apart(meant), labels, sources)
    assert (found[sources == "anna"] == UNKNOWN).all()
    assert (found[sources == "ben"] != UNKNOWN).all()


def test_near_duplicates_of_what_is_judged_are_counted_out_of_the_twenty_rows():
    meant = np.arange(50) % 3
    sources = ["anna"] * 30 + ["ben"] * 20
    groups = np.arange(50)
    groups[30] = groups[0]  # one of ben's twenty is on a text of anna's
    assert (quality(told_apart(meant), meant, sources, groups=groups)[:30] == UNKNOWN).all()


def test_nobody_is_judged_by_own_words_or_by_words_on_the_same_texts(monkeypatch):
    meant, sources = in_turn(*"abcdefg", rows=30)
    features = np.hstack([told_apart(meant), np.arange(len(meant))[:, None]])  # the last one tells the row
    groups = np.arange(len(meant)) % 100  # texts that several have a word on
    learned, judged = [], []

    def fitted_and_told(rows, labels, weights):
        learned.append(rows[:, -1].astype(int))
        assert (labels == meant[learned[-1]]).all()
        assert (weights == learned[-1]).all()
        return fit_classifier(rows[:, :-1], labels)

    def probabilities_and_told(judge, rows):
        judged.append(rows[:, -1].astype(int))
        return predict_probabilities(judge, rows[:, :-1])

    monkeypatch.setattr(label_quality, "fit_classifier", fitted_and_told)
    monkeypatch.setattr(label_quality, "predict_probabilities", probabilities_and_told)
    quality(features, meant, sources, groups=groups, weights=np.arange(len(meant)))
    assert sorted(np.concatenate(judged)) == list(range(len(meant)))
    for seen, asked in zip(learned, judged, strict=True):
        assert len(seen) >= label_quality.MIN_ROWS
        assert not set(sources[seen]) & set(sources[asked])
        assert not set(groups[seen]) & set(groups[asked])


def test_a_label_that_the_judge_has_not_met_is_next_to_impossible():
    labels = np.array([0, 2] * 15)
    found = predict_probabilities(fit_classifier(told_apart(labels), labels), told_apart(labels))
    assert found[:, 1] == pytest.approx(MIN_PROBABILITY / (1 + MIN_PROBABILITY))
    assert found.sum(axis=1) == pytest.approx(1)
    assert found.argmax(axis=1).tolist() == labels.tolist()


# Folds


def test_deal_keeps_the_rows_of_a_source_together_and_fills_the_smallest_fold():
    sources = list("abcdef" + "abcde" + "abcd" + "abc" + "ab" + "a")  # six of a, five of b ... one of f
    found = assign_folds(sources, seed=1)
    fold_of = dict(zip(sources, found.tolist(), strict=True))
    assert [fold_of[source] for source in sources] == found.tolist()
    # the largest first: 6, 5, 4, 3, 2; the last one goes to the two
    assert sorted(Counter(found.tolist()).values()) == [3, 3, 4, 5, 6]
    assert fold_of["f"] == fold_of["e"]


def test_fewer_sources_than_folds_are_judged_each_by_all_others():
    assert len(set(assign_folds(["anna", "ben", "carl"], seed=1).tolist())) == 3


def test_deal_brings_others_together_with_another_seed_only():
    sources = [str(number) for number in range(20)]
    assert assign_folds(sources, 1).tolist() == assign_folds(sources, 1).tolist() != assign_folds(sources, 2).tolist()


# Features


@pytest.mark.parametrize(
    ("version", "language", "hidden", "texts"),
    [("shipped_folder", "en", 384, ENGLISH), ("zh_version", "zh", 64, CHINESE)],
)
def test_features_are_the_last_state_scaled_the_logarithms_of_the_probabilities_and_a_middle_layer(
    request, version, language, hidden, texts
):
    folder = request.getfixturevalue(version)
    manifest = manifests.read(folder)
    expert = manifest.experts[language]
    model = checkpoint.load_expert(folder, manifest, language)
    encoder = TextEncoder(folder / expert.tokenizer, expert.max_tokens)
    found = read_features(model, encoder, texts)
    assert (found.shape, found.dtype) == ((3, 2 * hidden + 3), np.float32)
    # each on its own, so that neither padding nor the order by length has a part in it
    logits = np.vstack([checkpoint.torch_logits(model, *pad([one.ids])) for one in encoder.encode(texts)])
    assert found[:, hidden:-hidden] == pytest.approx(np.log(softmax(logits) + MIN_PROBABILITY), abs=1e-4)
    # so that the probabilities lead, the root of the mean square of the state is 0.3
    assert np.sqrt((found[:, :hidden] ** 2).mean(axis=1)) == pytest.approx(0.3, abs=1e-5)
    with torch.inference_mode():
        middle = np.vstack(
            [
                model(input_ids=torch.tensor([one.ids]), output_hidden_states=True).hidden_states[-3][0].mean(dim=0)
                for one in encoder.encode(texts)
            ]
        )
    # less the mean of the three, with a root of the mean square of 0.9
    middle -= middle.mean(axis=0)
    assert found[:, -hidden:] == pytest.approx(0.9 * middle / np.sqrt((middle**2).mean()), abs=1e-3)


def test_more_texts_than_a_batch_are_all_read(zh_version, monkeypatch):
    manifest = manifests.read(zh_version)
    model = checkpoint.load_expert(zh_version, manifest, "zh")
    encoder = TextEncoder(zh_version / manifest.experts["zh"].tokenizer, 64)
    at_once = read_features(model, encoder, CHINESE)
    monkeypatch.setattr(label_quality, "BATCH_SIZE", 2)
    assert read_features(model, encoder, CHINESE) == pytest.approx(at_once, abs=1e-4)
    assert read_features(model, encoder, []).shape == (0, 131)
