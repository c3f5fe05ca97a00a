"""Shared by the tests of drift: its watch, and the page that shows it."""

import pytest

from tests.support.drifting import World


@pytest.fixture
def world(settings, database, tmp_path) -> World:
    return World(settings, database, tmp_path / "model")
