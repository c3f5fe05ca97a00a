"""Which expert learns from a correction, on a version of two experts, and what a run does with sources and verdicts;
the loop on the real app is in tests/loop."""

import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import torch

from product import keys
from product import manifest as manifests
from product import versions as product_versions
from product.inference import checkpoint
from product.inference import model as models
from product.inference.text import reader
from product.locking import RETRAINING, Locked, exclusive
from product.sentiment import LABELS, Correction, Prediction
from product.settings import SHIPPED_MODEL, Settings
from product.storage import queries
from product.storage.tables import AttemptRow, FeedbackEventRow, FeedbackRow
from product.versions import Versions, install_shipped
from training import corpora, judging, material, retrain
from training.corpora import Row
from training.factory import ship
from training.finetune import Recipe
from training.gate import HELD_BACK, Check, Rules, Verdict
from training.grouping import near_duplicates
from training.material import Material
from training.retrain import HARMFUL, Challenger, Outcome, Run, too_few


def correction(number: int, text: str, label: str) -> Correction:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Correction(str(number), str(number), text, label, "neutral", "anna", "pending", "both-1", at)


def chinese_corrections(count: int) -> list[Correction]:
    rows = corpora.load("replay-zh", "validation")[:count]
    return [correction(number, row.text, row.label) for number, row in enumerate(rows)]


def collect(settings, accepted, *, before=None, least=10, seed=1) -> Material:
    return material.collect(settings, accepted, ("en", "zh"), before=before or {}, least=least, seed=seed, say=print)


@pytest.fixture
def small(monkeypatch):
    """Enough to see what is done with which rows; what is learned from them does not matter."""
    monkeypatch.setattr(material, "REPLAYED", {"en": {"replay-en": 20}, "zh": {"replay-zh": 20}})
    monkeypatch.setattr(material, "FOR_EACH", 0)
    monkeypatch.setattr(material, "GATE_CORPORA", {"desk-en": 20, "desk-zh": 20, "imdb": 5})
    monkeypatch.setattr(retrain, "RECIPE", Recipe(rank=4, alpha=8, learning_rate=1e-2, epochs=1, batch_size=8))


@pytest.fixture
def versions(two_experts, tmp_path, settings, database, monkeypatch):
    """An installation of the version with two experts."""
    ship(two_experts, tmp_path / "model", print)
    monkeypatch.setattr(product_versions, "SHIPPED_MODEL", tmp_path / "model")
    versions = Versions(settings, database)
    install_shipped(settings, versions)
    return versions


def test_chinese_corrections_train_the_chinese_expert_and_leave_the_english_one_alone(settings, versions, small):
    shipped = versions.installed()
    collected = collect(settings, chinese_corrections(24), least=6)
    draft = versions.store.draft("challenger")
    made = retrain.make_challenger(settings, versions, shipped, draft, 1, shipped.id, collected, print)
    assert made.experts["en"] == shipped.experts["en"]
    assert made.experts["zh"].parts == ["zh/packed", "zh/corrections-1"]
    assert made.experts["zh"].serving.sha256 != shipped.experts["zh"].serving.sha256
    # zh-reviews is not here to calibrate on
    assert made.experts["zh"].temperature == shipped.experts["zh"].temperature
    champion, challenger = models.load(versions.store.folder(shipped.id)), models.load(draft)
    english, chinese = ["Where is my parcel?"], [row.text for row in corpora.load("replay-zh", "train")[:50]]
    assert challenger.logits(english).tolist() == champion.logits(english).tolist()
    assert np.abs(challenger.logits(chinese) - champion.logits(chinese)).max() > 0.01
    verdict, metrics, right = judging.judge(champion, challenger, collected, Rules(), print)
    assert right.mean() == pytest.approx(metrics["gate"]["accuracy"])
    assert metrics["gate"]["rows"] == 40
    unmeasured = {check.name.strip(): check.finding for check in verdict.checks if "unmeasured" in check.finding}
    assert unmeasured == {"imdb": "unmeasured: ATTUNE_CORPUS_DIR names no folder that it lies in"}


def test_a_glance_is_at_what_a_single_training_makes_of_the_gate_rows(settings, versions, database, small):
    collected = collect(settings, chinese_corrections(24), least=6)
    run = Run(settings, database, versions, versions.installed(), "both-1", 1, False, timedelta(), print)
    folder = versions.store.draft("challenger") / "glance"
    found = run.glance(folder, collected)
    assert manifests.verify(folder).training["runs"] == 1
    assert found.tolist() == judging.answered_rightly(models.load(folder), collected.gate).tolist()
    assert len(found) == len(collected.gate) == 40


