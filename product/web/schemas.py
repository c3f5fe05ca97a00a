"""Request and response models of the REST API: the schemas in /openapi.json."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field

from product.codes import OmittedPart
from product.sentiment import MAX_CHARACTERS, MAX_TEXTS
from product.validation import MAX_COMMENT

MAX_GIVEN_ACTOR = 100
"""Characters of `actor` in a request. The stored name has room for more."""

LabelName = Literal["negative", "neutral", "positive"]
StatusName = Literal["pending", "accepted", "quarantined", "learned", "rejected", "erased"]
RouteName = Literal["self-service", "agent", "urgent"]


# Requests. The schema documents the limits; the application enforces them, because the web pages use it as well.


class RequestModel(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class PredictRequest(RequestModel):
    texts: Annotated[list[str], FailFast()] = Field(
        description=f"1 to {MAX_TEXTS} texts of 1 to {MAX_CHARACTERS} characters, not only white space.",
        json_schema_extra={
            "minItems": 1,
            "maxItems": MAX_TEXTS,
            "items": {"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS},
        },
    )
    explain: bool = Field(False, description="Explanations are not available yet; true is refused.")


class FeedbackRequest(RequestModel):
    prediction_id: str
    label: LabelName
    actor: str | None = Field(
        None,
        description="Name of the person who corrects. Trusted behind a token; without one, names are kept apart per "
        "client.",
        json_schema_extra={"maxLength": MAX_GIVEN_ACTOR},
    )
    comment: str | None = Field(None, json_schema_extra={"maxLength": MAX_COMMENT})


# Responses.


class Scores(BaseModel):
    negative: float
    neutral: float
    positive: float


class PredictionResponse(BaseModel):
    id: str | None = Field(description="Null if the prediction could not be stored; it cannot be corrected then.")
    label: LabelName
    confidence: float
    scores: Scores
    language: str = Field(description="An ISO 639-1 code, or `und` if there are no words or it is unknown.")
    supported: bool = Field(description="The model has learned this language; if false, the scores mean little.")
    route: RouteName
    truncated: bool
    omitted: list[OmittedPart] = Field(description="Parts of the message that were not read.")


class PredictResponse(BaseModel):
    model_version: str
    predictions: list[PredictionResponse]


class FeedbackResponse(BaseModel):
    feedback_id: str
    status: StatusName


class StatusChangeResponse(BaseModel):
    status: StatusName
    at: datetime
    why: str
    code: str
    values: dict[str, Any]


class ReceiptResponse(BaseModel):
    feedback_id: str
    status: StatusName
    label: LabelName
    predicted: LabelName
    learned_in: str | None
    agrees_now: bool | None
    history: list[StatusChangeResponse]


class VersionResponse(BaseModel):
    id: str
    parent: str | None
    created: datetime
    active: bool
    corrections: int
    metrics: dict[str, Any]
    verdict: dict[str, Any]


class LivenessResponse(BaseModel):
    status: Literal["ok"]


class ReadinessResponse(BaseModel):
    status: Literal["ready", "degraded"]
    model: str
    database: bool
    refused: dict[str, str] = Field(description="Versions refused at loading, with the reason.")


class Problem(BaseModel):
    detail: str


class NotReady(Problem):
    status: Literal["unavailable"]
    model: None
    database: bool
