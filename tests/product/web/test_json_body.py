"""Request bodies: encoding, strict JSON, content type and size."""

import json

import pytest

from product.web import json_body
from product.web.json_body import MAX_BODY
from tests.support.rest import FEEDBACK, PREDICT, post_bytes


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b'{"texts": ["\xff"]}', 400, "body: must be UTF-8; byte 12 is not."),
        ('{"texts": ["x"]}'.encode("utf-16"), 400, "body: must be UTF-8; byte 0 is not."),
        (b'{"texts": ["x"]', 400, "body: must be JSON ("),
        (b"{'texts': ['x']}", 400, "body: must be JSON ("),
        (b'{"texts": ["x"]} {}', 400, "body: must be JSON ("),
        (b'{"texts": ["x"], "texts": ["y"]}', 400, "body: must be JSON (duplicate field)."),
        (b'{"texts": [NaN]}', 400, "body: must be JSON (NaN is not a JSON number)."),
        (b'{"texts": [-Infinity]}', 400, "body: must be JSON (-Infinity is not a JSON number)."),
        (b'{"texts": [1e999]}', 422, "texts[0]: must be a string."),
        (b'{"texts": [' + b"9" * 5_000 + b"]}", 400, "body: must be JSON ("),
        (b"[" * 200_000, 400, "body: must be JSON with less nesting."),
        (b'{"a":' * 200_000, 400, "body: must be JSON with less nesting."),
        (b'{"texts": ' + b"[" * 500 + b"]" * 500 + b"}", 422, "texts[0]: must be a string."),
        (b'{"texts": [' + b"1," * 500_000 + b"1]}", 422, "texts[0]: must be a string."),
        (json.dumps(dict.fromkeys(map(str, range(101)))), 400, "body: must be JSON (at most 100 fields"),
        (b'{"texts": ["\\ud83d"]}', 422, "texts[0]: must be valid Unicode"),
        (b'{"texts": ["x"], "\\ud83d": 1}', 422, "body: must be valid Unicode."),
        (b'{"texts": ["x"], "explain": "\\ud83d"}', 422, "explain: must be true or false."),
        (b"", 422, "body: is required."),
        (b"null", 422, "body: must be a JSON object."),
    ],
)
@pytest.mark.parametrize("path", [PREDICT, FEEDBACK])
def test_an_invalid_body_is_refused_and_nothing_is_stored(client, stored, path, body, status, detail):
    refused = post_bytes(client, path, body)
    assert 400 <= refused.status_code < 500 and refused.json().keys() == {"detail"}
    if path == PREDICT:
        assert refused.status_code == status
        assert refused.json()["detail"].startswith(detail)
    assert stored() == (0, 0)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_content_types_that_need_no_cors_preflight_are_refused(client, stored, content_type):
    refused = post_bytes(client, PREDICT, '{"texts": ["x"]}', content_type)
    assert refused.status_code == 415
    assert refused.json() == {"detail": "Content-Type: must be application/json."}
    assert stored() == (0, 0)


def test_a_charset_in_the_content_type_is_accepted(client):
    assert post_bytes(client, PREDICT, '{"texts": ["x"]}', "Application/JSON; charset=utf-8").status_code == 200


@pytest.mark.parametrize("times", [1.1, 3])
@pytest.mark.parametrize("streamed", [True, False])
def test_a_body_over_the_limit_is_refused(client, stored, monkeypatch, streamed, times):
    monkeypatch.setattr(json_body, "MAX_BODY", 1_000)
    body = b'{"texts": ["' + b"x" * int(1_000 * times) + b'"]}'
    chunks = (body[start : start + 100] for start in range(0, len(body), 100))
    refused = post_bytes(client, PREDICT, chunks if streamed else body)
    assert (refused.status_code, refused.json()) == (413, {"detail": "body: at most 1,000 bytes."})
    assert stored() == (0, 0)


def test_an_endless_body_is_refused_at_twice_the_limit(client, monkeypatch):
    monkeypatch.setattr(json_body, "MAX_BODY", 1_000)
    taken = []

    async def receive():
        taken.append(100)
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    with pytest.raises(json_body.HTTPException) as refused:
        drive(json_body.JsonRequest(scope, receive).body())
    assert refused.value.status_code == 413
    assert sum(taken) == 2_100


def drive(coroutine):
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        return finished.value


def test_the_limit_covers_the_largest_request_with_every_character_escaped():
    assert MAX_BODY == 256 * 10_000 * 12 + 65_536


def test_the_largest_request_with_every_character_escaped_is_accepted(client, engine, monkeypatch):
    monkeypatch.setattr("product.privacy.redact.redact", lambda text: text)
    body = json.dumps({"texts": ["\U0001f600" * 10_000] * 256})
    assert len(body) > 256 * 10_000 * 12
    assert post_bytes(client, PREDICT, body).status_code == 200
    assert len(engine.seen) == 256
