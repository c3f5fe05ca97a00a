"""What an expert is taught: how often a correction is read, what is replayed, when training stops."""

from collections import Counter

import numpy as np
import torch

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference.model import softmax
from product.sentiment import LABELS
from product.versions.installer import installed_manifest
from tests.support.corrections import correction, distinct_texts
from training.data import catalogue as corpora
from training.data.rows import Row
from training.modelling.recipe import Recipe
from training.retraining import dataset as material
from training.retraining import train as teaching


def taught(lesson: material.TrainingSet, replayed: int) -> Counter:
    """How many rows of each label its corrections make, beside so many replayed ones."""
    return Counter(row.label for row in teaching.taught(lesson, replayed))


def test_a_single_correction_is_not_repeated_without_end():
    lesson = material.TrainingSet([correction(0, "My very own words", "negative")], [], [])
    # half of 200 would be a hundred times
    assert taught(lesson, replayed=200) == {"negative": teaching.OFTEN}


def test_what_the_champion_has_learned_is_repeated_twice_as_often():
    new, known = correction(0, "My very own words", "negative"), correction(1, "Words of before", "positive")
    assert taught(material.TrainingSet([new, known], [], [], [known]), replayed=2) == {"negative": 1, "positive": 2}


def test_what_is_all_known_is_repeated_too():
    known = [correction(0, "My very own words", "negative"), correction(1, "Words of before", "positive")]
    # half of eight is all of them once, as each of the two is there twice already
    assert taught(material.TrainingSet(known, [], [], known), replayed=8) == {"negative": 2, "positive": 2}


def test_what_is_known_takes_nothing_from_what_is_replayed():
    new = [correction(number, f"New words {number}", "negative") for number in range(2)]
    known = [correction(number, f"Words of before {number}", "positive") for number in range(2, 4)]
    # half of 24, of two new and twice two known: all of it twice, and not three times as without the known
    lesson = material.TrainingSet([*new, *known], [], [], known)
    assert taught(lesson, replayed=24) == {"negative": 4, "positive": 8}


def test_training_is_watched_on_corrections_it_does_not_learn_and_on_rows_it_should_still_know():
    # Label by label, as the corpus comes.
    still = [Row(f"known {label} {number}", label, "airline") for label in LABELS for number in range(200)]
    apart = [Row("a word of its own", "negative", "corrections")]
    watched = teaching.watched_rows(material.TrainingSet([], [], still, watched=apart))
    assert watched == apart + still[::2]
    assert Counter(row.label for row in watched[1:]) == dict.fromkeys(LABELS, 100)
    # without corrections to watch it on it goes to its end
    assert teaching.watched_rows(material.TrainingSet([], [], still)) == []


def test_corrections_keep_their_label_and_what_is_replayed_the_shipped_probabilities(shipped):
    wrong, right = Row("It was on time, thank you.", "negative", "x"), Row("Thank you, wonderful!", "positive", "x")
    held = teaching.rightly_read(shipped.experts["en"], [wrong, right])
    # what the shipped model reads otherwise than its label is nothing to hold to
    assert held.rows == [right]
    data = teaching.training_set(shipped.experts["en"].encoder, [Row("Mine", "neutral", "corrections")], held)
    assert data["labels"][0] == LABELS.index("neutral")
    free, said = np.array(data["targets"])
    assert np.isnan(free).all()
    # beside another text the weights of a batch are rounded a little otherwise
    np.testing.assert_allclose(said, softmax(shipped.experts["en"].logits([right.text]))[0], atol=1e-4)


class Moved(torch.nn.Module):
    """A trained model, made sure of one label where a text has more tokens than so many."""

    device = torch.device("cpu")

    def __init__(self, model, longest, label):
        super().__init__()
        self.model, self.longest, self.label = model, longest, label

    def forward(self, input_ids, attention_mask):
        output = self.model(input_ids=input_ids, attention_mask=attention_mask)
        output.logits[attention_mask.sum(dim=1) > self.longest, self.label] += 8
        return output