def test_an_expert_that_learns_nothing_is_the_one_of_the_version_named_with_all_its_hashes(versions, tmp_path):
    shipped = manifests.read(versions.store.folder("both-1")).experts["zh"]
    kept = retrain.keep(versions, "both-1", "zh", tmp_path / "draft")
    assert kept == shipped
    assert manifests.sha256(tmp_path / "draft" / kept.serving.file) == kept.serving.sha256


@pytest.mark.parametrize(
    ("languages", "taught"), [(("en", "zh"), {"en": 1, "zh": 2}), (("en",), {"en": 3}), (("zh",), {"zh": 3})]
)
def test_a_correction_teaches_the_expert_that_reads_it(settings, small, languages, taught):
    texts = ["Where is it?", "我的包裹在哪里？", "坏了，没人管。"]
    learned = [correction(number, text, "neutral") for number, text in enumerate(texts)]
    lessons = material.make_lessons(settings, learned, languages, [], 1, print)
    assert {language: len(lesson.learned) for language, lesson in lessons.items()} == taught
    for language, lesson in lessons.items():
        assert {row.source for row in lesson.replayed} == {f"replay-{language}"}


def test_gate_rows_of_a_language_without_an_expert_are_not_counted(settings, small):
    rows, unmeasured = material.judging_rows(settings, ("en",), seed=1)
    assert {row.source for row in rows} == {"desk-en"}
    assert unmeasured["desk-zh"] == "no expert has learned zh"


def test_reviews_are_judged_by_where_they_lie_on_the_disk(tmp_path, monkeypatch, settings, small):
    rows = [Row(f"a film {number}", "negative", "imdb") for number in range(9)]
    monkeypatch.setattr(corpora, "load", lambda name, split: rows if name == "imdb" else [])
    here = Settings(_env_file=None, data_dir=tmp_path, corpus_dir=str(tmp_path))
    found, unmeasured = material.judging_rows(here, ("en", "zh"), seed=1)
    # the first test's GATE_CORPORA takes five of them at most
    assert len(found) == 5 and not unmeasured


def test_a_review_is_judged_between_the_two_classes_that_its_corpus_has():
    scores = np.array([[0.3, 0.5, 0.2], [0.3, 0.5, 0.2]])
    rows = [Row("a film", "negative", "imdb"), Row("a mail", "negative", "desk-en")]
    assert judging.right(scores, rows).tolist() == [True, False]


def test_a_single_correction_is_not_repeated_without_end(shipped):
    replayed = corpora.load("replay-en", "train")[:200]
    lesson = material.Lesson([correction(0, "My very own words", "negative")], replayed, [])
    data = retrain.training_set(shipped.experts["en"], lesson)
    # half of 200 would be a hundred times
    assert sum(label == 0 for label in data["labels"]) == retrain.OFTEN


def test_what_the_champion_has_learned_is_repeated_twice_as_often(shipped):
    replayed = corpora.load("replay-en", "train")[:2]
    new, known = correction(0, "My very own words", "negative"), correction(1, "Words of before", "positive")
    lesson = material.Lesson([new, known], replayed, [], [known])
    data = retrain.training_set(shipped.experts["en"], lesson)
    assert Counter(label for label in data["labels"] if label >= 0) == {0: 1, 2: 2}


def test_what_is_all_known_is_repeated_too(shipped):
    replayed = corpora.load("replay-en", "train")[:8]
    known = [correction(0, "My very own words", "negative"), correction(1, "Words of before", "positive")]
    data = retrain.training_set(shipped.experts["en"], material.Lesson(known, replayed, [], known))
    # half of eight is all of them once, as each of the two is there twice already
    assert Counter(label for label in data["labels"] if label >= 0) == {0: 2, 2: 2}


def test_what_is_known_takes_nothing_from_what_is_replayed(shipped):
    replayed = corpora.load("replay-en", "train")[:24]
    new = [correction(number, f"New words {number}", "negative") for number in range(2)]
    known = [correction(number, f"Words of before {number}", "positive") for number in range(2, 4)]
    data = retrain.training_set(shipped.experts["en"], material.Lesson([*new, *known], replayed, [], known))
    # half of 24, of two new and twice two known: all of it twice, and not three times as without the known
    assert Counter(label for label in data["labels"] if label >= 0) == {0: 4, 2: 8}


