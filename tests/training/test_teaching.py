"""What an expert is taught: how often a correction is read, what is replayed, when training stops."""

from collections import Counter

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


def test_training_stops_at_the_epoch_that_reads_what_it_is_watched_on_best(settings, versions, monkeypatch):
    recipe = Recipe(rank=4, alpha=8, learning_rate=1e-2, epochs=4, batch_size=8, patience=1)
    monkeypatch.setattr(teaching, "RECIPE", recipe)
    learned = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(16))]
    apart = [Row(one.text, one.label, "corrections") for one in learned]
    lesson = material.Lesson(learned, corpora.load("replay-en", "train")[:16], [], watched=apart)
    draft = versions.store.draft("challenger")
    _, history = teaching.teach(settings, versions, versions.installed(), "en", lesson, draft, print)
    for run in range(teaching.RUNS):
        scores = [entry["eval_quality"] for entry in history if entry["run"] == run and "eval_quality" in entry]
        best = max(range(len(scores)), key=scores.__getitem__)
        # all four, or one more than the best
        assert len(scores) == 4 or len(scores) == best + 2