def test_of_each_label_half_gives_way_to_the_spare_rows_that_a_training_has_moved_most(shipped, versions):
    rows = corpora.load("replay-en", "train", corpus_dir="")
    of = {label: [row for row in rows if row.label == label][:40] for label in LABELS}
    expert, folder = shipped.experts["en"], versions.store.folder("both-1")
    # read rightly all of them, whatever the model thinks of it
    own = [*of["negative"][:4], *of["neutral"][:4], *of["positive"][:2]]
    spare = [*of["negative"][4:], *of["neutral"][4:]]
    held, others = (teaching.Held(each, softmax(expert.logits([row.text for row in each]))) for each in (own, spare))
    moved = Moved(checkpoint.load_expert(folder, manifests.read(folder), "en"), longest=16, label=2)
    found = teaching.with_most_moved(held, others, moved, expert.encoder)
    # no praise to choose from, so that what was drawn of it stays
    assert Counter(row.label for row in found.rows) == {"negative": 4, "neutral": 4, "positive": 2}
    stayed = [row for row in found.rows if row in own]
    assert Counter(row.label for row in stayed) == {"negative": 2, "neutral": 2, "positive": 2}
    came = [row for row in found.rows if row not in own]
    assert all(len(expert.encoder.encode([row.text])[0].ids) > 16 for row in came)
    np.testing.assert_allclose(found.said, softmax(expert.logits([row.text for row in found.rows])), atol=1e-4)


def test_nothing_is_exchanged_where_nothing_is_replayed_or_there_is_nothing_to_choose_from(shipped):
    nothing = teaching.rightly_read(shipped.experts["en"], [])
    some = teaching.Held(corpora.load("replay-en", "train", corpus_dir="")[:3], np.full((3, 3), 1 / 3))
    assert teaching.with_most_moved(nothing, some, None, shipped.experts["en"].encoder) is nothing
    assert teaching.with_most_moved(some, nothing, None, shipped.experts["en"].encoder) is some


def test_a_later_training_replays_what_the_first_has_moved_and_what_was_replayed_is_told(
    settings, versions, shipped, monkeypatch
):
    monkeypatch.setattr(teaching, "RECIPE", Recipe(rank=4, alpha=8, epochs=1, batch_size=8))
    # of one label, as the corpus comes
    rows = corpora.load("replay-en", "train", corpus_dir="")[:60]
    learned = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(8))]
    lesson = material.TrainingSet(learned, rows[:16], [], spare=rows[16:])
    draft = versions.store.draft("challenger")
    _, _, replayed = teaching.teach(settings, versions, installed_manifest(versions.store), "en", lesson, draft, print)
    first, second = (teaching.rightly_read(shipped.experts["en"], rows[start:16:2]).rows for start in (0, 1))
    assert len(replayed) == len(first) + len(second)
    assert replayed[: len(first)] == first
    assert sum(row in rows[16:] for row in replayed) == round(len(second) / 2)


def test_training_stops_at_the_epoch_that_reads_what_it_is_watched_on_best(settings, versions, monkeypatch):
    recipe = Recipe(rank=4, alpha=8, learning_rate=1e-2, epochs=4, batch_size=8, patience=1)
    monkeypatch.setattr(teaching, "RECIPE", recipe)
    learned = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(16))]
    apart = [Row(one.text, one.label, "corrections") for one in learned]
    lesson = material.TrainingSet(learned, corpora.load("replay-en", "train", corpus_dir="")[:16], [], watched=apart)
    draft = versions.store.draft("challenger")
    _, history, _ = teaching.teach(settings, versions, installed_manifest(versions.store), "en", lesson, draft, print)
    for run in range(teaching.RUNS):
        scores = [entry["eval_quality"] for entry in history if entry["run"] == run and "eval_quality" in entry]
        best = max(range(len(scores)), key=scores.__getitem__)
        # all four, or one more than the best
        assert len(scores) == 4 or len(scores) == best + 2