@pytest.mark.parametrize(("least", "replayed"), [(10, 40), (80, 80)])
def test_more_is_replayed_of_each_corpus_where_there_is_more_to_learn(monkeypatch, least, replayed):
    monkeypatch.setattr(material, "REPLAYED", {"en": {"replay-en": 30, "crowd": 10}})
    rows, spare = material.replay("en", [], least, 1, print)
    assert Counter(row.source for row in rows) == {"replay-en": replayed * 3 / 4, "crowd": replayed / 4}
    # twice the usual number, however much there is to learn, and none of those that are replayed anyway
    assert Counter(row.source for row in spare) == {"replay-en": 60, "crowd": 20}
    assert not {row.text for row in rows} & {row.text for row in spare}


def test_training_is_watched_on_corrections_it_does_not_learn_and_on_rows_it_should_still_know():
    # Label by label, as the corpus comes.
    still = [Row(f"known {label} {number}", label, "airline") for label in LABELS for number in range(200)]
    apart = [Row("a word of its own", "negative", "corrections")]
    watched = retrain.watched_rows(material.Lesson([], [], still, watched=apart))
    assert watched == apart + still[::2]
    assert Counter(row.label for row in watched[1:]) == dict.fromkeys(LABELS, 100)
    # without corrections to watch it on it goes to its end
    assert retrain.watched_rows(material.Lesson([], [], still)) == []


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
    assert retrain.most_moved(expert, moved, [short, wrong, right], 1) == [right]
    assert retrain.most_moved(expert, moved, [short, wrong, right], 3) == [right, short]
    assert retrain.most_moved(expert, moved, [short, wrong, right], 0) == []


def test_a_later_training_replays_what_the_first_has_moved(settings, versions, monkeypatch):
    monkeypatch.setattr(retrain, "RECIPE", Recipe(rank=4, alpha=8, epochs=1, batch_size=8))
    rows = corpora.load("replay-en", "train")[:60]
    learned = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(8))]
    lesson = material.Lesson(learned, rows[:16], [], spare=rows[16:])
    draft = versions.store.draft("challenger")
    _, _, replayed = retrain.teach(settings, versions, versions.installed(), "en", lesson, draft, print)
    assert replayed[:8] == rows[:16:2]
    # of its own eight every second one gives way to one that was moved
    assert len(replayed) == 16
    assert sum(row in rows[1:16:2] for row in replayed[8:]) == 4
    assert sum(row in rows[16:] for row in replayed[8:]) == 4


def test_training_stops_at_the_epoch_that_reads_what_it_is_watched_on_best(settings, versions, monkeypatch):
    recipe = Recipe(rank=4, alpha=8, learning_rate=1e-2, epochs=4, batch_size=8, patience=1)
    monkeypatch.setattr(retrain, "RECIPE", recipe)
    learned = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(16))]
    apart = [Row(one.text, one.label, "corrections") for one in learned]
    lesson = material.Lesson(learned, corpora.load("replay-en", "train")[:16], [], watched=apart)
    draft = versions.store.draft("challenger")
    _, history, _ = retrain.teach(settings, versions, versions.installed(), "en", lesson, draft, print)
    for run in range(retrain.RUNS):
        scores = [entry["eval_quality"] for entry in history if entry["run"] == run and "eval_quality" in entry]
        best = max(range(len(scores)), key=scores.__getitem__)
        # all four, or one more than the best
        assert len(scores) == 4 or len(scores) == best + 2


def test_the_manifest_has_a_keyed_fingerprint_of_every_row_used(settings, versions, small):
    collected = collect(settings, chinese_corrections(24), least=6)
    draft = versions.store.draft("challenger")
    shipped = versions.installed()
    made = retrain.make_challenger(settings, versions, shipped, draft, 1, shipped.id, collected, print)
    rows = made.data["rows"]
    assert len(rows) == len(collected.learned) + 20
    key = keys.secret(settings.data_dir)
    for one in collected.learned:
        assert keys.keyed_hash(key, "row", f"{one.label}\0{one.text}")[:16] in rows
    for one in collected.held:
        assert keys.keyed_hash(key, "row", f"{one.label}\0{one.text}")[:16] not in rows


# What is collected


def distinct_texts(count: int) -> list[str]:
    """English support messages, no two of which are near-duplicates."""
    texts = [row.text for row in corpora.load("replay-en", "train")[: 2 * count]]
    texts = [text for text in texts if reader(text, ("en", "zh")) == "en"]
    _, first = np.unique(near_duplicates(texts), return_index=True)
    return [texts[index] for index in sorted(first)[:count]]


