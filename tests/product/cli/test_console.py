"""What a command line shows on stderr, what it leaves to stdout, and how it ends."""

import io
import logging

import pytest
import typer
from rich.console import Console

from product.cli import console as shared
from product.progress import report
from product.sentiment import InvalidInput


@pytest.fixture
def stderr(monkeypatch):
    """What is written to stderr, as a terminal of 100 columns would show it."""
    stream = io.StringIO()
    monkeypatch.setattr(shared, "console", Console(file=stream, width=100, force_terminal=True, color_system=None))
    return stream


@pytest.fixture(autouse=True)
def loggers_as_before():
    root, levels = logging.getLogger(), {}
    handlers, levels[""] = root.handlers[:], root.level
    for name in ("product", "training"):
        levels[name] = logging.getLogger(name).level
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def run(command) -> int:
    """The exit status of a command line with this command alone."""
    app = typer.Typer()
    app.command()(command)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr("sys.argv", ["command"])
        shared.run(app)
    return end.value.code


def test_steps_of_both_packages_are_shown_and_those_of_libraries_are_not(stderr):
    def command():
        logging.getLogger("product.versions").info("loading [the] model")
        logging.getLogger("training.data").info("reading rows")
        logging.getLogger("somebody.else").info("resolving")
        logging.getLogger("somebody.else").warning("out of date")

    assert run(command) == 0
    assert stderr.getvalue().splitlines() == ["› loading [the] model", "› reading rows", "WARNING out of date"]


def test_an_error_for_people_ends_with_status_2_and_no_traceback(stderr):
    def command():
        raise InvalidInput("in[1].csv: must be .csv")

    assert run(command) == shared.REFUSED
    assert stderr.getvalue() == "Error: in[1].csv: must be .csv\n"


def test_a_task_is_shown_with_its_counts_until_it_is_done(stderr):
    bars = shared.ProgressBars()
    bars.update("scoring", 256, 600)
    bars.update("reading", 3, None)
    assert bars.shown == ["scoring", "reading"]
    bars.update("scoring", 600, 600)
    assert bars.shown == ["reading"]
    bars.update("reading", 5, 5)
    assert bars.shown == []
    assert "scoring" in stderr.getvalue() and "256/600" in stderr.getvalue()


def test_results_stay_on_stdout_while_a_task_is_shown(stderr, capsys):
    def command():
        report("scoring", 1, 2)
        print("result")
        report("scoring", 2, 2)

    assert run(command) == 0
    assert capsys.readouterr().out == "result\n"
    assert "result" not in stderr.getvalue()
