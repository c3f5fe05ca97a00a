"""Shared by the tests of the REST API: a client, and what a refused request must leave untouched."""

import pytest
from fastapi.testclient import TestClient

from product.service import Application
from product.storage.tables import FeedbackRow, PredictionRow
from product.web.api import build_api
from tests.support.rest import PREDICT


@pytest.fixture
def client(application) -> TestClient:
    return TestClient(build_api(application), client=("203.0.113.7", 40000))


@pytest.fixture
def stored(count):
    """How many predictions and corrections the database holds."""
    return lambda: (count(PredictionRow), count(FeedbackRow))


@pytest.fixture
def prediction_id(client) -> str:
    return client.post(PREDICT, json={"texts": ["bad bag"]}).json()["predictions"][0]["id"]


@pytest.fixture
def with_tokens(settings, database, engine) -> TestClient:
    """A client of a server with two tokens."""
    guarded = settings.model_copy(update={"api_tokens": {"s3cret": "desk", "gehéim": "crm"}})
    return TestClient(build_api(Application(guarded, database, engine)))
