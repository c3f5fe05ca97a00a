"""What an expert is taught: how often a correction is read, what is replayed, when training stops."""

from collections import Counter

import torch

from product import manifest as manifests
from product.inference import checkpoint
from product.sentiment import LABELS
from tests.corrections import correction, distinct_texts
from training import corpora, material, teaching
from training.corpora import Row
from training.finetune import Recipe


def test_a_single_correction_is_not_repeated_without_end(shipped):
    replayed = corpora.load("replay-en", "train")[:200]
    lesson = material.Lesson([correction(0, "My very own words", "negative")], replayed, [])
    data = teaching.training_set(shipped.experts["en"], lesson)
    # half of 200 would be a hundred times
    assert sum(label == 0 for label in data["labels"]) == teaching.OFTEN


def test_what_the_champion_has_learned_is_repeated_twice_as_often(shipped):
    replayed = corpora.load("replay-en", "train")[:2]
    new, known = correction(0, "My very own words", "negative"), correction(1, "Words of before", "positive")
    lesson = material.Lesson([new, known], replayed, [], [known])
    data = teaching.training_set(shipped.experts["en"], lesson)
    assert Counter(label for label in data["labels"] if label >= 0) == {0: 1, 2: 2}


def test_what_is_all_known_is_repeated_too(shipped):
    replayed = corpora.load("replay-en", "train")[:8]
    known = [correction(0, "My very own words", "negative"), correction(1, "Words of before", "positive")]
    data = teaching.training_set(shipped.experts["en"], material.Lesson(known, replayed, [], known))
    # half of eight is all of them once, as each of the two is there twice already
    assert Counter(label for label in data["labels"] if label >= 0) == {0: 2, 2: 2}


def test_what_is_known_takes_nothing_from_what_is_replayed(shipped):
    replayed = corpora.load("replay-en", "train")[:24]
    new = [correction(number, f"New words {number}", "negative") for number in range(2)]
    known = [correction(number, f"Words of before {number}", "positive") for number in range(2, 4)]
    data = teaching.training_set(shipped.experts["en"], material.Lesson([*new, *known], replayed, [], known))
    # half of 24, of two new and twice two known: all of it twice, and not three times as without the known
    assert Counter(label for label in data["labels"] if label >= 0) == {0: 4, 2: 8}


def test_training_is_watched_on_corrections_it_does_not_learn_and_on_rows_it_should_still_know():
    # Label by label, as the corpus comes.
    still = [Row(f"known {label} {number}", label, "airline") for label in LABELS for number in range(200)]
    apart = [Row("a word of its own", "negative", "corrections")]
    watched = teaching.watched_rows(material.Lesson([], [], still, watched=apart))
    assert watched == apart + still[::2]
    assert Counter(row.label for row in watched[1:]) == dict.fromkeys(LABELS, 100)
    # without corrections to watch it on it goes to its end
    assert teaching.watched_rows(material.Lesson([], [], still)) == []


class Moved(torch.nn.Module):
    """The shipped model, but sure of negative where a text has more tokens than so many."""

    device = torch.device("cpu")

    def __init__(self, model, longest):
        super().__init__()
        self.model, self.longest = model, longest

    def forward(self, input_ids, attention_mask):
        output = self.model(input_ids=input_ids, attention_mask=attention_mask)
        output.logits[attention_mask.sum(dim=1) > self.longest, 0] += 8
        return output


def test_of_the_rows_to_choose_from_those_are_replayed_that_a_training_moved_most(shipped, versions):
    ships = "The delivery was on time and the driver was kind, thank you very much for all of this."
    short, right = Row("Where is it?", "neutral", "replay-en"), Row(ships, "positive", "replay-en")
    # What the shipped model reads otherwise than its label is nothing to hold to.
    wrong = Row(ships.replace("driver", "courier"), "negative", "replay-en")
    folder = versions.store.folder("both-1")
    moved = Moved(checkpoint.load_expert(folder, manifests.read(folder), "en"), longest=12)
    expert = shipped.experts["en"]
    assert teaching.most_moved(expert, moved, [short, wrong, right], 1) == [right]
    assert teaching.most_moved(expert, moved, [short, wrong, right], 3) == [right, short]
    assert teaching.most_moved(expert, moved, [short, wrong, right], 0) == []


def test_a_later_training_replays_what_the_first_has_moved(settings, versions, monkeypatch):
    monkeypatch.setattr(teaching, "RECIPE", Recipe(rank=4, alpha=8, epochs=1, batch_size=8))
    rows = corpora.load("replay-en", "train")[:60]
    learned = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(8))]
    lesson = material.Lesson(learned, rows[:16], [], spare=rows[16:])
    draft = versions.store.draft("challenger")
    _, _, replayed = teaching.teach(settings, versions, versions.installed(), "en", lesson, draft, print)
    assert replayed[:8] == rows[:16:2]
    # of its own eight every second one gives way to one that was moved
    assert len(replayed) == 16
    assert sum(row in rows[1:16:2] for row in replayed[8:]) == 4
    assert sum(row in rows[16:] for row in replayed[8:]) == 4


def test_training_stops_at_the_epoch_that_reads_what_it_is_watched_on_best(settings, versions, monkeypatch):
    recipe = Recipe(rank=4, alpha=8, learning_rate=1e-2, epochs=4, batch_size=8, patience=1)
    monkeypatch.setattr(teaching, "RECIPE", recipe)
    learned = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(16))]
    apart = [Row(one.text, one.label, "corrections") for one in learned]
    lesson = material.Lesson(learned, corpora.load("replay-en", "train")[:16], [], watched=apart)
    draft = versions.store.draft("challenger")
    _, history, _ = teaching.teach(settings, versions, versions.installed(), "en", lesson, draft, print)
    for run in range(teaching.RUNS):
        scores = [entry["eval_quality"] for entry in history if entry["run"] == run and "eval_quality" in entry]
        best = max(range(len(scores)), key=scores.__getitem__)
        # all four, or one more than the best
        assert len(scores) == 4 or len(scores) == best + 2
