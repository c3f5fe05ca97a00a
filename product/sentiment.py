"""Labels, predictions, corrections and receipts: plain data, no I/O."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from product.codes import Reason
from product.identity import Actor

MAX_TEXTS = 256
"""Texts in one predict request, at most."""
MAX_CHARACTERS = 10_000
"""Characters in one text, at most."""


class Label(StrEnum):
    """Sentiment towards the subject of the message; `data/labelling-guide.md` defines each label."""

    negative = "negative"
    neutral = "neutral"
    positive = "positive"


LABELS: tuple[str, ...] = tuple(label.value for label in Label)
"""The fixed order: index i of any logits or score row belongs to LABELS[i]."""


class Status(StrEnum):
    """What has become of a correction."""

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
    """What the model returns for one text, with the route chosen from it.

    `scores` maps each of LABELS to a probability; they sum to 1. `confidence` is the probability of `label`. `language`
    is an ISO 639-1 code, or `und` if there are no words or it is unknown. `supported`: an expert has learned to read
    the text; if not, the scores mean little. `omitted`: the parts of the message that were not read, as codes in the
    order of `OmittedPart`. `id` is None if the prediction is not stored.
    """

    text: str
    label: str
    confidence: float
    scores: dict[str, float]
    language: str
    route: str
    truncated: bool
    model_version: str
    id: str | None = None
    supported: bool = True
    omitted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Correction:
    """A contributor's label for a prediction. `label == predicted` is a confirmation.

    `reviewed`: a reviewer has accepted or rejected it. `imported`: it came from a file.
    """

    id: str
    prediction_id: str
    text: str
    label: str
    predicted: str
    actor: Actor
    status: str
    model_version: str
    created_at: datetime
    reviewed: bool = False
    imported: bool = False

    @property
    def source(self) -> str:
        return self.actor.source

    @property
    def confirms(self) -> bool:
        return self.label == self.predicted


@dataclass(frozen=True)
class StatusChange:
    """A line of a correction's history. `note`: the reason that a reviewer wrote."""

    status: str
    at: datetime
    reason: Reason
    note: str = ""


SHOWN_OF_ID = 8
"""Characters of a feedback id that pages show: enough to find the correction."""


@dataclass(frozen=True)
class Receipt:
    """What became of a correction. `learned_in` is a version id; `agrees_now` says whether the active version
    predicts `label`; None if no model is loaded or the text is erased."""

    feedback_id: str
    status: str
    label: str
    predicted: str
    learned_in: str | None
    agrees_now: bool | None
    history: list[StatusChange] = field(default_factory=list)


@dataclass(frozen=True)
class MyCorrection:
    """A correction as its contributor sees it: the message, their comment and the receipt."""

    text: str
    comment: str
    given_at: datetime
    receipt: Receipt


def new_id() -> str:
    """32 random hex digits, which cannot be guessed."""
    return uuid.uuid4().hex


class AttuneError(Exception):
    """Base of the errors with a message written for the person who sees it."""


class InvalidInput(AttuneError):
    """A value is not allowed; the message names the field and what is allowed."""


class NotFound(AttuneError):
    """Nothing has that id."""


class StorageUnavailable(AttuneError):
    """The database cannot be read or written at the moment."""