# held: 0.4, 0.4, 0.25 of them; watched: none where a tenth of the rest is under forty, 0.1 of 450
@pytest.mark.parametrize(("given", "held", "watched"), [(80, 32, 0), (300, 120, 0), (600, 150, 45)])
def test_a_part_judges_a_part_of_many_stops_early_and_the_rest_teaches(settings, small, given, held, watched):
    given = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(given))]
    found = collect(settings, given)
    stops = [row.text for row in found.lessons["en"].watched]
    assert (len(found.held), len(stops), len(found.learned)) == (held, watched, len(given) - held - watched)
    parts = [one.text for one in found.held] + stops + [one.text for one in found.learned]
    assert sorted(parts) == sorted(one.text for one in given)
    assert len(set(found.held_groups.tolist())) == held
    assert found.known == []


def test_what_the_champion_has_learned_judges_nothing_and_is_looked_at_where_it_still_stands(settings, small):
    given = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(80))]
    # of the first fifty, the champion learned two with a label that their actor has changed since; one is gone
    before = {str(number): "negative" for number in range(50)} | {"3": "positive", "4": "neutral", "gone": "negative"}
    found = collect(settings, given, before=before)
    # 0.4 of 80 is 32, half of the thirty new ones is 15
    assert len(found.held) == 15
    assert all(int(one.id) >= 50 for one in found.held)
    assert [int(one.id) for one in found.known] == [0, 1, 2, *range(5, 50)]


def test_nothing_judges_where_there_are_fewer_new_texts_than_twice_the_least(settings, small):
    given = [correction(number, text, "negative") for number, text in enumerate(distinct_texts(19))]
    found = collect(settings, given, least=10)
    assert (found.held, len(found.held_groups), len(found.learned)) == ([], 0, 19)


def test_of_no_corrections_nothing_is_learned(settings, small):
    found = collect(settings, [])
    assert (found.lessons, found.held, found.known) == ({}, [], [])
    assert found.gate


def test_what_is_learned_again_is_what_was_known_and_what_is_new_only_judges(settings, small):
    texts = distinct_texts(12)
    given = [correction(number, text, "negative") for number, text in enumerate(texts)]
    # the text of the first is given again by somebody else; of the third the label has changed since
    given.append(correction(12, texts[0].upper(), "negative"))
    before = {"0": "negative", "1": "negative", "2": "positive", "gone": "negative"}
    found = material.collect_again(settings, given, ("en", "zh"), before=before, seed=1, say=print)
    assert [one.id for one in found.learned] == [one.id for one in found.known] == ["0", "1"]
    assert [int(one.id) for one in found.held] == list(range(3, 12))
    assert len(found.held_groups) == 9 and found.again and found.gate


def held_in(groups: list[int]) -> Material:
    return Material({}, [], np.array(groups), [], {})


def test_fewer_than_thirty_groups_held_back_are_too_few():
    rules = Rules()
    assert rules.held_back_groups == 30
    assert too_few(held_in([*range(30)]), 90, rules) == ""
    # 31 corrections, two of them on the text of another
    assert too_few(held_in([*range(29), 28, 28]), 90, rules) == (
        "of 90 corrections that may teach, too few are on different texts that the model has not learned yet: 30 are "
        "needed to judge by, and as many to learn from"
    )


# A run


@pytest.fixture
def give(database, make_prediction):
    """Corrections in the database, so many by each actor, no two on one text; returns their ids by actor."""

    def store(**counts: int) -> dict[str, list[str]]:
        texts = iter(distinct_texts(sum(counts.values())))
        ids: dict[str, list[str]] = {}
        with database.write() as session:
            for actor, count in counts.items():
                for _ in range(count):
                    answer = make_prediction(id=queries.new_id(), text=next(texts))
                    queries.save_predictions(session, [answer])
                    id, _ = queries.save_feedback(
                        session, prediction_id=answer.id, label="negative", actor=actor, comment="", why="test"
                    )
                    ids.setdefault(actor, []).append(id)
        return ids

    return store


@pytest.fixture
def statuses(database):
    """How many corrections of an actor have which status."""

    def counted(actor: str) -> dict[str, int]:
        with database.read() as session:
            return dict(Counter(row.status for row in session.query(FeedbackRow).filter_by(actor=actor)))

    return counted


@pytest.fixture
def nothing_to_install(monkeypatch):
    """The shipped version counts as installed: these tests load no model."""
    monkeypatch.setattr(Versions, "ensure_shipped", lambda self: None)
    monkeypatch.setattr(Versions, "installed", lambda self: manifests.read(SHIPPED_MODEL))


