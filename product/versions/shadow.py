"""The rule that decides what becomes of a challenger after its time in shadow mode. Pure functions."""

from product.codes import Outcome, Reason, RunCode, Value
from product.storage.tables import ShadowRow


def settle(shadow: ShadowRow, active: str, problem: str, approval: str) -> tuple[Outcome, list[Reason]]:
    """The outcome, `promoted` or `awaiting-approval`, and its reasons.

    `active` is the active version; `problem` says why the challenger's files cannot be trusted, empty if they can;
    `approval` is the setting, `auto` or `lead`.
    """
    outcome = Outcome.awaiting_approval
    if active == shadow.version_id:
        outcome, reason = Outcome.promoted, Reason(RunCode.shadow_promoted_early)
    elif active != shadow.champion:
        reason = Reason(RunCode.active_version_changed, {"active": active, "champion": shadow.champion})
    elif problem:
        reason = Reason(RunCode.shadow_not_trusted, {"problem": problem})
    elif approval == "lead":
        reason = Reason(RunCode.shadow_finished_lead_decides)
    else:
        outcome, reason = Outcome.promoted, Reason(RunCode.shadow_finished)
    return outcome, [reason, progress(shadow)]


def progress(shadow: ShadowRow) -> Reason:
    """How many of the champion's predictions the challenger has scored, and how many of its labels differ."""
    values: dict[str, Value] = {
        "read": shadow.predictions_read,
        "champion": shadow.champion,
        "differed": shadow.predictions_differing,
    }
    return Reason(RunCode.shadow_progress, values)
