"""Codes for everything the program decides, with the numbers behind each decision.

Decisions are stored and compared as codes; `product.texts.rendering` makes sentences of them in the reader's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Value = str | int | float | bool | list[str]
"""What a reason may carry: plain JSON values."""


@dataclass(frozen=True)
class Reason:
    """Why something happened: a code, and the values its sentence needs."""

    code: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"code": str(self.code), "values": dict(self.values)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Reason":
        return cls(content["code"], content.get("values") or {})


class Outcome(StrEnum):
    """What a retraining run decided."""

    promoted = "promoted"
    kept = "kept"
    awaiting_approval = "awaiting-approval"
    not_due = "not-due"
    insufficient = "insufficient"


class FeedbackCode(StrEnum):
    """Why a correction has its status. Values are named behind each code."""

    given = "given"
    given_by_lead = "given-by-lead"
    decided_by_lead = "decided-by-lead"
    imported = "imported"
    learned = "learned-by-version"  # version
    not_learned = "not-learned-by-version"  # version
    erased_by_operator = "erased-by-operator"
    erased_by_contributor = "erased-by-contributor"
    removed = "removed"  # an event whose text and author went with an erased correction
    contributor_contradicted = "contributor-contradicted"  # trust
    contributor_trusted = "contributor-trusted"  # trust
    contributor_unproven = "contributor-unproven"  # trust
    too_few_contributors = "too-few-contributors"
    accepted_by_reviewer = "accepted-by-reviewer"
    rejected_by_reviewer = "rejected-by-reviewer"
    too_fast = "too-fast"  # limit, minutes
    outvoted = "outvoted"  # labels
    disputed = "disputed"
    over_share = "over-share"  # share
    harmful_contributor = "harmful-contributor"
    language_not_supported = "language-not-supported"  # language
    legacy = "legacy"  # text: a sentence stored before there were codes


class ReviewReason(StrEnum):
    """Why a message is in the review queue. If several apply, the first one."""

    quarantined = "quarantined"
    disputed = "disputed"
    waiting = "waiting"  # the contributor is not yet trusted
    shadow = "shadow"  # a version in shadow mode predicts another label
    drifted = "drifted"
    unsure = "unsure"
    unseen = "unseen"  # nobody has given feedback


class RunCode(StrEnum):
    """Why a retraining run, an activation or a shadow ended as it did. Values are named behind each code."""

    corrections_missing = "corrections-missing"  # count, needed
    other_run_active = "other-run-active"  # holder
    too_few_new_texts = "too-few-new-texts"  # accepted, needed
    better = "better"
    not_worse_without_withdrawn = "not-worse-without-withdrawn"
    check_failed = "check-failed"  # check: the check's code, subject, and its numbers
    unmeasured = "unmeasured"  # corpora
    harmful_contributor_excluded = "harmful-contributor-excluded"
    active_version_changed = "active-version-changed"  # active, champion
    shadow_started = "shadow-started"  # champion, until
    dry_run = "dry-run"
    shipped = "shipped"
    promoted_by_command = "promoted-by-command"
    rolled_back_by_command = "rolled-back-by-command"
    probation_failed = "probation-failed"  # version, and the values of ProbationCode.worse
    shadow_replaced = "shadow-replaced"  # version
    shadow_promoted_early = "shadow-promoted-early"
    shadow_not_trusted = "shadow-not-trusted"  # problem
    shadow_finished_lead_decides = "shadow-finished-lead-decides"
    shadow_finished = "shadow-finished"
    shadow_progress = "shadow-progress"  # read, champion, differed
    legacy = "legacy"  # text


class ProbationCode(StrEnum):
    """What a check of a version on probation found.

    Values: before and after, the numbers of predictions. All but the first also have mistakes_before, mistakes_after
    and `p`, the p-value.
    """

    too_few_predictions = "too-few-predictions"  # also: needed
    no_clear_rise = "no-clear-rise"
    single_contributor = "single-contributor"
    worse = "worse"


class CorpusProblem(StrEnum):
    """Why a gate corpus is not measured."""

    no_expert = "no-expert"
    no_folder = "no-folder"
    unreadable = "unreadable"


class CheckCode(StrEnum):
    """The lines of the evaluation gate, in the order of the table."""

    gate_rows = "gate-rows"
    gate_rows_shipped = "gate-rows-shipped"
    holdout_labels = "holdout-labels"
    holdout_labels_not_worse = "holdout-labels-not-worse"
    holdout_probabilities = "holdout-probabilities"
    no_forgetting = "no-forgetting"
    slice = "slice"
    corpus_unmeasured = "corpus-unmeasured"
    source_ablation = "source-ablation"
    earlier_attempt = "earlier-attempt"
    legacy = "legacy"


class DriftCode(StrEnum):
    """How far one measure of a week's messages is from the reference. Values: measure, rows, and for `watch` and
    `drifted` the bin that grew most (bin, or low and high) with its shares (was, now)."""

    steady = "steady"
    watch = "watch"
    drifted = "drifted"
    few = "few"  # too few messages in the week
    no_reference = "no_reference"
    is_reference = "is_reference"  # the week is part of the reference
    uncounted = "uncounted"  # nothing like it in the reference


class ReferenceCode(StrEnum):
    """What a week's messages are compared with. Values are named behind each code."""

    training = "training"  # model
    first_weeks = "first-weeks"  # until
    none = "none"  # needed: messages that the first full weeks must have


class ReferenceProblem(StrEnum):
    """Why weeks are not compared with the shipped reference. Values are named behind each code."""

    not_wanted = "not-wanted"  # ATTUNE_DRIFT_REFERENCE asks for the first weeks
    missing = "missing"
    unreadable = "unreadable"  # error
    malformed = "malformed"  # error
    invalid_counts = "invalid-counts"
    other_scheme = "other-scheme"  # found, expected
    other_model = "other-model"  # found, expected


class OmittedPart(StrEnum):
    """A part of a message that is not read, in the order in which parts are listed."""

    quoted_reply = "quoted-reply"
    forwarded = "forwarded"
    signature = "signature"
    disclaimer = "disclaimer"
    banner = "banner"
    agent_turns = "agent-turns"
    code = "code"


Cut = tuple[str, set[OmittedPart]]
"""The text that is left of a message, and the parts that were taken out."""
