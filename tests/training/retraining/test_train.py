"""How one expert is trained: how often a correction is repeated, what is replayed, and when training stops."""

from collections import Counter

import numpy as np
import torch

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference.model import softmax
from product.sentiment import LABELS
from tests.support.corrections import correction, distinct_texts, shipped_version
from training.data import catalogue as corpora
from training.data.rows import Row
from training.modelling.recipe import Recipe
from training.retraining import train
from training.retraining.dataset import TrainingSet, correction_row

NEW, LEARNED_BEFORE = correction(0, "A new text", "negative"), correction(1, "A text from before", "positive")


def labels_repeated(training_set: TrainingSet, replay_rows: int) -> Counter:
    """How many rows of each label the corrections make beside this many replay rows."""
    return Counter(row.label for row in train.oversampled_corrections(training_set, replay_rows))


def test_a_single_correction_is_repeated_a_limited_number_of_times():
    # half of 200 would be a hundred times
    assert labels_repeated(TrainingSet([NEW], [], []), replay_rows=200) == {"negative": train.MAX_REPEATS}


def test_corrections_learned_before_are_repeated_twice_as_often():
    found = labels_repeated(TrainingSet([NEW, LEARNED_BEFORE], [], [], [LEARNED_BEFORE]), replay_rows=2)
    assert found == {"negative": 1, "positive": 2}


def test_corrections_that_were_all_learned_before_are_repeated_as_well():
    given = [NEW, LEARNED_BEFORE]
    # half of eight is all of them once, as each of the two is there twice already
    assert labels_repeated(TrainingSet(given, [], [], given), replay_rows=8) == {"negative": 2, "positive": 2}


def test_corrections_learned_before_count_twice_in_the_share_of_replay_rows():
    new = [correction(number, f"A new text {number}", "negative") for number in range(2)]
    learned = [correction(number, f"A text from before {number}", "positive") for number in range(2, 4)]
    # half of 24, for two new and twice two learned: all of it twice, not three times as without the learned ones
    assert labels_repeated(TrainingSet([*new, *learned], [], [], learned), replay_rows=24) == {
        "negative": 4,
        "positive": 8,
    }


def test_early_stopping_uses_untrained_corrections_and_validation_rows_of_every_label():
    # Label by label, as the corpus is sorted.
    validation = [Row(f"{label} {number}", label, "airline") for label in LABELS for number in range(200)]
    untrained = [Row("a text of its own", "negative", "corrections")]
    found = train.early_stopping_rows(TrainingSet([], [], validation, early_stopping_rows=untrained))
    assert found == untrained + validation[::2]
    assert Counter(row.label for row in found[1:]) == dict.fromkeys(LABELS, 100)


def test_without_untrained_corrections_training_runs_to_its_end():
    validation = [Row(f"text {number}", "neutral", "airline") for number in range(200)]
    assert train.early_stopping_rows(TrainingSet([], [], validation)) == []


def test_corrections_keep_their_label_and_replay_rows_get_the_shipped_probabilities(shipped):
    wrong, right = Row("It was on time, thank you.", "negative", "x"), Row("Thank you, wonderful!", "positive", "x")
    replay = train.correctly_predicted(shipped.experts["en"], [wrong, right])
    # a row that the shipped model labels wrongly is not replayed
    assert replay.rows == [right]
    data = train.training_data(shipped.experts["en"].encoder, [Row("Mine", "neutral", "corrections")], replay)
    assert data["labels"][0] == LABELS.index("neutral")
    correction_target, replay_target = np.array(data["targets"])
    assert np.isnan(correction_target).all()
    # beside another text the weights of a batch are rounded slightly differently
    expected = softmax(shipped.experts["en"].logits([right.text]))[0]
    np.testing.assert_allclose(replay_target, expected, atol=1e-4)


class Biased(torch.nn.Module):
    """A model that strongly prefers one label for texts with more than `longest` tokens."""

    device = torch.device("cpu")

    def __init__(self, model, longest, label):
        super().__init__()
        self.model, self.longest, self.label = model, longest, label

    def forward(self, input_ids, attention_mask):
        output = self.model(input_ids=input_ids, attention_mask=attention_mask)
        output.logits[attention_mask.sum(dim=1) > self.longest, self.label] += 8
        return output


