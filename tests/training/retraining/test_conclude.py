"""What becomes of a challenger with a verdict: published and activated, waiting, or kept out."""

import shutil
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from product.codes import CheckCode, Outcome, Reason, RunCode
from product.inference import manifest as manifests
from product.storage.attempts import get_attempt, start_attempt
from product.storage.versions import Activation, all_versions, open_shadow
from product.versions.installer import installed_manifest
from tests.support.runs import HARMS, WINS
from training.retraining.challenger import Challenger, RunContext, RunResult, conclude
from training.retraining.dataset import RetrainDataset
from training.retraining.gate import Verdict

NOTHING = RetrainDataset({}, [], np.array([]), [])


@pytest.fixture
def concluded(settings, versions, database):
    """Conclude an attempt whose challenger, a copy of the active version, has this verdict."""

    def run(verdict: Verdict, approval: str = "auto", **changes) -> RunResult:
        active, draft = versions.active(), versions.store.draft("challenger")
        shutil.copytree(versions.store.folder(active), draft, dirs_exist_ok=True)
        manifest = manifests.read(draft).model_copy(update={"id": "r0001-x", "parent": active})
        with database.write() as session:
            attempt = start_attempt(session)
        chosen = settings.model_copy(update={"approval": approval})
        context = RunContext(chosen, database, versions, installed_manifest(versions.store), active, attempt)
        try:
            challenger = Challenger(draft, manifest, verdict, NOTHING, np.zeros(0, dtype=bool))
            return conclude(replace(context, **changes), challenger)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    return run


def published(versions) -> list[str]:
    return [path.name for path in versions.store.root.glob("[!.]*")]


def test_a_challenger_that_passes_is_published_and_active(concluded, versions, database):
    before = versions.active()
    assert concluded(WINS).outcome == Outcome.promoted
    assert (versions.active(), manifests.verify(versions.store.folder("r0001-x")).parent) == ("r0001-x", before)
    with database.read() as session:
        attempt = get_attempt(session, id=1)
        assert (attempt.outcome, attempt.version_id, attempt.verdict["promote"]) == ("promoted", "r0001-x", True)


def test_with_approval_by_a_lead_a_passing_challenger_waits_until_it_is_promoted(concluded, versions):
    before = versions.active()
    result = concluded(WINS, approval="lead")
    assert (result.outcome, result.version) == (Outcome.awaiting_approval, "r0001-x")
    assert versions.active() == before
    versions.promote("r0001-x", Activation([Reason(RunCode.promoted_by_command)]))
    assert versions.active() == "r0001-x"


def test_a_passing_challenger_waits_if_another_version_became_active_during_the_run(concluded, versions):
    before = versions.active()
    result = concluded(WINS, champion="another")
    assert (result.outcome, versions.active()) == (Outcome.awaiting_approval, before)
    changed = Reason(RunCode.active_version_changed, {"active": before, "champion": "another"})
    assert result.reasons == [*WINS.reasons, changed]


def test_a_failed_challenger_leaves_its_verdict_and_no_folder(concluded, versions, database):
    before = versions.active()
    assert concluded(HARMS).outcome == Outcome.kept
    assert published(versions) == [before]
    with database.read() as session:
        attempt = get_attempt(session, id=1)
        assert (attempt.outcome, attempt.version_id) == ("kept", None)
        assert attempt.verdict["checks"][0]["code"] == CheckCode.gate_rows


def test_a_dry_run_reports_the_outcome_and_changes_nothing(concluded, versions, database):
    before = versions.active()
    result = concluded(WINS, dry_run=True)
    assert (result.outcome, result.reasons) == (Outcome.promoted, [*WINS.reasons, Reason(RunCode.dry_run)])
    assert versions.active() == before
    assert published(versions) == [before]
    with database.read() as session:
        assert [row.id for row in all_versions(session)] == [before]
        assert get_attempt(session, id=1).outcome is None


def test_a_challenger_in_shadow_mode_is_published_and_not_active(concluded, versions, database):
    before = versions.active()
    result = concluded(WINS, shadow=timedelta(hours=48))
    assert (result.outcome, result.version) == (Outcome.awaiting_approval, "r0001-x")
    assert result.reasons[-1].code == RunCode.shadow_started
    assert result.reasons[-1].values["champion"] == before
    assert versions.active() == before
    manifests.verify(versions.store.folder("r0001-x"))
    with database.read() as session:
        shadow = open_shadow(session)
        assert (shadow.version_id, shadow.champion) == ("r0001-x", before)
        assert shadow.ends_at - shadow.started_at < timedelta(hours=48)
