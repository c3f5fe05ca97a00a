"""Reads the JSON body of a request: size limit, content type, encoding and strict parsing."""

import json
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException

from product.sentiment import MAX_CHARACTERS, MAX_TEXTS

MAX_BODY = MAX_TEXTS * MAX_CHARACTERS * 12 + 64 * 1024
"""Bytes: the largest predict request with every character written as two \\uXXXX escapes, plus room for the rest."""
MAX_FIELDS = 100
"""Fields in one JSON object."""


class JsonRequest(Request):
    """A request whose body must be UTF-8 JSON of at most MAX_BODY bytes."""

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            self._body = await self._read()
        return self._body

    async def json(self) -> Any:
        return parse_json(await self.body())

    async def _read(self) -> bytes:
        self._check_content_type()
        too_large = HTTPException(413, f"body: at most {MAX_BODY:,} bytes.")
        declared = self.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > 2 * MAX_BODY:
            raise too_large
        chunks, size = [], 0
        async for chunk in self.stream():
            size += len(chunk)
            # Most clients read a response only after sending the whole body, so a slightly too large body is read to
            # its end and dropped.
            if size > 2 * MAX_BODY:
                raise too_large
            if size <= MAX_BODY:
                chunks.append(chunk)
        if size > MAX_BODY:
            raise too_large
        return b"".join(chunks)

    def _check_content_type(self) -> None:
        # A form on another website can send every other content type without a CORS preflight.
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise HTTPException(415, "Content-Type: must be application/json.")


def parse_json(body: bytes) -> Any:
    """Parse JSON and refuse what parsers disagree on: NaN, Infinity and duplicate fields. Raises HTTPException 400."""
    try:
        return json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        reason = f"must be UTF-8; byte {error.start} is not"
    except json.JSONDecodeError as error:
        reason = f"must be JSON ({error})"
    except RecursionError:
        reason = "must be JSON with less nesting"
    except ValueError as error:
        reason = f"must be JSON ({error})"
    raise HTTPException(400, f"body: {reason}.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_FIELDS:
        raise ValueError(f"at most {MAX_FIELDS} fields in one object")
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("duplicate field")
    return fields


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
