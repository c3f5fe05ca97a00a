"""REST as a client sees it: answers, refusals and their words, and that nothing refused is stored."""

import json
import sqlite3

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from product.service import Application
from product.storage.tables import FeedbackRow, PredictionRow
from product.storage.versions import NewVersion, activate_version, add_version
from product.web import json_body
from product.web.api import build_api
from product.web.json_body import MAX_BODY
from tests.support.actors import BY_COMMAND

PREDICT, FEEDBACK = "/api/v1/predict", "/api/v1/feedback"


@pytest.fixture
def client(application) -> TestClient:
    return TestClient(build_api(application), client=("203.0.113.7", 40000))


@pytest.fixture
def stored(count):
    """(predictions, corrections) in the database."""
    return lambda: (count(PredictionRow), count(FeedbackRow))


@pytest.fixture
def prediction_id(client) -> str:
    return client.post(PREDICT, json={"texts": ["bad bag"]}).json()["predictions"][0]["id"]


@pytest.fixture
def with_tokens(settings, database, engine):
    """A server with two tokens."""
    guarded = settings.model_copy(update={"api_tokens": {"s3cret": "desk", "gehéim": "crm"}})
    return TestClient(build_api(Application(guarded, database, engine)))


def send(client, path: str, body: bytes | str, content_type: str = "application/json"):
    return client.post(path, content=body, headers={"content-type": content_type})


def actors(database) -> list[str]:
    with database.read() as session:
        return [row.actor.handle for row in session.query(FeedbackRow)]


# Answers


def test_predict_answers_in_order_with_everything_promised(client):
    answer = client.post(PREDICT, json={"texts": ["bad bag", "good day"]})
    assert answer.status_code == 200
    assert answer.json()["model_version"] == "v1"
    first, second = answer.json()["predictions"]
    assert len(first.pop("id")) == 32
    assert first == {
        "label": "negative",
        "confidence": 0.75,
        "scores": {"negative": 0.75, "neutral": 0.125, "positive": 0.125},
        "language": "en",
        "route": "urgent",
        "truncated": False,
    }
    assert second["label"] == "positive"


def test_feedback_is_created_and_its_receipt_tells_its_story(client, prediction_id):
    body = {"prediction_id": prediction_id, "label": "neutral", "comment": "hm"}
    created = client.post(FEEDBACK, json=body)
    assert created.status_code == 201
    assert created.json()["status"] == "pending"
    receipt = client.get(f"{FEEDBACK}/{created.json()['feedback_id']}")
    assert receipt.status_code == 200
    body = receipt.json()
    [event] = body.pop("history")
    assert body == {
        "feedback_id": created.json()["feedback_id"],
        "status": "pending",
        "label": "neutral",
        "predicted": "negative",
        "learned_in": None,
        "agrees_now": False,
    }
    assert event.keys() == {"status", "at", "why", "code", "values"} and event["at"].endswith("Z")


def test_the_same_client_replaces_and_another_does_not(client, application, prediction_id, stored):
    body = {"prediction_id": prediction_id, "label": "neutral", "actor": "ann"}
    first = client.post(FEEDBACK, json=body).json()["feedback_id"]
    assert client.post(FEEDBACK, json=body | {"label": "positive"}).json()["feedback_id"] == first
    assert stored() == (1, 1)
    elsewhere = TestClient(build_api(application), client=("203.0.113.8", 40000))
    assert elsewhere.post(FEEDBACK, json=body).json()["feedback_id"] != first
    assert stored() == (1, 2)


def test_without_a_token_an_actor_is_kept_under_the_client_s_key_never_its_address(
    client, application, prediction_id, database
):
    key = application.client_key("203.0.113.7")
    client.post(FEEDBACK, json={"prediction_id": prediction_id, "label": "neutral", "actor": "ann"})
    client.post(FEEDBACK, json={"prediction_id": prediction_id, "label": "neutral"})
    client.post(FEEDBACK, json={"prediction_id": prediction_id, "label": "neutral", "actor": None})
    assert sorted(actors(database)) == [f"{key}:ann", f"{key}:anonymous"]


def test_an_actor_of_100_characters_is_kept_whole(client, prediction_id, database):
    body = {"prediction_id": prediction_id, "label": "neutral", "actor": "é" * 100}
    assert client.post(FEEDBACK, json=body).status_code == 201
    assert actors(database)[0].endswith(":" + "é" * 100)


