"""SIGKILLs at random moments of real retrains: python -m benchmarks.kills [--kills N] [--seed N]

The moments are drawn from all stages of a run, and from the seconds after each begins. More corrections come in while
each run is under way. After every kill the database must open, hold every correction that was acknowledged, and name an
active version whose files are whole; and `versions` must explain. The last run is left alone and must reach a decision.
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
from benchmarks.killed_runs import ENOUGH, STAGES, Installation, Victim

LATEST = {"": 8.0, "training on": 40.0, "publishing": 0.1}
"""Seconds after the beginning of a stage within which to kill, where it is longer or shorter than others."""
SHORT = 6.0


def one_kill(installation: Installation, stage: str, delay: float) -> tuple[bool, list[str]]:
    """Whether there was something to kill, and what does not hold after it."""
    victim = Victim(installation.data_dir)
    reached = victim.reach(stage)
    installation.correct(1)
    if reached:
        time.sleep(delay)
    killed = victim.kill()
    problems = installation.damage()
    if not killed:
        # The version it has made active would have learned what the next run is to learn from.
        command("product", "rollback", data_dir=installation.data_dir, check=False)
    if not reached and installation.attempts()[-1] != "kept":
        problems.append(f"the run ended ({victim.process.returncode}) before {stage!r}: {''.join(victim.said[-3:])}")
    return killed, problems


def endure(data_dir: Path, kills: int, seed: int, console: Console) -> tuple[Table, bool]:
    chance, installation = random.Random(seed), Installation(data_dir)
    installation.correct(ENOUGH)
    killed, ended, problems = Counter(), Counter(), Counter()
    while sum(killed.values()) < kills:
        stage = chance.choice(STAGES)
        delay = chance.uniform(0, LATEST.get(stage, SHORT))
        was_running, found = one_kill(installation, stage, delay)
        (killed if was_running else ended)[stage] += 1
        problems[stage] += bool(found)
        console.log(f"{sum(killed.values())} of {kills}: {stage or 'start'} + {delay:.1f} s: {found or 'all holds'}")
    answer = data_dir / "outcome.json"
    done = command("training", "retrain", "--json", str(answer), data_dir=data_dir, check=False)
    problems["the last run"] = len(installation.damage()) + (done.returncode != 0)
    outcome = json.loads(answer.read_text())["outcome"] if not done.returncode else done.stderr
    title = f"{kills} kills, seed {seed}; {len(installation.acknowledged)} corrections; the last run: {outcome}"
    table = Table(title=title, title_justify="left")
    for heading in ("after the stage began", "killed", "ended before", "something did not hold"):
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
        table, held = endure(data_dir, given.kills, given.seed, console)
    console.print(table)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
