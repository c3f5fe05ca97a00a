"""Label quality by classifiers that have seen neither a contributor nor their texts; features of real models."""

from collections import Counter

import numpy as np
import pytest
import torch

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference.model import softmax
from product.inference.text.encoding import TextEncoder, pad
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


def separable(right: np.ndarray) -> np.ndarray:
    """Features [rows, 3] close to one corner for each right label."""
    return 3 * np.eye(3)[right] + np.random.default_rng(1).normal(0, 0.2, (len(right), 3))


def rows_by(*sources: str, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """(the right label of each row, all three in turn; its contributor, `rows` of each)."""
    return np.tile(np.arange(3), len(sources) * rows // 3), np.repeat(sources, rows)


def quality(features, labels, sources, *, groups=None, weights=None, seed=0) -> np.ndarray:
    groups = np.arange(len(labels)) if groups is None else groups
    weights = np.ones(len(labels)) if weights is None else weights
    return cross_validated_quality(features, Answers(labels, np.array(sources), groups, weights), seed)


# Quality


def test_labels_of_a_contributor_who_flips_them_are_unlikely_and_all_others_likely():
    right, sources = rows_by("anna", "ben", "carl", "dora", "mallory", rows=30)
    flips = sources == "mallory"
    found = quality(separable(right), np.where(flips, (right + 1) % 3, right), sources)
    assert found[flips].max() < UNKNOWN
    assert found[~flips].min() > UNKNOWN


def test_other_contributors_count_in_proportion_to_the_trust_in_them():
    right, sources = rows_by("anna", "mallory", "carl", rows=30)
    labels = np.where(sources == "mallory", (right + 1) % 3, right)
    carl = sources == "carl"
    found = []
    for distrusted in ("mallory", "anna"):
        weights = np.where(sources == distrusted, 0.01, 1.0)
        found.append(quality(separable(right), labels, sources, weights=weights)[carl])
    assert found[0].min() > UNKNOWN > found[1].max()


@pytest.mark.parametrize(("others", "known"), [(19, False), (20, True)])
def test_quality_is_unknown_with_fewer_than_twenty_rows_of_others(others, known):
    right = np.arange(30 + others) % 3
    sources = ["anna"] * 30 + ["ben"] * others
    found = quality(separable(right), right, sources)
    assert (found[:30] != UNKNOWN).all() == known
    assert (found[:30] == UNKNOWN).all() != known
    assert (found[30:] > UNKNOWN).all()  # anna has thirty rows to judge ben by


def test_quality_is_unknown_with_one_contributor():
    right = np.arange(60) % 3
    assert (quality(separable(right), right, ["anna"] * 60) == UNKNOWN).all()


def test_quality_is_unknown_if_other_contributors_give_only_one_label():
    right, sources = rows_by("anna", "ben", rows=30)
    labels = np.where(sources == "ben", 2, right)
    found = quality(separable(right), labels, sources)
    assert (found[sources == "anna"] == UNKNOWN).all()
    assert (found[sources == "ben"] != UNKNOWN).all()


def test_near_duplicates_of_the_scored_rows_do_not_count_towards_the_twenty():
    right = np.arange(50) % 3
    sources = ["anna"] * 30 + ["ben"] * 20
    groups = np.arange(50)
    groups[30] = groups[0]  # one of ben's twenty has the text of one of anna's
    assert (quality(separable(right), right, sources, groups=groups)[:30] == UNKNOWN).all()


def test_no_row_is_scored_by_a_classifier_trained_on_its_contributor_or_text(monkeypatch):
    right, sources = rows_by(*"abcdefg", rows=30)
    features = np.hstack([separable(right), np.arange(len(right))[:, None]])  # the last feature is the row number
    groups = np.arange(len(right)) % 100  # texts that several contributors labelled
    learned, judged = [], []

    def fit_and_note(rows, labels, weights):
        learned.append(rows[:, -1].astype(int))
        assert (labels == right[learned[-1]]).all()
        assert (weights == learned[-1]).all()
        return fit_classifier(rows[:, :-1], labels)

    def predict_and_note(judge, rows):
        judged.append(rows[:, -1].astype(int))
        return predict_probabilities(judge, rows[:, :-1])

    monkeypatch.setattr(label_quality, "fit_classifier", fit_and_note)
    monkeypatch.setattr(label_quality, "predict_probabilities", predict_and_note)
    quality(features, right, sources, groups=groups, weights=np.arange(len(right)))
    assert sorted(np.concatenate(judged)) == list(range(len(right)))
    for seen, asked in zip(learned, judged, strict=True):
        assert len(seen) >= label_quality.MIN_ROWS
        assert not set(sources[seen]) & set(sources[asked])
        assert not set(groups[seen]) & set(groups[asked])


def test_a_label_that_the_classifier_was_not_trained_on_is_nearly_impossible():
    labels = np.array([0, 2] * 15)
    found = predict_probabilities(fit_classifier(separable(labels), labels), separable(labels))
    assert found[:, 1] == pytest.approx(MIN_PROBABILITY / (1 + MIN_PROBABILITY))
    assert found.sum(axis=1) == pytest.approx(1)
    assert found.argmax(axis=1).tolist() == labels.tolist()


# Folds


def test_a_contributors_rows_share_a_fold_and_the_smallest_fold_is_filled_first():
    sources = list("abcdef" + "abcde" + "abcd" + "abc" + "ab" + "a")  # six of a, five of b ... one of f
    found = assign_folds(sources, seed=1)
    fold_of = dict(zip(sources, found.tolist(), strict=True))
    assert [fold_of[source] for source in sources] == found.tolist()
    # the largest first: 6, 5, 4, 3, 2; f joins the two of e
    assert sorted(Counter(found.tolist()).values()) == [3, 3, 4, 5, 6]
    assert fold_of["f"] == fold_of["e"]


def test_with_fewer_contributors_than_folds_each_contributor_has_a_separate_fold():
    assert len(set(assign_folds(["anna", "ben", "carl"], seed=1).tolist())) == 3


def test_folds_depend_on_the_seed():
    sources = [str(number) for number in range(20)]
    assert assign_folds(sources, 1).tolist() == assign_folds(sources, 1).tolist() != assign_folds(sources, 2).tolist()


# Features


@pytest.mark.parametrize(
    ("version", "language", "hidden", "texts"),
    [("shipped_folder", "en", 384, ENGLISH), ("zh_version", "zh", 64, CHINESE)],
)
def test_features_are_the_scaled_last_state_the_log_probabilities_and_a_middle_layer(
    request, version, language, hidden, texts
):
    folder = request.getfixturevalue(version)
    manifest = manifests.read(folder)
    expert = manifest.experts[language]
    model = checkpoint.load_expert(folder, manifest, language)
    encoder = TextEncoder(folder / expert.tokenizer, expert.max_tokens)
    found = read_features(model, encoder, texts)
    assert (found.shape, found.dtype) == ((3, 2 * hidden + 3), np.float32)
    # one by one, so that neither padding nor the order by length matters
    logits = np.vstack([checkpoint.torch_logits(model, *pad([one.ids])) for one in encoder.encode(texts)])
    assert found[:, hidden:-hidden] == pytest.approx(np.log(softmax(logits) + MIN_PROBABILITY), abs=1e-4)
    # the root mean square of the state is 0.3
    assert np.sqrt((found[:, :hidden] ** 2).mean(axis=1)) == pytest.approx(0.3, abs=1e-5)
    with torch.inference_mode():
        middle = np.vstack(
            [
                model(input_ids=torch.tensor([one.ids]), output_hidden_states=True).hidden_states[-3][0].mean(dim=0)
                for one in encoder.encode(texts)
            ]
        )
    # centred on the mean of the three, with a root mean square of 0.9
    middle -= middle.mean(axis=0)
    assert found[:, -hidden:] == pytest.approx(0.9 * middle / np.sqrt((middle**2).mean()), abs=1e-3)


def test_more_texts_than_fit_a_batch_are_all_read(zh_version, monkeypatch):
    manifest = manifests.read(zh_version)
    model = checkpoint.load_expert(zh_version, manifest, "zh")
    encoder = TextEncoder(zh_version / manifest.experts["zh"].tokenizer, 64)
    at_once = read_features(model, encoder, CHINESE)
    monkeypatch.setattr(label_quality, "BATCH_SIZE", 2)
    assert read_features(model, encoder, CHINESE) == pytest.approx(at_once, abs=1e-4)
    assert read_features(model, encoder, []).shape == (0, 131)