def test_versions_are_listed(client, database):
    with database.write() as session:
        add_version(session, NewVersion(id="v1", parent=None, corrections=0, metrics={"a": 1}, verdict={}, learned={}))
        activate_version(session, "v1", BY_COMMAND)
    [version] = client.get("/api/v1/versions").json()
    assert version.pop("created").endswith("Z")
    assert version == {
        "id": "v1",
        "parent": None,
        "active": True,
        "corrections": 0,
        "metrics": {"a": 1},
        "verdict": {},
    }


def test_the_largest_allowed_request_is_answered_however_it_is_escaped(client, engine, monkeypatch):
    monkeypatch.setattr("product.privacy.redact.redact", lambda text: text)
    body = json.dumps({"texts": ["\U0001f600" * 10_000] * 256})
    assert len(body) > 256 * 10_000 * 12
    assert send(client, PREDICT, body).status_code == 200
    assert len(engine.seen) == 256


# Health


def test_alive_and_ready(client):
    assert (client.get("/healthz").status_code, client.get("/healthz").json()) == (200, {"status": "ok"})
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "model": "v1", "database": True, "refused": {}}


def test_with_the_database_locked_answers_come_with_null_ids_and_ready_says_degraded(
    client, settings, prediction_id, stored
):
    holder = sqlite3.connect(settings.data_dir / "attune.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    answer = client.post(PREDICT, json={"texts": ["good day"]})
    assert answer.status_code == 200
    assert answer.json()["predictions"][0]["id"] is None
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "degraded", "model": "v1", "database": False, "refused": {}}
    refused = client.post(FEEDBACK, json={"prediction_id": prediction_id, "label": "neutral"})
    assert refused.status_code == 503
    assert refused.json() == {"detail": "The database cannot be written just now; try again in a moment."}
    holder.close()
    assert stored() == (1, 0)


def test_without_a_model_alive_but_not_ready_and_predict_says_so(client, engine, stored):
    engine.version = None
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["model"] is None and "No model" in ready.json()["detail"]
    refused = client.post(PREDICT, json={"texts": ["good day"]})
    assert refused.status_code == 503 and "no model" in refused.json()["detail"]
    assert stored() == (0, 0)


# Bad input


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"texts": []}, "texts: 1 to 256 texts, this has 0."),
        ({"texts": ["x"] * 257}, "texts: 1 to 256 texts, this has 257."),
        ({"texts": [""]}, "texts[0]: 1 to 10,000 characters, not only white space."),
        ({"texts": ["x", " \n"]}, "texts[1]: 1 to 10,000 characters, not only white space."),
        ({"texts": ["x" * 10_001]}, "texts[0]: at most 10,000 characters, this has 10,001."),
        ({"texts": ["x", 7]}, "texts[1]: must be a string."),
        ({"texts": [None]}, "texts[0]: must be a string."),
        ({"texts": [["x"]]}, "texts[0]: must be a string."),
        ({"texts": "x"}, "texts: must be a list of 1 to 256 strings."),
        ({"texts": None}, "texts: must be a list of 1 to 256 strings."),
        ({}, "texts: is required."),
        ({"text": "x"}, "texts: is required; text: unknown field."),
        ({"texts": ["x"], "explain": 1}, "explain: must be true or false."),
        ({"texts": ["x"], "explain": True}, "explain: not available yet; leave it out or send false."),
        (["x"], "body: must be a JSON object."),
        ("x", "body: must be a JSON object."),
    ],
)
def test_a_bad_predict_is_refused_by_field_and_limit_and_nothing_is_stored(client, stored, body, detail):
    refused = client.post(PREDICT, json=body)
    assert (refused.status_code, refused.json()) == (422, {"detail": detail})
    assert stored() == (0, 0)


def test_explain_false_is_answered(client):
    assert client.post(PREDICT, json={"texts": ["x"], "explain": False}).status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "detail"),
    [
        ({"label": "angry"}, 422, "label: must be one of negative, neutral, positive."),
        ({"label": True}, 422, "label: must be one of negative, neutral, positive."),
        ({"label": None}, 422, "label: must be one of negative, neutral, positive."),
        ({"label": ["neutral"]}, 422, "label: must be one of negative, neutral, positive."),
        ({"prediction_id": "f" * 32}, 404, "prediction_id: no prediction has this id."),
        ({"prediction_id": ""}, 404, "prediction_id: no prediction has this id."),
        ({"prediction_id": "x" * 100_000}, 404, "prediction_id: no prediction has this id."),
        ({"prediction_id": 7}, 422, "prediction_id: must be a string."),
        ({"prediction_id": None}, 422, "prediction_id: must be a string."),
        ({"actor": "a" * 101}, 422, "actor: at most 100 characters, this has 101."),
        ({"actor": 7}, 422, "actor: must be a string."),
        ({"comment": "c" * 2_001}, 422, "comment: at most 2,000 characters, this has 2,001."),
        ({"colour": "red"}, 422, "colour: unknown field."),
        ({"a b\n.": 1}, 422, "a b\n.: unknown field."),
    ],
)
def test_bad_feedback_is_refused_by_field_and_limit_and_nothing_is_stored(
    client, prediction_id, stored, change, status, detail
):
    body = {"prediction_id": prediction_id, "label": "neutral"} | change
    refused = client.post(FEEDBACK, json=body)
    assert (refused.status_code, refused.json()) == (status, {"detail": detail})
    assert stored() == (1, 0)


