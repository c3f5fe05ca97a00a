"""REST: what programs call. Every error is {"detail": one sentence that names the field and the limit}."""

import hmac
import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, FailFast, Field
from starlette.exceptions import HTTPException
from starlette.routing import Route

from product.sentiment import (
    LABELS,
    MAX_CHARACTERS,
    MAX_TEXTS,
    AttuneError,
    InvalidInput,
    NotFound,
    Prediction,
    Receipt,
)
from product.service import Application
from product.validation import MAX_COMMENT, check_length
from product.web import metrics as exposition

# The largest request allowed, with every character written as two \uXXXX escapes, and room for the rest.
MAX_BODY = MAX_TEXTS * MAX_CHARACTERS * 12 + 64 * 1024
MAX_FIELDS = 100
MAX_GIVEN_ACTOR = 100
"""Leaves room for the token's name or the client's key, which stand before it where it is stored."""

LabelName = Literal["negative", "neutral", "positive"]
StatusName = Literal["pending", "accepted", "quarantined", "learned", "rejected", "erased"]


# What is sent. The limits are said here and held by the application, which the pages go through as well.


class Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class PredictRequest(Body):
    texts: Annotated[list[str], FailFast()] = Field(
        description=f"1 to {MAX_TEXTS} texts of 1 to {MAX_CHARACTERS} characters, not only white space.",
        json_schema_extra={
            "minItems": 1,
            "maxItems": MAX_TEXTS,
            "items": {"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS},
        },
    )
    explain: bool = Field(False, description="Explanations are not available yet: true is refused.")


class FeedbackRequest(Body):
    prediction_id: str
    label: LabelName
    actor: str | None = Field(
        None,
        description="Who says so. Behind a token it is believed; without one it is kept apart per client.",
        json_schema_extra={"maxLength": MAX_GIVEN_ACTOR},
    )
    comment: str | None = Field(None, json_schema_extra={"maxLength": MAX_COMMENT})


# What is answered.


class Scores(BaseModel):
    negative: float
    neutral: float
    positive: float


class PredictionAnswer(BaseModel):
    id: str | None = Field(description="Null where it could not be stored: nothing to correct.")
    label: LabelName
    confidence: float
    scores: Scores
    language: str
    route: Literal["self-service", "agent", "urgent"]
    truncated: bool


class PredictAnswer(BaseModel):
    model_version: str
    predictions: list[PredictionAnswer]


class FeedbackAnswer(BaseModel):
    feedback_id: str
    status: StatusName


class StatusChangeAnswer(BaseModel):
    status: StatusName
    at: datetime
    why: str


class ReceiptAnswer(BaseModel):
    feedback_id: str
    status: StatusName
    label: LabelName
    predicted: LabelName
    learned_in: str | None
    agrees_now: bool | None
    history: list[StatusChangeAnswer]


class VersionAnswer(BaseModel):
    id: str
    parent: str | None
    created: datetime
    active: bool
    corrections: int
    metrics: dict[str, Any]
    verdict: dict[str, Any]


class Alive(BaseModel):
    status: Literal["ok"]


class Readiness(BaseModel):
    status: Literal["ready", "degraded"]
    model: str
    database: bool
    refused: dict[str, str] = Field(description="Versions that should serve but cannot be trusted, and why.")


class Problem(BaseModel):
    detail: str


class NotReady(Problem):
    status: Literal["unavailable"]
    model: None
    database: bool


PROBLEMS = {
    400: "The body is not UTF-8 JSON",
    401: "No valid token",
    404: "Nothing has that id",
    413: "The body is too large",
    415: "The body is not sent as application/json",
    422: "A field is missing, unknown or over its limit",
    503: "No model is loaded, or the database is out of reach",
}


def problems(*statuses: int) -> dict[int | str, dict]:
    known = {status: {"model": Problem, "description": PROBLEMS[status]} for status in statuses}
    return known | {"default": {"model": Problem, "description": "Any other error"}}


def build_api(application: Application) -> FastAPI:
    """The REST routes. A page mounted on "/" afterwards takes every path that is not one of theirs."""
    # The interactive documentation would load its scripts from another company's servers.
    api = FastAPI(title="Attune", version="1", docs_url=None, redoc_url=None, redirect_slashes=False)
    api.include_router(_public_routes(application))
    api.include_router(_health_routes(application))
    _refuse_the_rest(api)
    api.add_exception_handler(HTTPException, _http_problem)
    api.add_exception_handler(RequestValidationError, _invalid_request)
    api.add_exception_handler(AttuneError, _attune_problem)
    api.add_exception_handler(Exception, _our_fault)
    return api


def _public_routes(application: Application) -> APIRouter:
    tokens = application.settings.api_tokens
    # The route checks the token before it reads a body; the dependency only writes it into the documentation.
    documented = [Depends(HTTPBearer(auto_error=False))] if tokens else []
    routes = APIRouter(prefix="/api/v1", route_class=_guarded_route(tokens), dependencies=documented)

    @routes.post("/predict", responses=problems(400, 401, 413, 415, 422, 503))
    def predict(body: PredictRequest) -> PredictAnswer:
        """Label, calibrated confidence and scores of each text, in the order sent."""
        if body.explain:
            raise InvalidInput("explain: not available yet; leave it out or send false.")
        return _predict_answer(application.predict(body.texts))

    @routes.post("/feedback", status_code=201, responses=problems(400, 401, 404, 413, 415, 422, 503))
    def feedback(request: Request, body: FeedbackRequest) -> FeedbackAnswer:
        """Say which label is right. The same actor again on the same prediction replaces what stood."""
        feedback_id, status = application.correct(
            prediction_id=body.prediction_id,
            label=body.label,
            actor=_actor(application, request, body.actor or ""),
            comment=body.comment or "",
        )
        return FeedbackAnswer(feedback_id=feedback_id, status=status)

    @routes.get("/feedback/{feedback_id}", responses=problems(401, 404, 503))
    def receipt(feedback_id: str) -> ReceiptAnswer:
        """What became of a correction; learned means in the data of the version that is active now."""
        return _receipt_answer(application.receipt(feedback_id))

    @routes.get("/versions", responses=problems(401, 503))
    def versions() -> list[VersionAnswer]:
        """The model versions, newest first."""
        return [VersionAnswer(**version) for version in application.versions()]

    return routes


def _health_routes(application: Application) -> APIRouter:
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz() -> Alive:
        """The process answers. Not in the thread pool: it must answer when every thread is busy."""
        return Alive(status="ok")

    not_ready = {503: {"model": NotReady, "description": "No model is loaded"}}

    @routes.get("/readyz", response_model=Readiness, responses=not_ready)
    def readyz():
        """200 while messages are answered; `degraded` when they are answered but nothing can be stored."""
        health = application.health()
        if not health.ready:
            content = {"detail": "No model is loaded yet.", "status": "unavailable", "model": None}
            return JSONResponse(content | {"database": health.database}, status_code=503)
        status = "degraded" if health.degraded else "ready"
        return Readiness(status=status, model=health.model, database=health.database, refused=health.refused)

    @routes.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """For Prometheus, in its text format. Read from memory: nobody waits for the database."""
        return Response(exposition.render(exposition.drift(application.drift.report)), media_type=exposition.FORMAT)

    return routes


def _predict_answer(predictions: list[Prediction]) -> PredictAnswer:
    return PredictAnswer(
        model_version=predictions[0].model_version,
        predictions=[PredictionAnswer.model_validate(each, from_attributes=True) for each in predictions],
    )


def _receipt_answer(receipt: Receipt) -> ReceiptAnswer:
    return ReceiptAnswer.model_validate(receipt, from_attributes=True)


# Who is calling.


def _actor(application: Application, request: Request, given: str) -> str:
    """Behind a token the caller vouches for the actor; without one no two clients share an actor."""
    given = given.strip()
    check_length("actor", given, MAX_GIVEN_ACTOR)
    if request.state.token_name:
        return f"{request.state.token_name}:{given or 'api'}"
    address = request.client.host if request.client else "unknown"
    return f"{application.client_key(address)}:{given or 'anonymous'}"


def _token_name(tokens: dict[str, str], header: str) -> str | None:
    """The name of the token in an Authorization header. Every secret is compared, in constant time."""
    scheme, _, given = header.partition(" ")
    if scheme.lower() != "bearer":
        return None
    # Headers arrive decoded as Latin-1, whatever was meant.
    sent = given.strip().encode("latin-1")
    matches = [name for secret, name in tokens.items() if hmac.compare_digest(secret.encode(), sent)]
    return matches[0] if matches else None


def _guarded_route(tokens: dict[str, str]) -> type[APIRoute]:
    """Routes that want a token where tokens are set, and read bodies by the rules of JsonRequest."""

    class GuardedRoute(APIRoute):
        def get_route_handler(self):
            handle = super().get_route_handler()

            async def guarded(request: Request):
                name = _token_name(tokens, request.headers.get("authorization", ""))
                if tokens and name is None:
                    detail = "Authorization: must be 'Bearer' and one of the server's API tokens."
                    raise HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})
                request.state.token_name = name
                return await handle(JsonRequest(request.scope, request.receive))

            return guarded

    return GuardedRoute


