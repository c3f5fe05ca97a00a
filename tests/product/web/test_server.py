"""The mounted page against hand-made HTTP requests."""

import json
from pathlib import Path

import gradio as gr
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from product.storage.tables import FeedbackRow, PredictionRow
from product.web.limits import MAX_EVENT
from product.web.server import build_app, mount_page
from product.web.ui.page import build_page

SECRET = "what only the server may read"


@pytest.fixture
def page_client(application):
    with TestClient(build_app(application)) as client:
        yield client


@pytest.fixture
def secret_file(tmp_path):
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    return file


@pytest.fixture
def no_cache(tmp_path, monkeypatch):
    """Gradio's cache folder, empty at first."""
    folder = tmp_path / "gradio"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


def as_file(path) -> dict:
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


def send(client: TestClient, handler: str, data: list, *, element: str | None = None, event_data=None) -> str:
    """Run an event handler through the queue, as a browser does; returns the event stream."""
    config = client.get("/config").json()
    identities = {block["props"].get("elem_id"): block["id"] for block in config["components"]}
    dependency = next(event for event in config["dependencies"] if event["api_name"].startswith(handler))
    body = {"data": data, "fn_index": dependency["id"], "session_hash": "session", "event_data": event_data}
    joined = client.post("/gradio_api/queue/join", json=body | {"trigger_id": identities.get(element)})
    assert joined.status_code == 200, joined.text
    return client.get("/gradio_api/queue/data", params={"session_hash": "session"}).text


# Files


def open_file_page() -> gr.Blocks:
    """A page with a handler that takes a file, which no page of the product has."""
    with gr.Blocks(analytics_enabled=False) as page:
        given, content = gr.File(), gr.Textbox()
        given.change(lambda file: Path(file).read_text(), given, content, api_name="read", queue=False)
    return page


def test_a_file_on_the_server_named_in_a_request_is_not_opened(secret_file, no_cache):
    page = open_file_page()
    with TestClient(mount_page(FastAPI(), page)) as client:
        answer = client.post("/gradio_api/run/read", json={"data": [as_file(secret_file)]})
    assert answer.status_code >= 400
    assert SECRET not in answer.text
    assert not [file for file in no_cache.rglob("*") if file.is_file()]


def test_a_file_in_place_of_a_message_is_not_opened(page_client, secret_file, no_cache, count):
    answer = send(page_client, "on_read", [as_file(secret_file), None])
    assert SECRET not in answer
    assert not [file for file in no_cache.rglob("*") if file.is_file()]
    assert count(PredictionRow) == 0


def test_the_database_is_not_served(page_client, settings):
    assert page_client.get(f"/gradio_api/file={settings.data_dir / 'attune.db'}").status_code in (403, 404)


def test_nothing_can_be_uploaded(page_client, no_cache):
    answer = page_client.post("/gradio_api/upload", files={"files": ("a.txt", b"anything")})
    assert answer.status_code == 404
    assert not no_cache.exists() or not list(no_cache.rglob("*"))


def test_redacted_parts_are_neither_on_disk_nor_in_the_session(application, settings, no_cache):
    app = build_app(application)
    with TestClient(app) as client:
        answer = send(client, "on_read", ["good, my mail is ann@example.com", None], element="read")
        shown = _value_at(answer, client, "shown")
        send(client, "on_correct", [shown, "or ring +44 20 7946 0958", None], element="label-neutral")
        [session] = app.routes[-1].app.state_holder.session_data.values()
    [recent] = session.state_data.values()
    kept = [(entry.prediction.text, entry.comment) for entry in recent.newest_first()]
    assert kept == [("good, my mail is [email]", "or ring [phone]")]
    assert "ann@example.com" not in repr(session.config_values) and "7946" not in repr(session.config_values)
    assert not [file for file in no_cache.rglob("*") if file.is_file()]
    on_disk = b"".join(file.read_bytes() for file in settings.data_dir.rglob("*") if file.is_file())
    assert b"my mail is [email]" in on_disk and b"or ring [phone]" in on_disk
    assert b"ann@example.com" not in on_disk and b"7946" not in on_disk


