"""app.py as a Hugging Face Space starts it."""

import socket
from contextlib import suppress

import pytest

from benchmarks.app_process import RunningApp

TEXTS = ["Where is my parcel?", "This is the third week without internet.", "Thank you, that was quick!"]


def outside_address() -> str:
    """This machine's address on its network, found without sending anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]


def free_at(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_space_gives_the_same_predictions_on_its_port_and_interface(installed_data_dir):
    assert free_at(7860), "something else listens on port 7860"
    with RunningApp(installed_data_dir) as plain:
        expected = [(prediction["label"], prediction["scores"]) for prediction in plain.predict(TEXTS)["predictions"]]
    space = {
        "SPACE_ID": "someone/attune",
        "GRADIO_SSR_MODE": "True",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": "7860",
    }
    with RunningApp(installed_data_dir, **space) as app:
        with suppress(OSError):  # a machine without a network has only the loopback interface
            app.url = f"http://{outside_address()}:7860"
        found = [(prediction["label"], prediction["scores"]) for prediction in app.predict(TEXTS)["predictions"]]
    assert [label for label, _ in found] == [label for label, _ in expected]
    for (_, scores), (_, expected_scores) in zip(found, expected, strict=True):
        assert scores == pytest.approx(expected_scores, abs=1e-6)