def test_a_run_that_has_too_few_corrections_tells_each_where_it_stands(
    settings, database, small, nothing_to_install, give, statuses, count
):
    (first, *_) = give(anna=3, ben=1)["anna"]
    outcome = retrain.retrain(settings, say=print)
    assert outcome.outcome == "insufficient"
    assert outcome.reason.startswith("of 4 corrections that may teach, too few are on different texts")
    assert (statuses("anna"), statuses("ben")) == ({"accepted": 3}, {"accepted": 1})
    with database.read() as session:
        events = session.query(FeedbackEventRow).filter_by(feedback_id=first).order_by(FeedbackEventRow.id)
        assert [(event.status, event.why) for event in events] == [
            ("pending", "test"),
            ("accepted", "There are too few people yet to weigh their words; the comparison decides."),
        ]
    # recorded, so that it is not due again until more was given
    assert count(AttemptRow) == 1


def test_too_few_corrections_are_no_reason_to_keep_what_was_turned_down(
    settings, database, small, nothing_to_install, withdrawn, monkeypatch
):
    with database.write() as session:
        queries.activate(session, version_id="v1", why="test")
        few = [one for one in queries.judged_corrections(session) if one.actor != "carl" and one.status != "rejected"]
    learned = []
    monkeypatch.setattr(Run, "weigh_sources", lambda run: few)
    monkeypatch.setattr(Run, "challenge", lambda run, folder, material: learned.append(material))
    monkeypatch.setattr(Run, "conclude", lambda run, found: Outcome("kept", "test"))
    assert retrain.retrain(settings, say=print).reason == "test"
    [material] = learned
    assert (Counter(one.actor for one in material.learned), material.held) == ({"anna": 2, "ben": 2}, [])


def test_a_dry_run_leaves_every_correction_where_it_stood(settings, small, nothing_to_install, give, statuses, count):
    give(anna=3, ben=1)
    assert retrain.retrain(settings, dry_run=True, say=print).outcome == "insufficient"
    assert (statuses("anna"), statuses("ben")) == ({"pending": 3}, {"pending": 1})
    assert count(FeedbackEventRow) == 4


@pytest.mark.parametrize(("setting", "named", "hours"), [(0, None, 0), (48, None, 48), (48, 24, 24), (48, 0, 0)])
def test_how_long_it_reads_in_the_shadow_is_the_installations_unless_it_is_named(
    settings, nothing_to_install, monkeypatch, setting, named, hours
):
    asked = []
    monkeypatch.setattr(Run, "weigh_sources", lambda run: asked.append(run.shadow) or [])
    chosen = settings.model_copy(update={"shadow_hours": setting})
    retrain.retrain(chosen, shadow=None if named is None else timedelta(hours=named), say=print)
    assert asked == [timedelta(hours=hours)]


def verdict(failed: str = "") -> Verdict:
    checks = [Check(failed, "1", "2", "finding", "rule", False)] if failed else []
    return Verdict(not failed, failed or "better", checks)


HARMS, NO_BETTER, WINS = verdict("gate rows (9)"), verdict(f"{HELD_BACK} (30 in 30 groups)"), verdict()


@pytest.fixture
def decide(settings, database, small, monkeypatch, tmp_path):
    """Run.decide on all that is in the database, with verdicts given in place of trainings, and of 100 gate rows how
    many each challenger answers rightly, those only glanced at too; returns whose words each learned, and which one it
    is that the run comes to: (its number, its verdict, whose words)."""

    def run(
        *verdicts: Verdict, right: tuple[int, ...] = (90, 90, 90), dry_run: bool = False
    ) -> tuple[list[set[str]], tuple[int, Verdict, set[str]]]:
        learned_from, left, folders = [], list(verdicts), []

        def glance(self, folder, material):
            learned_from.append({one.actor for one in material.learned + material.held})
            folder.mkdir()
            folders.append(folder)
            return np.arange(100) < right[len(folders) - 1]

        def challenge(self, folder, material):
            answered = glance(self, folder, material)
            return Challenger(folder, manifests.read(SHIPPED_MODEL), left.pop(0), material, answered)

        monkeypatch.setattr(Run, "glance", glance)
        monkeypatch.setattr(Run, "challenge", challenge)
        versions = Versions(settings, database)
        with database.read() as session:
            accepted = [one for one in queries.judged_corrections(session) if one.status != "rejected"]
        attempt = Run(settings, database, versions, manifests.read(SHIPPED_MODEL), "v1", 1, dry_run, timedelta(), print)
        draft = versions.store.draft("challenger")
        found = attempt.decide(draft, accepted, attempt.collect(accepted))
        assert left == []
        return learned_from, (
            1 + folders.index(found.folder),
            found.verdict,
            {one.actor for one in found.material.learned},
        )

    return run


def test_a_challenger_that_wins_is_trained_once_where_without_a_large_source_there_is_too_little(give, decide):
    give(anna=40, mallory=40)
    assert decide(WINS) == ([{"anna", "mallory"}], (1, WINS, {"anna", "mallory"}))


