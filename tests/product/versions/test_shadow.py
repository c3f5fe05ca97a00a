"""The rule that settles shadow mode, on plain rows."""

import pytest

from product.codes import Outcome, Reason, RunCode
from product.storage.tables import ShadowRow
from product.versions.shadow import progress, settle


@pytest.fixture
def shadow() -> ShadowRow:
    return ShadowRow(version_id="v2", champion="v1", predictions_read=1200, predictions_differing=30)


@pytest.mark.parametrize(
    ("active", "problem", "approval", "outcome", "reason"),
    [
        ("v1", "", "auto", Outcome.promoted, Reason(RunCode.shadow_finished)),
        ("v1", "", "lead", Outcome.awaiting_approval, Reason(RunCode.shadow_finished_lead_decides)),
        ("v1", "bad", "auto", Outcome.awaiting_approval, Reason(RunCode.shadow_not_trusted, {"problem": "bad"})),
        (
            "v3",
            "bad",
            "auto",
            Outcome.awaiting_approval,
            Reason(RunCode.active_version_changed, {"active": "v3", "champion": "v1"}),
        ),
        ("v2", "bad", "lead", Outcome.promoted, Reason(RunCode.shadow_promoted_early)),
    ],
)
def test_the_outcome_depends_on_the_active_version_the_files_and_the_approval_setting(
    shadow, active, problem, approval, outcome, reason
):
    assert settle(shadow, active, problem, approval) == (outcome, [reason, progress(shadow)])


def test_progress_has_the_counts_of_scored_and_differing_predictions(shadow):
    values = {"read": 1200, "champion": "v1", "differed": 30}
    assert progress(shadow) == Reason(RunCode.shadow_progress, values)