@pytest.mark.parametrize("missing", ["prediction_id", "label"])
def test_feedback_without_a_required_field_names_it(client, prediction_id, stored, missing):
    body = {"prediction_id": prediction_id, "label": "neutral"}
    del body[missing]
    refused = client.post(FEEDBACK, json=body)
    assert (refused.status_code, refused.json()) == (422, {"detail": f"{missing}: is required."})
    assert stored() == (1, 0)


@pytest.mark.parametrize(
    ("body", "status", "said"),
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
def test_a_body_that_is_not_the_json_asked_for_is_refused_and_nothing_is_stored(
    client, stored, path, body, status, said
):
    refused = send(client, path, body)
    assert 400 <= refused.status_code < 500 and refused.json().keys() == {"detail"}
    if path == PREDICT:
        assert refused.status_code == status
        assert refused.json()["detail"].startswith(said)
    assert stored() == (0, 0)


@pytest.mark.parametrize("field", ["prediction_id", "label", "actor", "comment"])
def test_half_a_surrogate_pair_in_feedback_is_refused(client, prediction_id, stored, field):
    body = {"prediction_id": prediction_id, "label": "neutral"} | {field: "\ud83d"}
    refused = send(client, FEEDBACK, json.dumps(body))
    assert refused.status_code in (404, 422) and refused.json()["detail"].startswith(f"{field}: ")
    assert stored() == (1, 0)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_a_foreign_page_could_send_unasked_is_refused(client, stored, content_type):
    refused = send(client, PREDICT, '{"texts": ["x"]}', content_type)
    assert refused.status_code == 415
    assert refused.json() == {"detail": "Content-Type: must be application/json."}
    assert stored() == (0, 0)


def test_a_charset_beside_the_content_type_is_fine(client):
    assert send(client, PREDICT, '{"texts": ["x"]}', "Application/JSON; charset=utf-8").status_code == 200


@pytest.mark.parametrize("times", [1.1, 3])
@pytest.mark.parametrize("streamed", [True, False])
def test_a_body_over_the_limit_is_refused_declared_or_streamed(client, stored, monkeypatch, streamed, times):
    monkeypatch.setattr(json_body, "MAX_BODY", 1_000)
    body = b'{"texts": ["' + b"x" * int(1_000 * times) + b'"]}'
    chunks = (body[start : start + 100] for start in range(0, len(body), 100))
    refused = send(client, PREDICT, chunks if streamed else body)
    assert (refused.status_code, refused.json()) == (413, {"detail": "body: at most 1,000 bytes."})
    assert stored() == (0, 0)


def test_an_endless_body_is_cut_off(client, monkeypatch):
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
    """Run a coroutine that never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        return finished.value


def test_the_limit_on_bodies_covers_the_largest_request_in_its_longest_spelling():
    assert MAX_BODY == 256 * 10_000 * 12 + 65_536


# Other paths and methods


@pytest.mark.parametrize(
    "path", ["/api", "/api/v1", "/api/v1/predict/", "/api/v1/nothing", "/api/v2/predict", "/nothing"]
)
def test_an_unknown_path_is_404_in_json(client, path):
    refused = client.get(path)
    assert refused.status_code == 404
    assert refused.json().keys() == {"detail"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", PREDICT, "POST"),
        ("DELETE", FEEDBACK, "POST"),
        ("POST", f"{FEEDBACK}/{'1' * 32}", "GET"),
        ("PUT", "/api/v1/versions", "GET"),
        ("OPTIONS", PREDICT, "POST"),
        ("BREW", "/healthz", "GET"),
        ("POST", "/readyz", "GET"),
    ],
)
def test_another_method_is_405_and_names_the_one_allowed(client, method, path, allowed):
    refused = client.request(method, path)
    assert refused.status_code == 405
    assert refused.headers["allow"] == allowed
    assert refused.json() == {"detail": f"method: only {allowed} is allowed here."}


def test_a_page_on_the_root_gets_neither_our_unknown_paths_nor_our_other_methods(application):
    api = build_api(application)
    page = FastAPI()
    page.add_api_route("/{rest:path}", lambda: "page", methods=["GET", "POST"])
    api.mount("/", page)
    client = TestClient(api)
    assert client.get("/").json() == client.get("/config").json() == "page"
    assert client.get("/api/v1/nothing").status_code == 404
    assert client.get(PREDICT).status_code == 405
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("id", ["f" * 32, "x", "%00", "%ff", "a" * 5_000, "..%2f..%2fetc%2fpasswd"])
def test_an_unknown_receipt_is_404(client, id):
    refused = client.get(f"{FEEDBACK}/{id}")
    assert refused.status_code == 404
    assert refused.json().keys() == {"detail"}


def test_a_fault_of_ours_is_500_without_its_traceback(application, engine, monkeypatch):
    def fail(texts):
        raise RuntimeError("customer text inside")

    monkeypatch.setattr(engine, "score", fail)
    client = TestClient(build_api(application), raise_server_exceptions=False)
    answer = client.post(PREDICT, json={"texts": ["x"]})
    assert answer.status_code == 500
    assert answer.json().keys() == {"detail"} and "customer" not in answer.text


# Tokens


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer s3cre", "Basic s3cret", "s3cret", "Bearer desk"],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", PREDICT), ("POST", FEEDBACK), ("GET", f"{FEEDBACK}/x"), ("GET", "/api/v1/versions")],
)
def test_with_tokens_set_a_call_without_one_is_401_and_nothing_is_stored(with_tokens, stored, header, method, path):
    headers = {} if header is None else {"Authorization": header}
    refused = with_tokens.request(method, path, json={"texts": ["x"]}, headers=headers)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json() == {"detail": "Authorization: must be 'Bearer' followed by one of the server's API tokens."}
    assert stored() == (0, 0)


def test_a_call_without_a_token_is_refused_before_its_body_is_read(with_tokens):
    assert send(with_tokens, PREDICT, b"\xff").status_code == 401


def test_behind_a_token_the_actor_is_believed_and_kept_under_the_token_s_name(with_tokens, database):
    desk = {"Authorization": "Bearer s3cret"}
    crm = {"Authorization": "bearer gehéim".encode()}
    answer = with_tokens.post(PREDICT, json={"texts": ["bad bag"]}, headers=desk)
    body = {"prediction_id": answer.json()["predictions"][0]["id"], "label": "neutral"}
    assert with_tokens.post(FEEDBACK, json=body | {"actor": "ann"}, headers=desk).status_code == 201
    assert with_tokens.post(FEEDBACK, json=body, headers=desk).status_code == 201
    assert with_tokens.post(FEEDBACK, json=body | {"actor": "ann"}, headers=crm).status_code == 201
    assert sorted(actors(database)) == ["crm:ann", "desk:ann", "desk:api"]


def test_health_wants_no_token(with_tokens):
    assert with_tokens.get("/healthz").status_code == with_tokens.get("/readyz").status_code == 200


# Documentation


def test_the_documentation_names_every_call_its_answer_and_its_errors(client):
    document = client.get("/openapi.json").json()
    calls = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert calls == {
        (PREDICT, "post"),
        (FEEDBACK, "post"),
        (f"{FEEDBACK}/{{feedback_id}}", "get"),
        ("/api/v1/versions", "get"),
        ("/healthz", "get"),
        ("/readyz", "get"),
        ("/metrics", "get"),
    }
    problem = {"$ref": "#/components/schemas/Problem"}
    responses = document["paths"][PREDICT]["post"]["responses"]
    assert responses.keys() == {"200", "400", "401", "413", "415", "422", "503", "default"}
    assert responses["422"]["content"]["application/json"]["schema"] == problem
    schemas = document["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    texts = schemas["PredictRequest"]["properties"]["texts"]
    assert (texts["minItems"], texts["maxItems"]) == (1, 256)
    assert texts["items"] == {"type": "string", "minLength": 1, "maxLength": 10_000}
    assert schemas["FeedbackRequest"]["properties"]["label"]["enum"] == ["negative", "neutral", "positive"]


def test_with_tokens_set_the_documentation_says_so(client, with_tokens):
    guarded = with_tokens.get("/openapi.json").json()
    assert guarded["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert "securitySchemes" not in client.get("/openapi.json").json()["components"]


def test_no_page_of_ours_loads_scripts_from_elsewhere(client):
    assert client.get("/docs").status_code == client.get("/redoc").status_code == 404
