"""Which expert learns from a correction, on a version of two experts, and what a run does with sources and verdicts;
the loop on the real app is in tests/loop."""

import shutil
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from product.inference import manifest as manifests
from product.inference import model as models
from product.privacy import keys
from product.sentiment import Prediction, new_id
from product.settings.configuration import SHIPPED_MODEL, Settings
from product.settings.rules import GateRules
from product.storage.attempts import finish_attempt, get_attempt, start_attempt
from product.storage.corrections import all_corrections
from product.storage.database import Database
from product.storage.feedback import record_decision, save_feedback
from product.storage.locks import RETRAINING, Locked, exclusive
from product.storage.migrate import migrate
from product.storage.predictions import save_predictions
from product.storage.tables import AttemptRow, FeedbackEventRow, FeedbackRow
from product.storage.versions import activate_version, add_version, all_versions, learned_labels, open_shadow
from product.versions.installer import install_shipped, installed_manifest
from product.versions.registry import Versions
from tests.support.corrections import chinese_corrections, collect, distinct_texts
from training.data import catalogue as corpora
from training.retraining import compare as judging
from training.retraining import loop as retrain
from training.retraining import train as teaching
from training.retraining.dataset import RetrainDataset
from training.retraining.gate import HELD_BACK, Check, Verdict
from training.retraining.loop import HARMFUL, Challenger, Outcome, Run, too_few


def test_chinese_corrections_train_the_chinese_expert_and_leave_the_english_one_alone(settings, versions, small):
    shipped = installed_manifest(versions.store)
    collected = collect(settings, chinese_corrections(24), least=6)
    draft = versions.store.draft("challenger")
    made = retrain.make_challenger(settings, versions, shipped, draft, 1, shipped.id, collected, print)
    assert made.experts["en"] == shipped.experts["en"]
    assert made.experts["zh"].parts == ["zh/packed", "zh/corrections-1"]
    assert made.experts["zh"].serving.sha256 != shipped.experts["zh"].serving.sha256
    # zh-reviews is not here to calibrate on
    assert made.experts["zh"].temperature == shipped.experts["zh"].temperature
    champion, challenger = models.load(versions.store.folder(shipped.id)), models.load(draft)
    english, chinese = (
        ["Where is my parcel?"],
        [row.text for row in corpora.load("replay-zh", "train", corpus_dir="")[:50]],
    )
    assert challenger.logits(english).tolist() == champion.logits(english).tolist()
    assert np.abs(challenger.logits(chinese) - champion.logits(chinese)).max() > 0.01
    verdict, metrics, right = judging.judge(champion, challenger, collected, GateRules(), print)
    assert right.mean() == pytest.approx(metrics["gate"]["accuracy"])
    assert metrics["gate"]["rows"] == 40
    unmeasured = {check.name.strip(): check.finding for check in verdict.checks if "unmeasured" in check.finding}
    assert unmeasured == {"imdb": "unmeasured: ATTUNE_CORPUS_DIR names no folder that it lies in"}


def test_a_glance_is_at_what_a_single_training_makes_of_the_gate_rows(settings, versions, database, small):
    collected = collect(settings, chinese_corrections(24), least=6)
    run = Run(settings, database, versions, installed_manifest(versions.store), "both-1", 1, False, timedelta(), print)
    folder = versions.store.draft("challenger") / "train_ablation"
    found = run.train_ablation(folder, collected)
    assert manifests.verify(folder).training["runs"] == 1
    assert found.tolist() == judging.answered_rightly(models.load(folder), collected.gate).tolist()
    assert len(found) == len(collected.gate) == 40


def test_an_expert_that_learns_nothing_is_the_one_of_the_version_named_with_all_its_hashes(versions, tmp_path):
    shipped = manifests.read(versions.store.folder("both-1")).experts["zh"]
    kept = retrain.keep(versions, "both-1", "zh", tmp_path / "draft")
    assert kept == shipped
    assert manifests.sha256(tmp_path / "draft" / kept.serving.file) == kept.serving.sha256


def test_the_manifest_has_a_keyed_fingerprint_of_every_row_used(settings, versions, small):
    collected = collect(settings, chinese_corrections(24), least=6)
    draft = versions.store.draft("challenger")
    shipped = installed_manifest(versions.store)
    made = retrain.make_challenger(settings, versions, shipped, draft, 1, shipped.id, collected, print)
    rows = made.data["rows"]
    # of twenty those that the shipped model reads otherwise than their label are not used
    expert = models.load(versions.store.folder(shipped.id)).experts["zh"]
    replayed = len(teaching.rightly_read(expert, collected.lessons["zh"].replayed).rows)
    assert made.data["replayed"] == {"zh": replayed}
    assert len(rows) == len(collected.learned) + replayed
    key = keys.secret(settings.data_dir)
    for one in collected.learned:
        assert keys.keyed_hash(key, "row", f"{one.label}\0{one.text}")[:16] in rows
    for one in collected.held:
        assert keys.keyed_hash(key, "row", f"{one.label}\0{one.text}")[:16] not in rows


