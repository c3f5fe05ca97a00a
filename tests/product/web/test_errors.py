"""REST errors: each names the field and the limit, and nothing of a refused request is stored."""

import json

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from product.web.api import build_api
from tests.support.rest import FEEDBACK, PREDICT, post_bytes


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
def test_an_invalid_prediction_request_is_refused_by_field_and_limit(client, stored, body, detail):
    refused = client.post(PREDICT, json=body)
    assert (refused.status_code, refused.json()) == (422, {"detail": detail})
    assert stored() == (0, 0)


def test_explain_false_is_accepted(client):
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
def test_invalid_feedback_is_refused_by_field_and_limit(client, prediction_id, stored, change, status, detail):
    body = {"prediction_id": prediction_id, "label": "neutral"} | change
    refused = client.post(FEEDBACK, json=body)
    assert (refused.status_code, refused.json()) == (status, {"detail": detail})
    assert stored() == (1, 0)


@pytest.mark.parametrize("missing", ["prediction_id", "label"])
def test_a_missing_field_is_named(client, prediction_id, stored, missing):
    body = {"prediction_id": prediction_id, "label": "neutral"}
    del body[missing]
    refused = client.post(FEEDBACK, json=body)
    assert (refused.status_code, refused.json()) == (422, {"detail": f"{missing}: is required."})
    assert stored() == (1, 0)


@pytest.mark.parametrize("field", ["prediction_id", "label", "actor", "comment"])
def test_a_lone_surrogate_in_feedback_is_refused(client, prediction_id, stored, field):
    body = {"prediction_id": prediction_id, "label": "neutral"} | {field: "\ud83d"}
    refused = post_bytes(client, FEEDBACK, json.dumps(body))
    assert refused.status_code in (404, 422) and refused.json()["detail"].startswith(f"{field}: ")
    assert stored() == (1, 0)


# Other paths and methods


@pytest.mark.parametrize(
    "path", ["/api", "/api/v1", "/api/v1/predict/", "/api/v1/nothing", "/api/v2/predict", "/nothing"]
)
def test_an_unknown_path_is_404(client, path):
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
def test_another_method_is_405_and_names_the_allowed_one(client, method, path, allowed):
    refused = client.request(method, path)
    assert refused.status_code == 405
    assert refused.headers["allow"] == allowed
    assert refused.json() == {"detail": f"method: only {allowed} is allowed here."}


def test_a_page_mounted_on_the_root_gets_no_unknown_api_paths_or_methods(application):
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


def test_an_internal_error_is_500_without_details(application, engine, monkeypatch):
    def fail(texts):
        raise RuntimeError("customer text inside")

    monkeypatch.setattr(engine, "score", fail)
    client = TestClient(build_api(application), raise_server_exceptions=False)
    answer = client.post(PREDICT, json={"texts": ["x"]})
    assert answer.status_code == 500
    assert answer.json().keys() == {"detail"} and "customer" not in answer.text
