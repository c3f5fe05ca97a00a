"""What /metrics exports, and that it neither waits for the model nor shows what a client has written."""

import threading

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from product.inference.engine import BatchScores
from product.sentiment import StorageUnavailable
from product.storage.attempts import finish_attempt, start_attempt
from product.storage.versions import NewVersion, activate_version, add_version
from product.web.api import build_api
from product.web.server import build_app
from tests.support.actors import BY_COMMAND


@pytest.fixture
def client(application):
    with TestClient(build_api(application), raise_server_exceptions=False) as client:
        yield client


def samples(client) -> dict[tuple, float]:
    """Every sample by name and label values."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_requests_are_counted_and_timed_by_route_template_and_status(client):
    client.post("/api/v1/predict", json={"texts": ["bad bag"]})
    client.post("/api/v1/predict", json={"texts": []})
    for id in ("a", "b"):
        client.get(f"/api/v1/feedback/{id}")
    found = samples(client)
    assert found["attune_requests_total", "/api/v1/predict", "200"] == 1
    assert found["attune_requests_total", "/api/v1/predict", "422"] == 1
    assert found["attune_requests_total", "/api/v1/feedback/{feedback_id}", "404"] == 2
    assert found["attune_request_duration_seconds_count", "/api/v1/feedback/{feedback_id}", "404"] == 2


def test_requests_to_pages_and_unknown_paths_share_one_route_each(application):
    with TestClient(build_app(application)) as client:
        client.get("/")
        client.get("/config")
        client.get("/api/v1/secret-name")
        found = samples(client)
        assert "secret-name" not in client.get("/metrics").text
    assert found["attune_requests_total", "page", "200"] == 2
    assert found["attune_requests_total", "unknown", "404"] == 1


def test_an_internal_error_is_counted_as_500(client, engine, monkeypatch):
    monkeypatch.delattr(type(engine), "score")
    client.post("/api/v1/predict", json={"texts": ["bad bag"]})
    assert samples(client)["attune_requests_total", "/api/v1/predict", "500"] == 1


def test_predictions_are_counted_by_label_and_language(client):
    client.post("/api/v1/predict", json={"texts": ["bad bag", "bad day", "good day", "sehr gut"]})
    found = samples(client)
    assert found["attune_predictions_total", "negative", "en", "true"] == 2
    assert found["attune_predictions_total", "positive", "en", "true"] == 1
    assert found["attune_predictions_total", "neutral", "de", "false"] == 1


def test_corrections_runs_and_versions_come_from_the_database(client, database):
    id = client.post("/api/v1/predict", json={"texts": ["bad bag"]}).json()["predictions"][0]["id"]
    client.post("/api/v1/feedback", json={"prediction_id": id, "label": "neutral"})
    with database.write() as session:
        for version in ("v1", "v2"):
            add_version(session, NewVersion(id=version, parent=None, corrections=0, metrics={}, verdict={}, learned={}))
        activate_version(session, "v2", BY_COMMAND)
        finish_attempt(session, id=start_attempt(session), outcome="kept", reasons=[])
        start_attempt(session)
    found = samples(client)
    assert found["attune_corrections", "pending"] == 1
    assert {key: value for key, value in found.items() if key[0] == "attune_retraining_runs"} == {
        ("attune_retraining_runs", "kept"): 1
    }
    assert found[("attune_versions",)] == 2
    assert found["attune_active_version_info", "v2"] == 1


def test_the_queue_length_is_exported(client, engine, monkeypatch):
    monkeypatch.setattr(engine, "waiting", lambda: 7)
    assert samples(client)[("attune_queue_batches",)] == 7


def test_metrics_are_answered_while_every_thread_waits_for_the_model(client, engine, monkeypatch):
    released, waiting = threading.Event(), threading.Semaphore(0)

    def score(texts):
        waiting.release()
        released.wait(30)
        return BatchScores("v1", [])

    monkeypatch.setattr(engine, "score", score)
    requests = [
        threading.Thread(target=client.post, args=["/api/v1/predict"], kwargs={"json": {"texts": ["bad"]}})
        for _ in range(40)  # the size of the common thread pool
    ]
    try:
        for request in requests:
            request.start()
        assert all(waiting.acquire(timeout=10) for _ in requests)
        assert client.get("/metrics").status_code == 200
    finally:
        released.set()
        for request in requests:
            request.join()


def test_without_a_database_the_other_metrics_are_exported(client, database, monkeypatch):
    def unavailable():
        raise StorageUnavailable("The database cannot be read at the moment; try again shortly.")

    client.post("/api/v1/predict", json={"texts": ["bad bag"]})
    monkeypatch.setattr(database, "read", unavailable)
    found = samples(client)
    assert found["attune_requests_total", "/api/v1/predict", "200"] == 1
    assert not [key for key in found if key[0] == "attune_corrections"]


def test_each_application_has_metrics_of_its_own(application, client):
    client.post("/api/v1/predict", json={"texts": ["bad bag"]})
    with TestClient(build_api(application)) as other:
        assert ("attune_requests_total", "/api/v1/predict", "200") not in samples(other)