def test_a_whole_run_works_the_same_on_postgresql(versions, settings, small, postgresql_url, make_prediction):
    """Collect, train, judge, publish, record: all of it, but what a few rows teach a tiny model is let pass."""

    class Passes(Run):
        def challenge(self, folder, material, turn=0):
            found = super().challenge(folder, material, turn)
            return replace(found, verdict=replace(found.verdict, promote=True))

    few = GateRules(min_holdout_groups=6)
    here = Settings(_env_file=None, data_dir=settings.data_dir, corpus_dir="", database_url=postgresql_url, gate=few)
    database = Database(postgresql_url)
    migrate(database)
    home = Versions(here, database)
    install_shipped(here, home)
    rows = corpora.load("replay-zh", "validation", corpus_dir="")[:24]
    with database.write() as session:
        for row in rows:
            answer = make_prediction(id=new_id(), text=row.text, model_version="both-1")
            save_predictions(session, [answer])
            save_feedback(session, prediction_id=answer.id, label=row.label, actor="anna", comment="", why="test")
    outcome = retrain.retrain(here, say=print, attempt_as=Passes)
    assert (outcome.outcome, outcome.champion) == ("promoted", "both-1"), outcome.reason
    assert home.active() == outcome.version
    with database.read() as session:
        learned = learned_labels(session, version_id=outcome.version)
    # two fifths of few judge
    assert len(learned) == manifests.verify(home.store.folder(outcome.version)).corrections == 14
    assert retrain.retrain(here, if_due=True, say=print).outcome == "not-due"
    database.close()


def held_in(groups: list[int]) -> RetrainDataset:
    return RetrainDataset({}, [], np.array(groups), [], {})


def test_fewer_than_thirty_groups_held_back_are_too_few():
    rules = GateRules()
    assert rules.min_holdout_groups == 30
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
                    answer = make_prediction(id=new_id(), text=next(texts))
                    save_predictions(session, [answer])
                    id, _ = save_feedback(
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
    monkeypatch.setattr("training.retraining.loop.ensure_shipped", lambda settings, versions: None)
    monkeypatch.setattr("training.retraining.loop.installed_manifest", lambda store: manifests.read(SHIPPED_MODEL))


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
        activate_version(session, version_id="v1", why="test")
        few = [one for one in all_corrections(session) if one.actor != "carl" and one.status != "rejected"]
    learned = []
    monkeypatch.setattr(Run, "score_contributors", lambda run: few)

    def challenge(run, folder, material, turn):
        learned.append(material)
        return Challenger(folder, manifests.read(SHIPPED_MODEL), verdict(), material, np.ones(1, dtype=bool))

    monkeypatch.setattr(Run, "challenge", challenge)
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
    monkeypatch.setattr(Run, "score_contributors", lambda run: asked.append(run.shadow) or [])
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
        *verdicts: Verdict, right: tuple[int, ...] = (90, 90, 90, 90), dry_run: bool = False
    ) -> tuple[list[set[str]], tuple[int, Verdict, set[str]]]:
        learned_from, left, folders, turns = [], list(verdicts), [], []

        def train_ablation(self, folder, material):
            learned_from.append({one.actor for one in material.learned + material.held})
            folder.mkdir()
            folders.append(folder)
            return np.arange(100) < right[len(folders) - 1]

        def challenge(self, folder, material, turn=0):
            turns.append(turn)
            answered = train_ablation(self, folder, material)
            return Challenger(folder, manifests.read(SHIPPED_MODEL), left.pop(0), material, answered)

        monkeypatch.setattr(Run, "train_ablation", train_ablation)
        monkeypatch.setattr(Run, "challenge", challenge)
        versions = Versions(settings, database)
        with database.read() as session:
            accepted = [one for one in all_corrections(session) if one.status != "rejected"]
        attempt = Run(settings, database, versions, manifests.read(SHIPPED_MODEL), "v1", 1, dry_run, timedelta(), print)
        draft = versions.store.draft("challenger")
        found = attempt.decide(draft, accepted, attempt.collect(accepted))
        assert left == []
        # another order each time that nothing new is learned, and else always the same
        tried = len(turns) - turns.index(1) + 1 if 1 in turns else 1
        assert turns[-tried:] == list(range(tried)) and set(turns[:-tried]) <= {0}
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
    # who is to blame is seen by the whole verdict, and the gate rows with and without are shown beside it
    (shown,) = reached.checks
    assert (shown.name, shown.passed) == ("without a source that gave 70 of 135", None)
    assert (statuses("anna"), statuses("mallory")) == ({"pending": 65}, {"quarantined": 70})
    with database.read() as session:
        last = session.query(FeedbackEventRow).filter_by(feedback_id=ids["mallory"][0])
        assert last.order_by(FeedbackEventRow.id.desc()).first().why == HARMFUL