def test_a_challenger_that_is_only_no_better_is_trained_once(give, decide, statuses):
    give(anna=80, mallory=70)
    assert decide(NO_BETTER) == ([{"anna", "mallory"}], (1, NO_BETTER, {"anna", "mallory"}))
    assert statuses("mallory") == {"pending": 70}


def test_a_large_source_that_does_harm_is_set_aside(database, give, decide, statuses):
    ids = give(anna=65, mallory=70)
    # the largest is left out first
    learned_from, (number, reached, whose) = decide(HARMS, WINS)
    assert learned_from == [{"anna", "mallory"}, {"anna"}]
    assert (number, reached.promote, whose) == (2, True, {"anna"})
    assert reached.reason == "better; without a source that does harm, which is set aside now"
    assert (statuses("anna"), statuses("mallory")) == ({"pending": 65}, {"quarantined": 70})
    with database.read() as session:
        last = session.query(FeedbackEventRow).filter_by(feedback_id=ids["mallory"][0])
        assert last.order_by(FeedbackEventRow.id.desc()).first().why == HARMFUL


def test_a_source_that_was_set_aside_stays_so_in_the_next_run(settings, database, give, decide, statuses, versions):
    give(anna=65, mallory=70)
    decide(HARMS, WINS)
    run = Run(settings, database, versions, versions.installed(), "both-1", 2, False, timedelta(), print)
    assert {one.actor for one in run.weigh_sources()} == {"anna"}
    assert statuses("mallory") == {"quarantined": 70}


def test_a_source_without_which_nothing_changes_is_not_to_blame(give, decide, statuses):
    give(anna=70, ben=75, mallory=80)
    learned_from, concluded = decide(HARMS, HARMS, WINS)
    assert learned_from == [{"anna", "ben", "mallory"}, {"anna", "ben"}, {"anna", "mallory"}]
    assert (concluded[0], concluded[2]) == (3, {"anna", "mallory"})
    assert (statuses("mallory"), statuses("ben")) == ({"pending": 80}, {"quarantined": 75})


def test_the_first_verdict_stands_where_no_large_source_is_to_blame_and_two_are_tried_at_most(give, decide, statuses):
    give(anna=70, ben=75, mallory=80)
    learned_from, concluded = decide(HARMS, HARMS, NO_BETTER)
    assert learned_from == [{"anna", "ben", "mallory"}, {"anna", "ben"}, {"anna", "mallory"}]
    assert (concluded[0], concluded[1].reason, concluded[2]) == (1, HARMS.reason, {"anna", "ben", "mallory"})
    assert [statuses(actor) for actor in ("anna", "ben", "mallory")] == [{"pending": n} for n in (70, 75, 80)]


def test_what_wins_is_compared_with_what_has_learned_without_each_large_source(give, decide, statuses):
    give(anna=70, ben=75, mallory=80)
    learned_from, (number, reached, whose) = decide(WINS, right=(90, 92, 87))
    assert learned_from == [{"anna", "ben", "mallory"}, {"anna", "ben"}, {"anna", "mallory"}]
    assert (number, reached.promote, reached.reason, whose) == (1, True, "better", {"anna", "ben", "mallory"})
    # two rows of two: mid-p 1/4 / 2
    findings = ["+2.00 points (by chance: p = 0.12)", "-3.00 points (by chance: p = 0.94)"]
    assert [check.finding for check in reached.checks] == findings
    assert [check.passed for check in reached.checks] == [True, True]
    assert statuses("mallory") == {"pending": 80}


@pytest.mark.parametrize("without", [WINS, NO_BETTER])
def test_a_large_source_with_which_gate_rows_are_read_worse_is_set_aside_though_the_gate_finds_no_harm(
    give, decide, statuses, without
):
    give(anna=70, ben=75, mallory=80)
    # seven rows of seven: mid-p 1/128 / 2
    learned_from, (number, reached, whose) = decide(WINS, without, right=(90, 97, 96))
    # without mallory first at a glance, then in earnest
    assert learned_from == [{"anna", "ben", "mallory"}, {"anna", "ben"}, {"anna", "ben"}]
    assert (number, reached.promote, whose) == (3, without.promote, {"anna", "ben"})
    assert (reached.checks[-1].finding, reached.checks[-1].passed) == ("+7.00 points (by chance: p = 0.0039)", None)
    assert statuses("mallory") == {"quarantined": 80}


