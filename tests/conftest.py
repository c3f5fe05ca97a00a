"""Fixtures for all tests: a real SQLite file per test, and a word-spotting stand-in for the model."""

import shutil
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine, text

from benchmarks.app_process import command
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.engine import BatchScores, NoModel
from product.inference.model import TextScore
from product.sentiment import Prediction
from product.service import Application
from product.settings.configuration import SHIPPED_MODEL, Settings
from product.storage.database import Database
from product.storage.migrate import migrate
from tests.support import postgresql, tiny
from training.release.combine import combine

SCORES = {
    "negative": {"negative": 0.75, "neutral": 0.125, "positive": 0.125},
    "neutral": {"negative": 0.125, "neutral": 0.75, "positive": 0.125},
    "positive": {"negative": 0.125, "neutral": 0.125, "positive": 0.75},
}


SLOW_FIXTURES = {"installation", "postgresql_server", "zh_version"}
"""Fixtures that build or load a real model, or start a server."""
SLOW_TESTS = (
    "browser",
    "faults",
    "loop",
    "test_app.py",
    "training/release",
    "training/compression",
    "training/modelling",
    "training/data/test_cleaning.py",
    "training/data/test_preparation.py",
    "training/data/test_readers.py",
    "training/data/test_templates.py",
    "training/retraining/test_dataset.py",
    "training/retraining/test_label_quality.py",
    "training/retraining/test_large_contributors.py",
    "training/retraining/test_withdrawn.py",
    "product/feedback/test_erasure.py",
    "product/storage/test_codes_migration.py",
    "product/storage/test_database.py",
    "product/web/test_server.py",
    "product/web/test_space.py",
    "product/web/ui/test_my_corrections.py",
    "product/web/ui/test_review.py",
    "training/retraining/test_loop.py",
    "training/evaluation/test_behaviours.py",
)
"""Folders and files, relative to tests/, that start the app or commands, train, read whole corpora, rewrite database
files or build the page for every test."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that `make test-fast` leaves out."""
    for item in items:
        path = item.path.relative_to(item.config.rootpath / "tests").as_posix()
        uses_server = "[postgresql" in item.name
        if path.startswith(SLOW_TESTS) or uses_server or SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


class WordEngine:
    """Texts with `bad` are negative, with `good` positive, all others neutral; with `gut`, German and not supported.

    `seen` lists the texts scored so far.
    """

    languages = ("en",)

    def __init__(self, version: str | None = "v1"):
        self.version = version
        self.seen: list[str] = []

    def score(self, texts: list[str]) -> BatchScores:
        if self.version is None:
            raise NoModel("no model version is loaded yet")
        self.seen += texts
        return BatchScores(self.version, [self._score(text) for text in texts])

    def waiting(self) -> int:
        return 0

    def _score(self, text: str) -> TextScore:
        label = "negative" if "bad" in text else "positive" if "good" in text else "neutral"
        german = "gut" in text
        return TextScore(label, 0.75, SCORES[label], "de" if german else "en", False, supported=not german)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "runtime", database_url="", api_tokens={})


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An empty database file with the newest schema, made once. Each test works on a copy."""
    file = tmp_path_factory.mktemp("migrated") / "attune.db"
    database = Database(f"sqlite:///{file}")
    migrate(database)
    database.close()
    return file


@pytest.fixture
def database(settings, migrated):
    settings.data_dir.mkdir(parents=True)
    shutil.copy(migrated, settings.data_dir / "attune.db")
    # Tests that hold the write lock on purpose should not wait long.
    database = Database(settings.database, patience=0.3)
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgresql_server():
    """The URL of a running server. Skips with the reason if none can be started."""
    if reason := postgresql.missing():
        pytest.skip(reason)
    with postgresql.running() as url:
        yield url


@pytest.fixture
def postgresql_url(postgresql_server):
    """The URL of the same server with an empty database."""
    with create_engine(postgresql_server, isolation_level="AUTOCOMMIT").connect() as connection:
        for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            connection.execute(text(statement))
    return postgresql_server


@pytest.fixture
def engine() -> WordEngine:
    return WordEngine()


@pytest.fixture
def application(settings, database, engine) -> Application:
    return Application(settings, database, engine)


@pytest.fixture
def make_prediction():
    """Make a prediction to store; pass only the fields that matter to the test."""
    defaults = SimpleNamespace(text="where is my parcel", label="neutral", model_version="v1", id="0" * 32)

    def make(**given) -> Prediction:
        values = vars(defaults) | given
        return Prediction(
            **values,
            confidence=0.75,
            scores=SCORES[values["label"]],
            language="en",
            route="agent",
            truncated=False,
        )

    return make


@pytest.fixture
def count(database):
    """Count the rows of a table."""

    def rows(table) -> int:
        with database.read() as session:
            return session.query(table).count()

    return rows


@pytest.fixture(scope="session")
def installation(tmp_path_factory):
    """A data dir with the shipped version installed, built once for all tests. Do not write to it."""
    data_dir = tmp_path_factory.mktemp("installation") / "data"
    command("product", "install", data_dir=data_dir)
    return data_dir


@pytest.fixture
def installed_data_dir(installation, tmp_path):
    """A private data dir in which the shipped version is installed and active."""
    return shutil.copytree(installation, tmp_path / "data")


@pytest.fixture(scope="session")
def shipped(installation):
    """The shipped model, as loaded for serving."""
    return models.load(installation / "versions" / manifests.read(SHIPPED_MODEL).id)


@pytest.fixture(scope="session")
def shipped_folder(installation):
    """The folder of the installed shipped version. Do not write to it."""
    return installation / "versions" / manifests.read(SHIPPED_MODEL).id


@pytest.fixture(scope="session")
def zh_checkpoint(tmp_path_factory):
    """A two-layer Chinese checkpoint with random weights and a tokenizer of single characters."""
    return tiny.write_checkpoint(tmp_path_factory.mktemp("tiny") / "checkpoint")


@pytest.fixture(scope="session")
def zh_version(zh_checkpoint, tmp_path_factory):
    """The folder of a complete version with one expert: the tiny Chinese one, packed."""
    return tiny.build_version(zh_checkpoint, tmp_path_factory.mktemp("tiny") / "zh-1")


@pytest.fixture(scope="session")
def two_experts(shipped_folder, zh_version, tmp_path_factory):
    """The folder of a version with the shipped English expert and the tiny Chinese one."""
    out = tmp_path_factory.mktemp("tiny") / "both-1"
    combine({"en": shipped_folder, "zh": zh_version}, out, "both-1")
    return out
