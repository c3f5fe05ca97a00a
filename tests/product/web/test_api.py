"""REST responses: predictions, feedback, receipts, versions, health, and the OpenAPI document."""

import sqlite3

import pytest
from fastapi.testclient import TestClient

from product.storage.versions import NewVersion, activate_version, add_version
from product.texts import LANGUAGES, texts
from product.web.api import build_api
from tests.support.actors import BY_COMMAND
from tests.support.rest import FEEDBACK, PREDICT, actors


def test_predictions_come_in_order_with_every_documented_field(client):
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
        "supported": True,
        "route": "urgent",
        "truncated": False,
        "omitted": [],
    }
    assert second["label"] == "positive"


def test_what_was_left_out_of_a_message_is_listed_in_a_fixed_order(client):
    text = "bad bag\n\nKind regards,\nTom\n\nOn Mon, Nov 4, 2024 at 9:12 AM Ann <ann@example.com> wrote:\n> good day"
    [prediction] = client.post(PREDICT, json={"texts": [text]}).json()["predictions"]
    assert (prediction["label"], prediction["omitted"]) == ("negative", ["quoted-reply", "signature"])


def test_what_the_model_has_not_learned_is_marked_and_goes_to_a_person(client):
    [prediction] = client.post(PREDICT, json={"texts": ["sehr gut"]}).json()["predictions"]
    assert (prediction["language"], prediction["supported"], prediction["route"]) == ("de", False, "agent")


def test_feedback_is_created_and_has_a_receipt(client, prediction_id):
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
    assert (event["code"], event["values"]) == ("given", {})
    assert event.keys() == {"status", "at", "why", "code", "values"} and event["at"].endswith("Z")


@pytest.mark.parametrize("language", LANGUAGES)
def test_receipts_explain_each_status_in_the_requested_language(client, prediction_id, language):
    id = client.post(FEEDBACK, json={"prediction_id": prediction_id, "label": "neutral"}).json()["feedback_id"]
    receipt = client.get(f"{FEEDBACK}/{id}", headers={"Accept-Language": f"{language};q=0.9, fr"})
    assert [event["why"] for event in receipt.json()["history"]] == [texts(language)("reason.given")]


def test_the_same_actor_replaces_the_feedback_and_another_client_does_not(client, application, prediction_id, stored):
    body = {"prediction_id": prediction_id, "label": "neutral", "actor": "ann"}
    first = client.post(FEEDBACK, json=body).json()["feedback_id"]
    assert client.post(FEEDBACK, json=body | {"label": "positive"}).json()["feedback_id"] == first
    assert stored() == (1, 1)
    elsewhere = TestClient(build_api(application), client=("203.0.113.8", 40000))
    assert elsewhere.post(FEEDBACK, json=body).json()["feedback_id"] != first
    assert stored() == (1, 2)


def test_without_a_token_an_actor_is_stored_under_the_client_key_and_not_the_address(
    client, application, prediction_id, database
):
    key = application.client_key("203.0.113.7")
    client.post(FEEDBACK, json={"prediction_id": prediction_id, "label": "neutral", "actor": "ann"})
    client.post(FEEDBACK, json={"prediction_id": prediction_id, "label": "neutral"})
    client.post(FEEDBACK, json={"prediction_id": prediction_id, "label": "neutral", "actor": None})
    assert sorted(actors(database)) == [f"{key}:ann", f"{key}:anonymous"]


def test_an_actor_of_100_characters_is_stored_whole(client, prediction_id, database):
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


# Health


def test_a_loaded_model_and_a_reachable_database_are_ready(client):
    assert (client.get("/healthz").status_code, client.get("/healthz").json()) == (200, {"status": "ok"})
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "model": "v1", "database": True, "refused": {}}


def test_with_a_locked_database_predictions_have_null_ids_and_readiness_is_degraded(
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
    assert refused.json() == {"detail": "The database cannot be written at the moment; try again shortly."}
    holder.close()
    assert stored() == (1, 0)


def test_without_a_model_the_server_is_alive_but_not_ready(client, engine, stored):
    engine.version = None
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["model"] is None and "No model" in ready.json()["detail"]
    refused = client.post(PREDICT, json={"texts": ["good day"]})
    assert refused.status_code == 503 and "no model" in refused.json()["detail"]
    assert stored() == (0, 0)


# Documentation


def test_the_openapi_document_lists_every_route_with_its_response_and_errors(client):
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


def test_the_openapi_document_shows_whether_tokens_are_needed(client, with_tokens):
    guarded = with_tokens.get("/openapi.json").json()
    assert guarded["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert "securitySchemes" not in client.get("/openapi.json").json()["components"]


def test_interactive_documentation_is_off(client):
    assert client.get("/docs").status_code == client.get("/redoc").status_code == 404