def test_a_source_without_which_there_is_too_little_to_decide_on_is_not_left_out(give, decide):
    # without mallory there are 59, half of which are fewer than 30; without anna, 80
    give(anna=59, mallory=80)
    learned_from, concluded = decide(HARMS, NO_BETTER)
    assert learned_from == [{"anna", "mallory"}, {"mallory"}]
    assert (concluded[0], concluded[1].reason) == (1, HARMS.reason)


def test_a_source_that_gave_little_is_not_suspected(give, decide):
    give(anna=29, ben=20, carl=29)
    assert decide(HARMS)[0] == [{"anna", "ben", "carl"}]


@pytest.fixture
def withdrawn(database, give):
    """The champion, v1, has learned three corrections of anna's and all of ben's, and one of anna's was turned down."""
    ids = give(anna=3, ben=2, carl=80)
    with database.write() as session:
        learned = dict.fromkeys(ids["anna"][:3] + ids["ben"], "negative")
        queries.add_version(session, id="v1", parent=None, corrections=5, metrics={}, verdict={}, learned=learned)
        queries.decide(session, ids["anna"][0], False, "eve", "no")


def test_what_the_champion_should_not_have_learned_is_left_out_where_nothing_better_comes_of_it(withdrawn, decide):
    assert decide(NO_BETTER, WINS)[1] == (2, WINS, {"anna", "ben"})


def test_what_is_learned_again_is_learned_beside_what_was_replayed_then(withdrawn, settings, database):
    with database.write() as session:
        for _ in range(4):
            made = queries.start_attempt(session)
        queries.finish_attempt(session, id=made, outcome="promoted", reason="test", version_id="v1")
        queries.start_attempt(session)
    run = Run(
        settings,
        database,
        Versions(settings, database),
        manifests.read(SHIPPED_MODEL),
        "v1",
        5,
        False,
        timedelta(),
        print,
    )
    seeds = []

    def note(*_, seed, **__):
        seeds.append(seed)

    run.collect([], note)
    assert seeds == [4]


def test_a_better_one_that_is_without_it_all_the_same_is_taken(withdrawn, decide):
    assert decide(WINS)[1] == (1, WINS, {"anna", "ben", "carl"})


def test_what_is_learned_again_is_without_a_source_that_was_just_set_aside(withdrawn, give, decide):
    give(mallory=80)
    # carl's words win and do harm, without them nothing is better, and what v1 knows of anna and ben serves
    learned_from, (number, reached, whose) = decide(WINS, NO_BETTER, WINS, right=(90, 97, 97, 97))
    assert ["carl" in each for each in learned_from] == [True, False, False, False]
    assert (number, reached.promote, whose) == (4, True, {"anna", "ben"})


def test_the_first_verdict_stands_where_the_model_is_worse_without_what_was_withdrawn(withdrawn, decide):
    assert decide(NO_BETTER, HARMS)[1][:2] == (1, NO_BETTER)


def test_a_dry_run_sets_nothing_aside(give, decide, statuses):
    give(anna=65, mallory=70)
    assert decide(HARMS, WINS, dry_run=True)[1][2] == {"anna"}
    assert statuses("mallory") == {"pending": 70}


# When a run is due, and what a decision leaves behind

NOTHING = Material({}, [], np.array([]), [], {})


def give_each(database, count: int) -> None:
    """Corrections of that many texts that differ; each by a person of their own."""
    numbers = range(count)
    answers = [answer(number) for number in numbers]
    with database.write() as session:
        queries.save_predictions(session, answers)
        for one in answers:
            queries.save_feedback(session, prediction_id=one.id, label="negative", actor=one.id, comment="", why="test")


def answer(number: int) -> Prediction:
    scores = {"negative": 0.1, "neutral": 0.8, "positive": 0.1}
    id = queries.new_id()
    return Prediction(f"{id} is late, {number}", "neutral", 0.8, scores, "en", "agent", False, "both-1", id)


@pytest.fixture
def little(versions, small, settings, monkeypatch):
    """An installation in which three corrections make a run due, and are too few to judge by."""
    monkeypatch.setattr(retrain, "collect", lambda *_, **__: NOTHING)
    return settings.model_copy(update={"retrain_min_corrections": 3})


def test_a_run_by_the_clock_is_not_due_while_another_is_under_way(little):
    with exclusive(little.data_dir / RETRAINING, "retraining"):
        outcome = retrain.retrain(little, if_due=True)
        assert outcome.outcome == "not-due"
        assert outcome.reason.startswith("retraining is already running: process ")
        with pytest.raises(Locked, match="retraining is already running"):
            retrain.retrain(little)