# Reading a body.


class JsonRequest(Request):
    """A request whose body is JSON in UTF-8 of at most MAX_BODY bytes, however it is sent."""

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            self._body = await self._read()
        return self._body

    async def json(self) -> Any:
        return parse_json(await self.body())

    async def _read(self) -> bytes:
        # A form on someone else's page can send any other type without asking the browser's leave.
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise HTTPException(415, "Content-Type: must be application/json.")
        too_large = HTTPException(413, f"body: at most {MAX_BODY:,} bytes.")
        declared = self.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > 2 * MAX_BODY:
            raise too_large
        chunks, size = [], 0
        async for chunk in self.stream():
            size += len(chunk)
            # A little over is read to its end and dropped: few clients listen before they have sent all.
            if size > 2 * MAX_BODY:
                raise too_large
            if size <= MAX_BODY:
                chunks.append(chunk)
        if size > MAX_BODY:
            raise too_large
        return b"".join(chunks)


def parse_json(body: bytes) -> Any:
    """JSON without what parsers disagree on: NaN, a field twice. Raises HTTPException 400."""
    try:
        return json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        reason = f"must be UTF-8, byte {error.start} is not"
    except json.JSONDecodeError as error:
        reason = f"must be JSON ({error})"
    except RecursionError:
        reason = "must be JSON that is not nested so deep"
    except ValueError as error:
        reason = f"must be JSON ({error})"
    raise HTTPException(400, f"body: {reason}.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_FIELDS:
        raise ValueError(f"at most {MAX_FIELDS} fields in one object")
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field is there twice")
    return fields


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


# Saying what went wrong.


class _Refusal:
    """An endpoint for every method that answers with one error."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None):
        self._error = (status, detail, headers)

    async def __call__(self, scope, receive, send):
        raise HTTPException(*self._error)


def _refuse_the_rest(api: FastAPI) -> None:
    """Other methods and other paths below /api. Without this a page mounted on "/" would answer them."""
    methods: dict[str, list[str]] = {}
    for path, operations in api.openapi()["paths"].items():
        methods[path] = [method.upper() for method in operations]
    for path, allowed in methods.items():
        names = ", ".join(allowed)
        refusal = _Refusal(405, f"method: only {names} is allowed here.", {"Allow": names})
        api.router.routes.append(Route(path, refusal, include_in_schema=False))
    unknown = _Refusal(404, "path: there is nothing here; /openapi.json lists what there is.")
    api.router.routes.append(Route("/api/{rest:path}", unknown, include_in_schema=False))


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status_code=status, headers=headers)


def _http_problem(_request: Request, error: HTTPException) -> JSONResponse:
    return _problem(error.status_code, str(error.detail), error.headers)


def _attune_problem(_request: Request, error: AttuneError) -> JSONResponse:
    statuses = {InvalidInput: 422, NotFound: 404}
    return _problem(statuses.get(type(error), 503), str(error))


def _our_fault(_request: Request, _error: Exception) -> JSONResponse:
    return _problem(500, "Something went wrong on this side; the server's log has the reason.")


SAID = {
    "missing": "is required",
    "extra_forbidden": "there is no such field",
    "string_type": "must be a text",
    "string_unicode": "must be valid Unicode",
    "list_type": f"must be a list of 1 to {MAX_TEXTS} texts",
    "bool_type": "must be true or false",
    "literal_error": f"must be one of {', '.join(LABELS)}",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
}


def _invalid_request(_request: Request, error: RequestValidationError) -> JSONResponse:
    """The first few problems in one sentence, without the input: it may be anything."""
    said = [f"{_field(each['loc'])}: {SAID.get(each['type'], each['msg'])}" for each in error.errors()[:3]]
    return _problem(422, "; ".join(said) + ".")


def _field(location: tuple) -> str:
    """("body", "texts", 3) to "texts[3]"."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{_printable(step)}" for step in location[1:]]
    return "".join(steps).removeprefix(".") or "body"


def _printable(name: str) -> str:
    return name[:60].encode("utf-8", "replace").decode()
