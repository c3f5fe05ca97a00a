"""The vocabulary everyone shares: labels, predictions, corrections, receipts. Plain data, no I/O."""

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MAX_TEXTS = 256
"""Texts in one predict request, at most."""
MAX_CHARACTERS = 10_000
"""Characters in one text, at most."""


class Label(StrEnum):
    """Sentiment towards what the message is about; `data/labelling-guide.md` says what each means."""

    negative = "negative"
    neutral = "neutral"
    positive = "positive"


LABELS: tuple[str, ...] = tuple(label.value for label in Label)
"""The fixed order: index i of any logits or score row belongs to LABELS[i]."""


class Status(StrEnum):
    """Where a correction stands."""

    pending = "pending"
    accepted = "accepted"
    quarantined = "quarantined"
    learned = "learned"
    rejected = "rejected"
    erased = "erased"


class Route(StrEnum):
    """Who should read the message next."""

    self_service = "self-service"
    agent = "agent"
    urgent = "urgent"


@dataclass(frozen=True)
class Prediction:
    """What the model said of one text. `scores` maps each of LABELS to a probability; they sum to 1."""

    text: str
    label: str
    confidence: float
    scores: dict[str, float]
    language: str
    route: str
    truncated: bool
    model_version: str
    id: str | None = None


CLIENT = re.compile(r"(?:desk:)?([0-9a-f]{12})(?::.*)?", re.DOTALL)
"""An actor for whom nobody vouches: whatever they call themselves, the hash is their client's."""


def source_of(actor: str) -> str:
    """Who is believed or not: the client of those for whom nobody vouches, else the actor. One client could make up as
    many names as it likes, each saying what the others say."""
    client = CLIENT.fullmatch(actor)
    return client[1] if client else actor


@dataclass(frozen=True)
class Correction:
    """A person's word on a prediction, with what the model had said. `label == predicted` is a confirmation.

    `reviewed`: a person with the lead role has decided that it stands, or that it does not. `imported`: it came in a
    file.
    """

    id: str
    prediction_id: str
    text: str
    label: str
    predicted: str
    actor: str
    status: str
    model_version: str
    created_at: datetime
    reviewed: bool = False
    imported: bool = False

    @property
    def source(self) -> str:
        return source_of(self.actor)

    @property
    def confirms(self) -> bool:
        return self.label == self.predicted


@dataclass(frozen=True)
class StatusChange:
    status: str
    at: datetime
    why: str


SHOWN_OF_ID = 8
"""Characters of a receipt's id that a page shows: enough to find it again."""


@dataclass(frozen=True)
class Receipt:
    """What became of a correction. `learned_in` is a version id; `agrees_now` is None when no model can be asked."""

    feedback_id: str
    status: str
    label: str
    predicted: str
    learned_in: str | None
    agrees_now: bool | None
    history: list[StatusChange] = field(default_factory=list)


@dataclass(frozen=True)
class MyCorrection:
    """A correction as who gave it sees it: the message with what became of their word."""

    text: str
    comment: str
    given_at: datetime
    receipt: Receipt


def new_id() -> str:
    """An id that nobody can guess: 32 hex digits."""
    return uuid.uuid4().hex


class AttuneError(Exception):
    """Base of the errors whose message is written for the person who sees it."""


class InvalidInput(AttuneError):
    """What was sent cannot be accepted; the message names the field and what is allowed."""


class NotFound(AttuneError):
    """Nothing has that id."""


class StorageUnavailable(AttuneError):
    """The database cannot be read or written just now."""
