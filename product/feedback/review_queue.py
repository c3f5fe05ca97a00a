"""The review queue: candidates from the database, ranked, each with all that a lead needs to decide."""

from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from product.feedback.ranking import Candidate, Ranked, Rules, rank
from product.identity import Actor
from product.sentiment import LABELS, Status
from product.storage.corrections import corrections_to_review, unproven_corrections
from product.storage.predictions import uncorrected_predictions
from product.storage.tables import FeedbackRow, PredictionRow
from product.storage.versions import shadow_disagreements

OPEN = (Status.pending.value, Status.quarantined.value)
"""A correction with one of these, that no lead has decided on, may need a decision."""
REASONS = ("quarantined", "disputed", "waiting", "shadow", "drifted", "unsure", "unseen")
"""Why a message is in the queue; of several reasons, the first. `waiting`: too little is known of who spoke of it.
`shadow`: a challenger that reads in the shadow says another label. Nobody said anything yet of what is `unsure`, the
model being so, or only `unseen`."""


@dataclass(frozen=True)
class Said:
    """Somebody's word on the message. `open`: a lead's decision on it is wanted."""

    feedback_id: str
    actor: Actor
    label: str
    status: str
    comment: str
    open: bool


@dataclass(frozen=True)
class Item:
    """A message to look at, why, and what it was ranked by. `said`: of the same text in any message, oldest first.
    `challenger`: the label that a version in the shadow gives, where that is another."""

    prediction_id: str
    text: str
    shown: str
    scores: dict[str, float]
    language: str
    created_at: datetime
    reason: str
    said: tuple[Said, ...] = ()
    challenger: str = ""
    cost: float = 0.0
    uncertainty: float = 0.0
    priority: float = 0.0

    def as_dict(self) -> dict:
        content = asdict(self)
        for correction, said in zip(content["said"], self.said, strict=True):
            correction["actor"] = said.actor.handle
        return content


def review_queue(session: Session, drifted: list[str], limit: int, rules: Rules | None = None) -> list[Item]:
    """Up to `limit` messages; `drifted` are ids of answers that drift asks to look at."""
    rules = rules or Rules()
    items = {item.prediction_id: item for item in _candidates(session, drifted, rules)}
    return [
        _placed(items[ranked.candidate.id], ranked, rules)
        for ranked in rank(map(_candidate, items.values()), limit, rules)
    ]


def _candidates(session: Session, drifted: list[str], rules: Rules) -> list[Item]:
    """Corrections first: of equals, a person's word is looked at before a message nobody spoke of."""
    items = _to_decide(corrections_to_review(session, limit=rules.recent), unproven_corrections(session))
    told = {one.prediction_id: one.label for one in shadow_disagreements(session, rules.drifted)}
    differing = uncorrected_predictions(session, limit=rules.drifted, ids=list(told))
    items += [replace(_item(row, "shadow"), challenger=told[row.id]) for row in differing]
    moved = [id for id in drifted if id not in told]
    items += [_item(row, "drifted") for row in uncorrected_predictions(session, limit=rules.drifted, ids=moved)]
    recent = uncorrected_predictions(session, limit=rules.recent)
    return items + [_item(row, "unseen") for row in recent if row.id not in {*told, *drifted}]


def _to_decide(rows: list[tuple[FeedbackRow, PredictionRow]], waiting: set[str]) -> list[Item]:
    """Texts with a correction that was put aside or waits, or of which people disagree; each once."""
    by_text = defaultdict(list)
    for word, answer in rows:
        by_text[" ".join(answer.text.casefold().split())].append((word, answer))
    items = []
    for group in by_text.values():
        said = tuple(_said(word) for word, _ in group)
        disputed = len({word.label for word in said}) > 1
        wanted = [
            word.open and (disputed or word.status == Status.quarantined or word.feedback_id in waiting)
            for word in said
        ]
        if any(wanted):
            said = tuple(replace(word, open=each) for word, each in zip(said, wanted, strict=True))
            aside = any(word.open and word.status == Status.quarantined for word in said)
            reason = "quarantined" if aside else "disputed" if disputed else "waiting"
            items.append(replace(_item(group[0][1], reason), said=said))
    return items


def _said(word: FeedbackRow) -> Said:
    is_open = word.status in OPEN and word.reviewer_kind is None
    return Said(word.id, word.actor, word.label, word.status, word.comment, is_open)


def _item(row: PredictionRow, reason: str) -> Item:
    scores = {label: getattr(row, label) for label in LABELS}
    return Item(row.id, row.text, row.label, scores, row.language, row.created_at, reason)


def _candidate(item: Item) -> Candidate:
    return Candidate(
        id=item.prediction_id,
        text=item.text,
        scores=[item.scores[label] for label in LABELS],
        shown=item.shown,
        # A challenger's label counts as one person's word.
        words=(*(word.label for word in item.said), *((item.challenger,) if item.challenger else ())),
        drifted=item.reason == "drifted",
    )


def _placed(item: Item, ranked: Ranked, rules: Rules) -> Item:
    reason = "unsure" if item.reason == "unseen" and ranked.uncertainty >= rules.doubt else item.reason
    return replace(item, reason=reason, cost=ranked.cost, uncertainty=ranked.uncertainty, priority=ranked.priority)
