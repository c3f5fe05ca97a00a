"""SIGKILL at random moments of real retraining runs: python -m benchmarks.kills [--kills N] [--seed N]

Each kill picks a random stage and a random delay after its beginning, while more corrections arrive. After every kill
the database must open and hold every acknowledged correction, the files of the active version must be intact, and
`versions` must list it. The last run is not killed and must reach a decision.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.app_process import command
from benchmarks.killed_runs import STAGES, SUFFICIENT_CORRECTIONS, CorrectedInstallation, KillableRun
from product.codes import Outcome

MAX_DELAYS = {"": 8.0, "training on": 40.0, "publishing": 0.1}
"""Longest delay in seconds between the beginning of a stage and the kill; DEFAULT_DELAY for other stages."""
DEFAULT_DELAY = 6.0


def kill_run(installation: CorrectedInstallation, stage: str, delay: float) -> tuple[bool, list[str]]:
    """Start a run and kill it. Returns whether it was still running, and the problems found afterwards."""
    run = KillableRun(installation.data_dir)
    reached = run.wait_for(stage)
    installation.correct(1)
    if reached:
        time.sleep(delay)
    killed = run.kill()
    problems = installation.problems()
    if not killed:
        # If the run promoted a version, the next run would have nothing new to learn.
        command("product", "rollback", data_dir=installation.data_dir, check=False)
    if not reached and installation.attempts()[-1] != Outcome.kept:
        problems.append(f"the run ended ({run.process.returncode}) before {stage!r}: {''.join(run.log_lines[-3:])}")
    return killed, problems


def run_kills(data_dir: Path, kills: int, seed: int, console: Console) -> tuple[Table, bool]:
    """Start and kill runs until `kills` were hit. Returns the table of results, and whether all stayed intact."""
    rng, installation = random.Random(seed), CorrectedInstallation(data_dir)
    installation.correct(SUFFICIENT_CORRECTIONS)
    killed, ended, problems = Counter(), Counter(), Counter()
    while sum(killed.values()) < kills:
        stage = rng.choice(STAGES)
        delay = rng.uniform(0, MAX_DELAYS.get(stage, DEFAULT_DELAY))
        was_running, found = kill_run(installation, stage, delay)
        (killed if was_running else ended)[stage] += 1
        problems[stage] += bool(found)
        console.log(f"{sum(killed.values())} of {kills}: {stage or 'start'} + {delay:.1f} s: {found or 'intact'}")
    outcome_file = data_dir / "outcome.json"
    result = command("training", "retrain", "--json", str(outcome_file), data_dir=data_dir, check=False)
    problems["last run"] = len(installation.problems()) + (result.returncode != 0)
    outcome = json.loads(outcome_file.read_text())["outcome"] if not result.returncode else result.stderr
    title = f"{kills} kills, seed {seed}; {len(installation.acknowledged)} corrections; last run: {outcome}"
    table = Table(title=title, title_justify="left")
    for heading in ("stage", "killed", "ended before the kill", "problems"):
        table.add_column(heading, justify="right")
    for stage in STAGES:
        table.add_row(stage or "start", str(killed[stage]), str(ended[stage]), str(problems[stage]))
    return table, not sum(problems.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=13)
    given, console = parser.parse_args(), Console()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        command("product", "install", data_dir=data_dir)
        table, intact = run_kills(data_dir, given.kills, given.seed, console)
    console.print(table)
    return 0 if intact else 1


if __name__ == "__main__":
    sys.exit(main())