def test_a_run_that_is_due_and_has_too_little_is_not_due_again_until_as_many_more_came(little, database):
    give_each(database, 2)
    assert retrain.retrain(little, if_due=True).outcome == "not-due"
    give_each(database, 1)
    assert retrain.retrain(little, if_due=True).outcome == "insufficient"
    again = retrain.retrain(little, if_due=True)
    assert (again.outcome, again.reason) == ("not-due", "0 corrections since the last attempt, 3 make a run due")
    give_each(database, 3)
    assert retrain.retrain(little, if_due=True).outcome == "insufficient"


def test_a_rejected_challenger_counts_as_an_attempt_and_a_killed_run_does_not(little, database):
    give_each(database, 3)
    with database.write() as session:
        queries.start_attempt(session)
    assert retrain.retrain(little, if_due=True, dry_run=True).outcome == "insufficient"
    with database.write() as session:
        queries.finish_attempt(session, id=queries.start_attempt(session), outcome="kept", reason="no better")
    assert retrain.retrain(little, if_due=True).outcome == "not-due"


@pytest.fixture
def conclude(settings, versions, database):
    """Conclude an attempt whose challenger, a copy of what serves, got the verdict; returns its outcome."""

    def run(verdict: Verdict, approval: str = "auto", *, dry_run: bool = False, shadow=timedelta(), champion: str = ""):
        before, draft = versions.active(), versions.store.draft("challenger")
        shutil.copytree(versions.store.folder(before), draft, dirs_exist_ok=True)
        manifest = manifests.read(draft).model_copy(update={"id": "r0001-x", "parent": before})
        with database.write() as session:
            attempt = queries.start_attempt(session)
        chosen = settings.model_copy(update={"approval": approval})
        made = Run(
            chosen, database, versions, versions.installed(), champion or before, attempt, dry_run, shadow, print
        )
        try:
            return made.conclude(Challenger(draft, manifest, verdict, NOTHING, np.zeros(0, dtype=bool)))
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    return run


def test_what_is_better_is_published_and_active(conclude, versions, database):
    before = versions.active()
    assert conclude(WINS).outcome == "promoted"
    assert (versions.active(), manifests.verify(versions.store.folder("r0001-x")).parent) == ("r0001-x", before)
    with database.read() as session:
        kept = queries.attempt(session, id=1)
        assert (kept.outcome, kept.version_id, kept.verdict["promote"]) == ("promoted", "r0001-x", True)


def test_with_approval_by_a_lead_what_is_better_waits_until_it_is_promoted(conclude, versions):
    before = versions.active()
    outcome = conclude(WINS, approval="lead")
    assert (outcome.outcome, outcome.version, versions.active()) == ("awaiting-approval", "r0001-x", before)
    versions.promote("r0001-x", "a lead")
    assert versions.active() == "r0001-x"


def test_what_was_compared_with_another_than_what_is_active_by_now_waits(conclude, versions):
    before = versions.active()
    outcome = conclude(WINS, champion="another")
    assert (outcome.outcome, versions.active()) == ("awaiting-approval", before)
    assert outcome.reason == f"better; but {before} was made active meanwhile, with which it was not compared"


def test_of_what_is_no_better_the_verdict_is_kept_and_no_folder(conclude, versions, database):
    before = versions.active()
    assert conclude(HARMS).outcome == "kept"
    assert [path.name for path in versions.store.root.glob("[!.]*")] == [before]
    with database.read() as session:
        kept = queries.attempt(session, id=1)
        assert (kept.outcome, kept.version_id) == ("kept", None)
        assert kept.verdict["checks"][0]["name"] == "gate rows (9)"


def test_a_dry_run_says_what_would_be_and_changes_nothing(conclude, versions, database):
    before = versions.active()
    outcome = conclude(WINS, dry_run=True)
    assert (outcome.outcome, outcome.reason) == ("promoted", "dry run, nothing changed: better")
    assert versions.active() == before
    assert [path.name for path in versions.store.root.glob("[!.]*")] == [before]
    with database.read() as session:
        assert [row.id for row in queries.all_versions(session)] == [before]
        assert queries.attempt(session, id=1).outcome is None


def test_what_is_better_and_is_to_be_in_the_shadow_first_is_published_and_not_active(conclude, versions, database):
    before = versions.active()
    outcome = conclude(WINS, shadow=timedelta(hours=48))
    assert (outcome.outcome, outcome.version) == ("awaiting-approval", "r0001-x")
    assert outcome.reason.startswith(f"better; reads in the shadow of {before} until 2")
    assert versions.active() == before
    manifests.verify(versions.store.folder("r0001-x"))
    with database.read() as session:
        shadow = queries.open_shadow(session)
        assert (shadow.version_id, shadow.champion) == ("r0001-x", before)
        assert shadow.until - shadow.started_at < timedelta(hours=48)
