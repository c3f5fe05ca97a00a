"""The REST routes. A new route goes here, its models in schemas.py."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from product.identity import Actor, ActorKind
from product.sentiment import InvalidInput, Prediction, Receipt
from product.service import Application
from product.texts import Texts, choose_language, rendering, texts
from product.validation import check_length
from product.web.auth import require_token
from product.web.errors import add_error_handlers, problems
from product.web.json_body import JsonRequest
from product.web.metrics import FORMAT, Metrics, RequestMetrics
from product.web.schemas import (
    MAX_GIVEN_ACTOR,
    FeedbackRequest,
    FeedbackResponse,
    LivenessResponse,
    NotReady,
    PredictionResponse,
    PredictRequest,
    PredictResponse,
    ReadinessResponse,
    ReceiptResponse,
    StatusChangeResponse,
    VersionResponse,
)


def build_api(application: Application) -> FastAPI:
    """The REST API without the web pages. Add further routes before a page is mounted on "/"."""
    # The interactive documentation would load scripts from a third party's server.
    api = FastAPI(title="Attune", version="1", docs_url=None, redoc_url=None, redirect_slashes=False)
    metrics = Metrics(application)
    api.include_router(_public_routes(application))
    api.include_router(_health_routes(application, metrics))
    api.add_middleware(RequestMetrics, metrics=metrics, routes=frozenset(api.openapi()["paths"]))
    add_error_handlers(api)
    return api


def _public_routes(application: Application) -> APIRouter:
    tokens = application.settings.api_tokens
    # The route class checks the token before the body is read; this dependency only documents it.
    documented = [Depends(HTTPBearer(auto_error=False))] if tokens else []
    routes = APIRouter(prefix="/api/v1", route_class=_guarded_route(tokens), dependencies=documented)

    @routes.post("/predict", responses=problems(400, 401, 413, 415, 422, 503))
    def predict(body: PredictRequest) -> PredictResponse:
        """Label, calibrated confidence and scores of each text, in the order sent."""
        if body.explain:
            raise InvalidInput("explain: not available yet; leave it out or send false.")
        return _predict_response(application.predict(body.texts))

    @routes.post("/feedback", status_code=201, responses=problems(400, 401, 404, 413, 415, 422, 503))
    def feedback(request: Request, body: FeedbackRequest) -> FeedbackResponse:
        """Correct or confirm a prediction. The same actor's later feedback on a prediction replaces the earlier."""
        stored = application.correct(
            prediction_id=body.prediction_id,
            label=body.label,
            actor=_actor(application, request, body.actor or ""),
            comment=body.comment or "",
        )
        return FeedbackResponse(feedback_id=stored.feedback_id, status=stored.status)

    @routes.get("/feedback/{feedback_id}", responses=problems(401, 404, 503))
    def receipt(request: Request, feedback_id: str) -> ReceiptResponse:
        """What became of a correction. `learned` means that the active version was trained with it."""
        language = choose_language(request.headers.get("accept-language", ""))
        return _receipt_response(application.receipt(feedback_id), texts(language))

    @routes.get("/versions", responses=problems(401, 503))
    def versions() -> list[VersionResponse]:
        """The model versions, newest first."""
        return [VersionResponse(**version) for version in application.versions()]

    return routes


def _health_routes(application: Application, metrics: Metrics) -> APIRouter:
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz() -> LivenessResponse:
        """The process is alive."""
        # Not in the thread pool, so that it answers while every thread is busy.
        return LivenessResponse(status="ok")

    not_ready: dict[int | str, dict[str, Any]] = {503: {"model": NotReady, "description": "No model is loaded"}}

    @routes.get("/readyz", response_model=ReadinessResponse, responses=not_ready)
    def readyz() -> ReadinessResponse | JSONResponse:
        """200 while messages are answered; `degraded` if nothing can be stored."""
        health = application.health()
        if health.model is None:
            content = {"detail": "No model is loaded yet.", "status": "unavailable", "model": None}
            return JSONResponse(content | {"database": health.database}, status_code=503)
        return ReadinessResponse(
            status="degraded" if health.degraded else "ready",
            model=health.model,
            database=health.database,
            refused=health.refused,
        )

    @routes.get("/metrics", response_class=PlainTextResponse)
    async def read_metrics() -> Response:
        """Metrics in Prometheus' text format."""
        return Response(await metrics.render(), media_type=FORMAT)

    return routes


def _predict_response(predictions: list[Prediction]) -> PredictResponse:
    return PredictResponse(
        model_version=predictions[0].model_version,
        predictions=[PredictionResponse.model_validate(prediction, from_attributes=True) for prediction in predictions],
    )


def _receipt_response(receipt: Receipt, t: Texts) -> ReceiptResponse:
    history = [
        StatusChangeResponse(
            status=change.status,
            at=change.at,
            why=rendering.reason_with_note(change.reason, change.note, t),
            code=change.reason.code,
            values=dict(change.reason.values),
        )
        for change in receipt.history
    ]
    return ReceiptResponse(**{**vars(receipt), "history": history})


def _actor(application: Application, request: Request, given: str) -> Actor:
    """Behind a token the caller vouches for the name; without one, two clients are never the same actor."""
    given = given.strip()
    check_length("actor", given, MAX_GIVEN_ACTOR)
    if request.state.token_name:
        return Actor(ActorKind.token, key=request.state.token_name, name=given or "api")
    address = request.client.host if request.client else "unknown"
    return Actor(ActorKind.client, key=application.client_key(address), name=given or "anonymous")


def _guarded_route(tokens: Mapping[str, str]) -> type[APIRoute]:
    """A route class that checks the token first, then reads the body as JsonRequest does."""

    class GuardedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                request.state.token_name = require_token(tokens, request)
                return await handle(JsonRequest(request.scope, request.receive))

            return guarded

    return GuardedRoute
