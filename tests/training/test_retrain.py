"""Which expert learns from a correction, on a version of two experts; the loop on the real app is in tests/loop."""

import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from product import manifest as manifests
from product import versions as product_versions
from product.inference import model as models
from product.sentiment import Correction, Prediction
from product.settings import Settings
from product.storage import queries
from product.versions import Versions, install_shipped
from training import corpora, gate, material, retrain
from training.corpora import Row
from training.factory import ship
from training.finetune import Recipe
from training.gate import Rules


def correction(number: int, text: str, label: str) -> Correction:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Correction(str(number), str(number), text, label, "neutral", "anna", "pending", "both-1", at)


def chinese_corrections(count: int) -> list[Correction]:
    rows = corpora.load("replay-zh", "validation")[:count]
    return [correction(number, row.text, row.label) for number, row in enumerate(rows)]


@pytest.fixture
def small(monkeypatch):
    """Enough to see what is done with which rows; what is learned from them does not matter."""
    monkeypatch.setattr(material, "REPLAYED", {"en": {"replay-en": 20}, "zh": {"replay-zh": 20}})
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
    collected = material.collect(settings, chinese_corrections(24), ("en", "zh"), seed=1, say=print)
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
    verdict, metrics = retrain.judge(champion, challenger, collected, Rules(), print)
    assert metrics["gate"]["rows"] == 40
    unmeasured = {check.name.strip(): check.finding for check in verdict.checks if "unmeasured" in check.finding}
    assert unmeasured == {"imdb": "unmeasured: ATTUNE_CORPUS_DIR names no folder that it lies in"}


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
    assert retrain.right(scores, rows).tolist() == [True, False]


def test_a_single_correction_is_not_repeated_without_end(shipped):
    replayed = corpora.load("replay-en", "train")[:200]
    lesson = material.Lesson([correction(0, "My very own words", "negative")], replayed, [])
    data = retrain.training_set(shipped.experts["en"], lesson)
    # a fifth of 200 would be 40 times
    assert sum(label == 0 for label in data["labels"]) == retrain.OFTEN


def give(database, count: int) -> None:
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
def too_few(versions, small, settings, monkeypatch):
    """An installation in which three corrections make a run due, and are too few to judge by."""
    monkeypatch.setattr(retrain, "collect", lambda *_, **__: material.Material({}, [], np.array([]), [], {}))
    return settings.model_copy(update={"retrain_min_corrections": 3})


def test_a_run_that_is_due_and_has_too_little_is_not_due_again_until_as_many_more_came(too_few, database):
    give(database, 2)
    assert retrain.retrain(too_few, if_due=True).outcome == "not-due"
    give(database, 1)
    assert retrain.retrain(too_few, if_due=True).outcome == "insufficient"
    again = retrain.retrain(too_few, if_due=True)
    assert (again.outcome, again.reason) == ("not-due", "0 corrections since the last attempt, 3 make a run due")
    give(database, 3)
    assert retrain.retrain(too_few, if_due=True).outcome == "insufficient"


def test_a_rejected_challenger_counts_as_an_attempt_and_a_killed_run_does_not(too_few, database):
    give(database, 3)
    with database.write() as session:
        queries.start_attempt(session)
    assert retrain.retrain(too_few, if_due=True, dry_run=True).outcome == "insufficient"
    with database.write() as session:
        queries.finish_attempt(session, id=queries.start_attempt(session), outcome="kept", reason="no better")
    assert retrain.retrain(too_few, if_due=True).outcome == "not-due"


def test_what_is_better_and_is_to_be_in_the_shadow_first_is_published_and_not_active(settings, versions, database):
    before, draft = versions.active(), versions.store.draft("challenger")
    shutil.copytree(versions.store.folder(before), draft, dirs_exist_ok=True)
    manifest = manifests.read(draft).model_copy(update={"id": "r0001-x", "parent": before})
    with database.write() as session:
        attempt = queries.start_attempt(session)
    verdict, empty = gate.Verdict(True, "better"), material.Material({}, [], np.array([]), [], {})
    common = settings, database, versions, draft, manifest, verdict, empty, attempt
    outcome = retrain._conclude(*common, False, timedelta(hours=48))
    assert (outcome.outcome, outcome.version) == ("awaiting-approval", "r0001-x")
    assert outcome.reason.startswith(f"better; reads in the shadow of {before} until 2")
    assert versions.active() == before
    manifests.verify(versions.store.folder("r0001-x"))
    with database.read() as session:
        shadow = queries.open_shadow(session)
        assert (shadow.version_id, shadow.champion) == ("r0001-x", before)
        assert shadow.until - shadow.started_at < timedelta(hours=48)
