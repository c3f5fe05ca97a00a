"""The review queue: messages from the database, ranked, each with what a lead needs to decide."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from product.codes import ReviewReason
from product.feedback.ranking import Candidate, Ranked, ReviewRules, rank
from product.identity import Actor
from product.inference.text.language import supports
from product.sentiment import LABELS, Status
from product.storage.corrections import corrections_to_review, unproven_corrections
from product.storage.predictions import uncorrected_predictions
from product.storage.tables import FeedbackRow, PredictionRow
from product.storage.versions import shadow_disagreements

UNDECIDED = (Status.pending.value, Status.quarantined.value)
"""A correction with one of these statuses, and without a reviewer, may need a decision."""


@dataclass(frozen=True)
class QueuedCorrection:
    """A correction of a queued message. `open`: a lead should decide on it."""

    feedback_id: str
    actor: Actor
    label: str
    status: str
    comment: str
    open: bool


@dataclass(frozen=True)
class Item:
    """A message to review. `corrections`: of every message with the same text, oldest first. `challenger`: the label of
    a version in shadow mode, if it differs from the predicted one."""

    prediction_id: str
    text: str
    predicted: str
    scores: dict[str, float]
    language: str
    created_at: datetime
    reason: ReviewReason
    corrections: tuple[QueuedCorrection, ...] = ()
    challenger: str = ""
    cost: float = 0.0
    uncertainty: float = 0.0
    priority: float = 0.0
    supported: bool = True
    """An expert has learned to read the message; if not, the scores mean little."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; contributors by their handle."""
        content = asdict(self) | {"reason": str(self.reason)}
        content["corrections"] = [asdict(found) | {"actor": found.actor.handle} for found in self.corrections]
        return content


def review_queue(
    session: Session,
    drifted: Sequence[str],
    limit: int,
    rules: ReviewRules | None = None,
    *,
    experts: Collection[str] = ("en", "zh"),
) -> list[Item]:
    """Up to `limit` messages. `drifted`: ids of predictions of drifted groups. `experts`: languages of the model."""
    rules = rules or ReviewRules()
    items = {item.prediction_id: item for item in _collect(session, drifted, rules)}
    ranking = rank(map(_candidate, items.values()), limit, rules)
    found = [_with_priority(items[ranked.candidate.id], ranked, rules) for ranked in ranking]
    return [replace(item, supported=supports(experts, item.text, item.language)) for item in found]


def _collect(session: Session, drifted: Sequence[str], rules: ReviewRules) -> list[Item]:
    """Corrected messages first: of equal priority, they come before messages without corrections."""
    corrected = corrections_to_review(session, limit=rules.max_recent)
    items = _undecided(corrected, unproven_corrections(session))
    challenger = {row.prediction_id: row.label for row in shadow_disagreements(session, rules.max_drifted)}
    differing = uncorrected_predictions(session, limit=rules.max_drifted, ids=list(challenger))
    items += [replace(_item(row, ReviewReason.shadow), challenger=challenger[row.id]) for row in differing]
    drifted_only = [id for id in drifted if id not in challenger]
    in_drift = uncorrected_predictions(session, limit=rules.max_drifted, ids=drifted_only)
    items += [_item(row, ReviewReason.drifted) for row in in_drift]
    recent = uncorrected_predictions(session, limit=rules.max_recent)
    queued = {*challenger, *drifted}
    return items + [_item(row, ReviewReason.unseen) for row in recent if row.id not in queued]


def _undecided(rows: Sequence[tuple[FeedbackRow, PredictionRow]], unproven: set[str]) -> list[Item]:
    """One item for each text with a quarantined, disputed or unproven correction."""
    by_text: dict[str, list[tuple[FeedbackRow, PredictionRow]]] = defaultdict(list)
    for feedback, prediction in rows:
        by_text[" ".join(prediction.text.casefold().split())].append((feedback, prediction))
    items = []
    for group in by_text.values():
        corrections = _open_corrections([feedback for feedback, _ in group], unproven)
        if any(correction.open for correction in corrections):
            _, first = group[0]
            items.append(replace(_item(first, _reason(corrections)), corrections=corrections))
    return items


def _open_corrections(rows: Sequence[FeedbackRow], unproven: set[str]) -> tuple[QueuedCorrection, ...]:
    """The corrections of one text. Open are those without a decision that are quarantined, disputed or unproven."""
    disputed = len({row.label for row in rows}) > 1
    return tuple(
        QueuedCorrection(
            row.id,
            row.actor,
            row.label,
            row.status,
            row.comment,
            open=row.status in UNDECIDED
            and row.reviewer is None
            and (disputed or row.status == Status.quarantined or row.id in unproven),
        )
        for row in rows
    )


def _reason(corrections: Sequence[QueuedCorrection]) -> ReviewReason:
    if any(correction.open and correction.status == Status.quarantined for correction in corrections):
        return ReviewReason.quarantined
    disputed = len({correction.label for correction in corrections}) > 1
    return ReviewReason.disputed if disputed else ReviewReason.waiting


def _item(row: PredictionRow, reason: ReviewReason) -> Item:
    scores = {label: getattr(row, label) for label in LABELS}
    return Item(row.id, row.text, row.label, scores, row.language, row.created_at, reason)


def _candidate(item: Item) -> Candidate:
    labels = [correction.label for correction in item.corrections]
    return Candidate(
        id=item.prediction_id,
        text=item.text,
        scores=[item.scores[label] for label in LABELS],
        predicted=item.predicted,
        # A challenger's label counts like one person's.
        labels=(*labels, item.challenger) if item.challenger else tuple(labels),
        drifted=item.reason == ReviewReason.drifted,
    )


def _with_priority(item: Item, ranked: Ranked, rules: ReviewRules) -> Item:
    unsure = item.reason == ReviewReason.unseen and ranked.uncertainty >= rules.unsure_from
    reason = ReviewReason.unsure if unsure else item.reason
    return replace(item, reason=reason, cost=ranked.cost, uncertainty=ranked.uncertainty, priority=ranked.priority)
