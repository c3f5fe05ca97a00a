"""Error responses of the REST API. Each is {"detail": a sentence that names the field and the limit}."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from product.sentiment import LABELS, MAX_TEXTS, AttuneError, InvalidInput, NotFound
from product.web.schemas import Problem

DESCRIPTIONS = {
    400: "The body is not UTF-8 JSON",
    401: "No valid token",
    404: "Nothing has this id",
    413: "The body is too large",
    415: "The content type is not application/json",
    422: "A field is missing, unknown or over its limit",
    503: "No model is loaded, or the database is unavailable",
}
VALIDATION_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "unknown field",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode",
    "list_type": f"must be a list of 1 to {MAX_TEXTS} strings",
    "bool_type": "must be true or false",
    "literal_error": f"must be one of {', '.join(LABELS)}",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
}
"""By the type of Pydantic's validation error."""
MAX_REPORTED = 3
"""Validation errors named in one response."""
MAX_SHOWN_NAME = 60
"""Characters of an unknown field's name that an error repeats."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route in the OpenAPI document: these statuses, and any other error."""
    known: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem, "description": DESCRIPTIONS[status]} for status in statuses
    }
    return known | {"default": {"model": Problem, "description": "Any other error"}}


def add_error_handlers(api: FastAPI) -> None:
    """Answer every error of the API's routes as JSON. Call it after all routes have been added."""
    _refuse_other_requests(api)
    api.add_exception_handler(HTTPException, _http_error)
    api.add_exception_handler(RequestValidationError, _validation_error)
    api.add_exception_handler(AttuneError, _attune_error)
    api.add_exception_handler(Exception, _internal_error)


def _refuse_other_requests(api: FastAPI) -> None:
    """Answer other methods with 405 and unknown paths below /api with 404; otherwise the page mounted on "/" would."""
    for path, operations in api.openapi()["paths"].items():
        methods = ", ".join(method.upper() for method in operations)
        refusal = _Refusal(405, f"method: only {methods} is allowed here.", {"Allow": methods})
        api.router.routes.append(Route(path, refusal, include_in_schema=False))
    unknown = _Refusal(404, "path: not found; /openapi.json lists every path.")
    api.router.routes.append(Route("/api/{rest:path}", unknown, include_in_schema=False))


class _Refusal:
    """An ASGI endpoint that answers every method with the same error."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None):
        self._error = (status, detail, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise HTTPException(*self._error)


def _problem(status: int, detail: str, headers: Any = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status_code=status, headers=headers)


def _http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, str(error.detail), error.headers)


def _attune_error(_request: Request, error: Exception) -> JSONResponse:
    statuses: dict[type, int] = {InvalidInput: 422, NotFound: 404}
    return _problem(statuses.get(type(error), 503), str(error))


def _internal_error(_request: Request, _error: Exception) -> JSONResponse:
    return _problem(500, "Internal error; see the server's log.")


def _validation_error(_request: Request, error: Exception) -> JSONResponse:
    """Name the first MAX_REPORTED errors in one sentence. The input is not repeated: it may be customer text."""
    assert isinstance(error, RequestValidationError)
    messages = [
        f"{_field(problem['loc'])}: {VALIDATION_MESSAGES.get(problem['type'], problem['msg'])}"
        for problem in error.errors()[:MAX_REPORTED]
    ]
    return _problem(422, "; ".join(messages) + ".")


def _field(location: Sequence[int | str]) -> str:
    """("body", "texts", 3) becomes "texts[3]"."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{_printable(step)}" for step in location[1:]]
    return "".join(steps).removeprefix(".") or "body"


def _printable(name: str) -> str:
    return name[:MAX_SHOWN_NAME].encode("utf-8", "replace").decode()