def test_a_source_that_was_set_aside_stays_so_in_the_next_run(settings, database, give, decide, statuses, versions):
    give(anna=65, mallory=70)
    decide(HARMS, WINS)
    run = Run(settings, database, versions, installed_manifest(versions.store), "both-1", 2, False, timedelta(), print)
    assert {one.actor for one in run.score_contributors()} == {"anna"}
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
    shown = {check.name: check.passed for check in concluded[1].checks[-2:]}
    assert shown == dict.fromkeys([f"without a source that gave {given} of 225" for given in (80, 75)])
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
    # without mallory first at a train_ablation, then in earnest
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
        add_version(session, id="v1", parent=None, corrections=5, metrics={}, verdict={}, learned=learned)
        record_decision(session, ids["anna"][0], False, "eve", "no")


def test_what_the_champion_should_not_have_learned_is_left_out_where_nothing_better_comes_of_it(withdrawn, decide):
    assert decide(NO_BETTER, WINS)[1] == (2, WINS, {"anna", "ben"})


def test_what_is_learned_again_is_learned_beside_what_was_replayed_then(withdrawn, settings, database):
    with database.write() as session:
        for _ in range(4):
            made = start_attempt(session)
        finish_attempt(session, id=made, outcome="promoted", reason="test", version_id="v1")
        start_attempt(session)
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
    assert decide(NO_BETTER, HARMS, HARMS, HARMS)[1][:2] == (1, NO_BETTER)


def test_what_is_learned_again_may_be_trained_in_another_order_and_its_verdict_says_so(withdrawn, decide):
    _, (number, reached, whose) = decide(NO_BETTER, HARMS, WINS)
    assert (number, reached.promote, reached.reason, whose) == (3, True, WINS.reason, {"anna", "ben"})
    shown = reached.checks[-1]
    assert (shown.name.strip(), shown.finding, shown.passed) == ("order 1", HARMS.reason, None)


def test_a_dry_run_sets_nothing_aside(give, decide, statuses):
    give(anna=65, mallory=70)
    assert decide(HARMS, WINS, dry_run=True)[1][2] == {"anna"}
    assert statuses("mallory") == {"pending": 70}


# When a run is due, and what a decision leaves behind

NOTHING = RetrainDataset({}, [], np.array([]), [], {})


def give_each(database, count: int) -> None:
    """Corrections of that many texts that differ; each by a person of their own."""
    numbers = range(count)
    answers = [answer(number) for number in numbers]
    with database.write() as session:
        save_predictions(session, answers)
        for one in answers:
            save_feedback(session, prediction_id=one.id, label="negative", actor=one.id, comment="", why="test")


def answer(number: int) -> Prediction:
    scores = {"negative": 0.1, "neutral": 0.8, "positive": 0.1}
    id = new_id()
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
        start_attempt(session)
    assert retrain.retrain(little, if_due=True, dry_run=True).outcome == "insufficient"
    with database.write() as session:
        finish_attempt(session, id=start_attempt(session), outcome="kept", reason="no better")
    assert retrain.retrain(little, if_due=True).outcome == "not-due"


@pytest.fixture
def conclude(settings, versions, database):
    """Conclude an attempt whose challenger, a copy of what serves, got the verdict; returns its outcome."""

    def run(verdict: Verdict, approval: str = "auto", *, dry_run: bool = False, shadow=timedelta(), champion: str = ""):
        before, draft = versions.active(), versions.store.draft("challenger")
        shutil.copytree(versions.store.folder(before), draft, dirs_exist_ok=True)
        manifest = manifests.read(draft).model_copy(update={"id": "r0001-x", "parent": before})
        with database.write() as session:
            attempt = start_attempt(session)
        chosen = settings.model_copy(update={"approval": approval})
        made = Run(
            chosen,
            database,
            versions,
            installed_manifest(versions.store),
            champion or before,
            attempt,
            dry_run,
            shadow,
            print,
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
        kept = get_attempt(session, id=1)
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
        kept = get_attempt(session, id=1)
        assert (kept.outcome, kept.version_id) == ("kept", None)
        assert kept.verdict["checks"][0]["name"] == "gate rows (9)"


def test_a_dry_run_says_what_would_be_and_changes_nothing(conclude, versions, database):
    before = versions.active()
    outcome = conclude(WINS, dry_run=True)
    assert (outcome.outcome, outcome.reason) == ("promoted", "dry run, nothing changed: better")
    assert versions.active() == before
    assert [path.name for path in versions.store.root.glob("[!.]*")] == [before]
    with database.read() as session:
        assert [row.id for row in all_versions(session)] == [before]
        assert get_attempt(session, id=1).outcome is None


def test_what_is_better_and_is_to_be_in_the_shadow_first_is_published_and_not_active(conclude, versions, database):
    before = versions.active()
    outcome = conclude(WINS, shadow=timedelta(hours=48))
    assert (outcome.outcome, outcome.version) == ("awaiting-approval", "r0001-x")
    assert outcome.reason.startswith(f"better; reads in the shadow of {before} until 2")
    assert versions.active() == before
    manifests.verify(versions.store.folder("r0001-x"))
    with database.read() as session:
        shadow = open_shadow(session)
        assert (shadow.version_id, shadow.champion) == ("r0001-x", before)
        assert shadow.until - shadow.started_at < timedelta(hours=48)
