"""The real app and its commands, each in a separate process, as a user starts them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 180.0
"""How long the app may take to become ready."""
SWAP_SECONDS = 15.0
"""How long the app may take to serve a version that became active."""


def clean_environment(data_dir: Path, **more: str) -> dict[str, str]:
    """The environment of this process, without the product's settings, plus the given variables."""
    settings = ("ATTUNE_", "GRADIO_", "SPACE_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    return inherited | {"ATTUNE_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"} | more


def free_port() -> int:
    """A TCP port of this machine that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def command(*arguments: str, data_dir: Path, check: bool = True, **environment: str) -> subprocess.CompletedProcess:
    """Run `python -m ARGUMENTS` on a data dir. With `check`, raises AssertionError with the output if it fails."""
    result = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=clean_environment(data_dir, **environment),
        capture_output=True,
        text=True,
        timeout=900,
    )
    if check and result.returncode:
        raise AssertionError(f"{' '.join(arguments)} ended with {result.returncode}:\n{result.stdout}\n{result.stderr}")
    return result


class RunningApp:
    """`python app.py` on a free port, as a context manager. `log()` returns its output."""

    def __init__(self, data_dir: Path, **environment: str):
        self.data_dir = data_dir
        self.port = int(environment.get("GRADIO_SERVER_PORT", free_port()))
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = clean_environment(data_dir, **{"GRADIO_SERVER_PORT": str(self.port)} | environment)
        self._log = data_dir.parent / f"app-{self.port}.log"
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "RunningApp":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )
        self.wait(lambda: self.get("/readyz")[0] == 200, START_SECONDS, "to be ready")

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=30)

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait(self, condition, seconds: float, what: str) -> float:
        """Wait for the condition and return the seconds it took. Raises AssertionError with the log on a timeout."""
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            if self.process.poll() is not None:
                raise AssertionError(f"the app ended with {self.process.returncode}:\n{self.log()}")
            if condition():
                return time.monotonic() - started
            time.sleep(0.1)
        raise AssertionError(f"waited {seconds:.0f} s for the app {what}:\n{self.log()}")

    def get(self, path: str) -> tuple[int, dict]:
        return self._call(urllib.request.Request(self.url + path))

    def post(self, path: str, body: dict, **more: str) -> tuple[int, dict]:
        headers = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in more.items()}
        return self._call(urllib.request.Request(self.url + path, json.dumps(body).encode(), headers))

    @staticmethod
    def _call(request: urllib.request.Request) -> tuple[int, dict]:
        """(status, JSON body); status 0 if there is no response."""
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or "{}")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0, {}

    def predict(self, texts: list[str]) -> dict:
        status, response = self.post("/api/v1/predict", {"texts": texts})
        assert status == 200, response
        return response

    def labels(self, texts: list[str]) -> list[str]:
        return [prediction["label"] for prediction in self.predict(texts)["predictions"]]

    def correct(self, prediction_id: str, label: str, actor: str = "test") -> str:
        body = {"prediction_id": prediction_id, "label": label, "actor": actor}
        status, response = self.post("/api/v1/feedback", body)
        assert status == 201, response
        return response["feedback_id"]

    def version(self) -> str:
        return self.predict(["hello"])["model_version"]

    def wait_for_version(self, version: str) -> float:
        """Wait until predictions come from this version and return the seconds it took."""
        return self.wait(lambda: self.version() == version, SWAP_SECONDS, f"to serve {version}")