def test_half_of_each_labels_replay_rows_are_replaced_with_the_most_changed_of_the_pool(shipped, versions):
    rows = corpora.load("replay-en", "train", corpus_dir="")
    by_label = {label: [row for row in rows if row.label == label][:40] for label in LABELS}
    expert, folder = shipped.experts["en"], versions.store.folder("both-1")
    own = [*by_label["negative"][:4], *by_label["neutral"][:4], *by_label["positive"][:2]]
    spare = [*by_label["negative"][4:], *by_label["neutral"][4:]]
    # counted as correctly predicted, whatever the model predicts
    replay, pool = (
        train.DistillationSet(part, softmax(expert.logits([row.text for row in part]))) for part in (own, spare)
    )
    changed = Biased(checkpoint.load_expert(folder, manifests.read(folder), "en"), longest=16, label=2)
    found = train.replace_with_most_changed(replay, pool, changed, expert.encoder)
    # the pool has no positive rows, so the positive replay rows stay
    assert Counter(row.label for row in found.rows) == {"negative": 4, "neutral": 4, "positive": 2}
    stayed = [row for row in found.rows if row in own]
    assert Counter(row.label for row in stayed) == {"negative": 2, "neutral": 2, "positive": 2}
    joined = [row for row in found.rows if row not in own]
    assert all(len(expert.encoder.encode([row.text])[0].ids) > 16 for row in joined)
    expected = softmax(expert.logits([row.text for row in found.rows]))
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-4)


def test_nothing_is_replaced_without_replay_rows_or_without_a_pool(shipped):
    encoder = shipped.experts["en"].encoder
    nothing = train.correctly_predicted(shipped.experts["en"], [])
    some = train.DistillationSet(corpora.load("replay-en", "train", corpus_dir="")[:3], np.full((3, 3), 1 / 3))
    assert train.replace_with_most_changed(nothing, some, None, encoder) is nothing
    assert train.replace_with_most_changed(some, nothing, None, encoder) is some


def test_the_second_training_replays_rows_that_the_first_changed_most(settings, versions, shipped, monkeypatch):
    monkeypatch.setattr(train, "RECIPE", Recipe(rank=4, alpha=8, epochs=1, batch_size=8))
    # of one label, as the corpus is sorted
    rows = corpora.load("replay-en", "train", corpus_dir="")[:60]
    given = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(8))]
    training_set = TrainingSet(given, rows[:16], [], replay_pool=rows[16:])
    draft = versions.store.draft("challenger")
    replayed = train.train_expert(shipped_version(settings, versions), "en", training_set, draft).replayed
    first, second = (train.correctly_predicted(shipped.experts["en"], rows[start:16:2]).rows for start in (0, 1))
    assert len(replayed) == len(first) + len(second)
    assert replayed[: len(first)] == first
    assert sum(row in rows[16:] for row in replayed) == round(len(second) / 2)


def test_training_stops_after_the_epoch_that_is_best_on_the_early_stopping_rows(settings, versions, monkeypatch):
    recipe = Recipe(rank=4, alpha=8, learning_rate=1e-2, epochs=4, batch_size=8, patience=1)
    monkeypatch.setattr(train, "RECIPE", recipe)
    given = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(16))]
    untrained = [correction_row(one) for one in given]
    rows = corpora.load("replay-en", "train", corpus_dir="")[:16]
    training_set = TrainingSet(given, rows, [], early_stopping_rows=untrained)
    draft = versions.store.draft("challenger")
    history = train.train_expert(shipped_version(settings, versions), "en", training_set, draft).history
    for run in range(train.TRAININGS):
        scores = [entry["eval_quality"] for entry in history if entry["run"] == run and "eval_quality" in entry]
        best = max(range(len(scores)), key=scores.__getitem__)
        # all four, or one more than the best
        assert len(scores) == 4 or len(scores) == best + 2