# Disabled features of Gradio


@pytest.mark.parametrize("path", ["monitoring", "monitoring/summary", "monitoring/key", "gradio_api/runs"])
def test_monitoring_and_run_history_are_not_public(page_client, path):
    assert page_client.get(f"/{path}").status_code in (403, 404)


def test_deep_links_are_off(page_client, no_cache):
    assert page_client.get("/gradio_api/deep_link", params={"session_hash": "session"}).status_code == 404
    assert not no_cache.exists() or not list(no_cache.rglob("*"))


def test_server_side_rendering_stays_off_on_a_space(application, monkeypatch):
    monkeypatch.setenv("GRADIO_SSR_MODE", "True")
    monkeypatch.setenv("SPACE_ID", "someone/attune")
    page = build_page(application)
    with TestClient(mount_page(FastAPI(), page)) as client:
        config = client.get("/config").json()
    assert page.ssr_mode is False
    assert getattr(page, "node_process", None) is None
    assert config["run_history"] is False and config["footer_links"] == []
    assert config["analytics_enabled"] is False


def test_the_page_loads_no_font_or_style_from_another_server(page_client):
    config = page_client.get("/config").json()
    assert not [sheet for sheet in config["stylesheets"] if sheet.startswith("http")]
    assert "fonts.googleapis" not in page_client.get("/").text + page_client.get("/theme.css").text


# Hand-made events


def test_the_api_and_the_page_share_one_port(page_client):
    assert page_client.get("/readyz").json()["model"] == "v1"
    assert page_client.post("/api/v1/predict", json={"texts": ["good"]}).status_code == 200
    assert "window.gradio_config" in page_client.get("/").text


def test_an_event_over_the_limit_is_refused(page_client, count):
    body = {"data": ["x" * MAX_EVENT, None], "fn_index": 0, "session_hash": "session"}
    answer = page_client.post("/gradio_api/queue/join", json=body)
    assert answer.status_code == 413
    assert "10,000 characters" in answer.text
    assert count(PredictionRow) == 0


def test_repeated_feedback_on_one_message_is_stored_once(page_client, database):
    answer = send(page_client, "on_read", ["good grief", None], element="read")
    shown = _value_at(answer, page_client, "shown")
    for label in ("negative", "neutral"):
        send(page_client, "on_correct", [shown, "", None], element=f"label-{label}")
    with database.read() as session:
        row = session.query(FeedbackRow).one()
        assert (row.label, row.prediction.text) == ("neutral", "good grief")
        assert row.actor.kind == "client" and row.actor.name == "" and "testclient" not in row.actor.key


@pytest.mark.parametrize("shown", ["", "f" * 32, None, "../x"])
def test_feedback_on_a_message_of_another_session_is_refused(page_client, count, shown):
    answer = send(page_client, "on_correct", [shown, "", None], element="label-neutral")
    assert "Not saved" in answer
    assert count(FeedbackRow) == 0


@pytest.mark.parametrize("event_data", [None, {}, {"key": None}, {"key": {"a": 1}}, ["key"], "key"])
def test_selecting_an_unknown_row_changes_nothing(page_client, event_data):
    answer = send(page_client, "on_select", [None], event_data=event_data)
    assert '"success":true' in answer.replace(" ", "")


def _value_at(stream: str, client: TestClient, element: str):
    """The value that a completed event gives the component with this element id."""
    config = client.get("/config").json()
    identity = next(block["id"] for block in config["components"] if block["props"].get("elem_id") == element)
    messages = [json.loads(line[5:]) for line in stream.splitlines() if line.startswith("data:")]
    done = next(message for message in messages if message["msg"] == "process_completed")
    outputs = next(event["outputs"] for event in config["dependencies"] if event["api_name"].startswith("on_read"))
    return done["output"]["data"][outputs.index(identity)]
