"""app.py as a Hugging Face Space starts it."""

import socket
from contextlib import suppress

import pytest

from benchmarks.app_process import RunningApp

TEXTS = ["Where is my parcel?", "This is the third week without internet.", "Thank you, that was quick!"]


def outside_address() -> str:
    """This machine's own address on its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]


def free_at(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_space_gives_the_same_answers_on_its_port_and_interface(installed_data_dir):
    assert free_at(7860), "something else listens on port 7860"
    with RunningApp(installed_data_dir) as plain:
        expected = [(one["label"], one["scores"]) for one in plain.predict(TEXTS)["predictions"]]
    space = {
        "SPACE_ID": "someone/attune",
        "GRADIO_SSR_MODE": "True",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": "7860",
    }
    with RunningApp(installed_data_dir, **space) as app:
        with suppress(OSError):  # a machine without a network has the loopback alone
            app.url = f"http://{outside_address()}:7860"
        found = [(one["label"], one["scores"]) for one in app.predict(TEXTS)["predictions"]]
    assert [label for label, _ in found] == [label for label, _ in expected]
    for (_, one), (_, other) in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-6)
