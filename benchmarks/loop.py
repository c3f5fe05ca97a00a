"""How well the loop learns a new domain from simulated corrections: python -m benchmarks.loop

The active version predicts sentences of product reviews, and simulated contributors correct or confirm its predictions.
After a number of corrections the loop runs as in the product: database, trust, adapter, and the gate on the exported
file. The version that is then active is measured on other sentences of the domain, and on the test rows of all other
available corpora. `--without` leaves out a part of the loop.

Each line of results is appended to the results file, so that an interrupted run continues where it stopped. `--table`
prints the results so far, and `--plot FILE.png` draws them.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from rich.console import Console

from benchmarks.installation import installed
from benchmarks.loop_report import plot, run_key, table
from benchmarks.people import KINDS, SimulatedCorrection, stream
from benchmarks.snippets import snippets
from benchmarks.trial import PARTS, Trial, accuracy, learned_shares, measure, submit
from product.settings.configuration import ROOT, load_settings
from training.data import catalogue
from training.data.preparation import subsample
from training.data.rows import CorpusUnavailable, Row
from training.retraining.loop import retrain

SIZES = (100, 300, 1000)
TEST_ROWS = {"airline": 3000, "desk-en": 200, "desk-zh": 200, "imdb": 500, "sst2": 900, "zh-reviews": 500}
"""Corpora besides the domain, and the maximum number of test rows from each."""
RESULTS = ROOT / "data" / "runtime" / "loop.jsonl"
console = Console(stderr=True)


@dataclass(frozen=True)
class Schedule:
    """When the loop runs: after each number of corrections in `sizes`, and in between after every `every` (0: never).

    `without` names the parts of the loop that are left out.
    """

    sizes: tuple[int, ...]
    every: int = 0
    without: tuple[str, ...] = ()

    def batches(self) -> list[tuple[int, int]]:
        """For each run of the loop: the range (start, stop) of the corrections that arrive before it."""
        between = range(self.every, self.sizes[-1], self.every) if self.every else ()
        return list(pairwise(sorted({0, *self.sizes, *between})))


@dataclass(frozen=True)
class TestSets:
    """The rows on which every active version is measured."""

    __test__ = False  # keeps pytest from collecting the class because of its name
    domain: list[Row]
    others: dict[str, list[Row]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="Measure after so many corrections.")
    parser.add_argument("--every", type=int, default=0, help="Also run the loop after every so many corrections.")
    parser.add_argument("--without", nargs="*", choices=PARTS, default=[])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true", help="Only print the results so far.")
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    if not arguments.table:
        run_all(arguments)
    lines = read_results(arguments.results)
    Console(width=180).print(table(lines))
    if arguments.plot:
        plot(lines, arguments.plot)


def run_all(arguments: argparse.Namespace) -> None:
    """Simulate every seed and kind of contributors that the results file does not have yet."""
    rows, domain = snippets(RESULTS.parent / "benchmarks")
    schedule = Schedule(tuple(sorted(arguments.sizes)), arguments.every, tuple(sorted(arguments.without)))
    test_sets, shipped = TestSets(domain, other_test_rows()), None
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        for kind in arguments.people:
            run = {"people": kind, "seed": seed, "without": list(schedule.without), "every": schedule.every}
            done = [line for line in read_results(arguments.results) if run_key(line) == run_key(run)]
            if {line["corrections"] for line in done} >= {0, *schedule.sizes}:
                continue
            console.log(", ".join(f"{name} {value}" for name, value in run.items() if value not in ([], 0)))
            corrections = stream(rows, schedule.sizes[-1], kind, seed)
            for line in simulate(corrections, schedule, test_sets, shipped):
                shipped = shipped or {name: value for name, value in line.items() if name != "corrections"}
                console.log(json.dumps(run | line))
                with arguments.results.open("a", encoding="utf-8") as results:
                    results.write(json.dumps(run | line) + "\n")


def read_results(file: Path) -> list[dict]:
    """The lines of the results file; of a repeated measurement, only the last."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []
    last = {(run_key(line), line["corrections"]): line for line in lines}
    return list(last.values())


def other_test_rows() -> dict[str, list[Row]]:
    """At most TEST_ROWS test rows of each corpus that is available without a download."""
    found, corpus_dir = {}, load_settings().corpus_dir
    for name, limit in TEST_ROWS.items():
        try:
            if not catalogue.find(name).installed and not corpus_dir:
                raise CorpusUnavailable("not on this disk")
            found[name] = subsample(catalogue.load_clean(name, "test", corpus_dir), limit, seed=0)
        except CorpusUnavailable:
            console.log(f"{name} is not available")
    return found


def simulate(
    corrections: list[SimulatedCorrection], schedule: Schedule, test_sets: TestSets, shipped: dict | None = None
) -> Iterator[dict]:
    """Yield a line of results before the first correction and after each of the schedule's sizes.

    `shipped`: the measurement of the shipped version, if there is one from an earlier call.
    """
    with installed() as home:
        versions = home.versions
        hostile: dict[str, bool] = {}
        state = shipped or measure(versions, test_sets.domain, test_sets.others)
        yield {"corrections": 0} | state
        promoted, challengers = 0, []
        make_run = partial(
            Trial,
            without=schedule.without,
            observe=lambda model: challengers.append(accuracy(model, test_sets.domain)),
        )
        for first, last in schedule.batches():
            hostile |= submit(versions, home.database, corrections[first:last], first)
            started, before = time.monotonic(), versions.active()
            result = retrain(home.settings, make_run=make_run)
            promoted += versions.active() != before
            reasons = [str(reason.code) for reason in result.reasons]
            console.log(f"{last} corrections: {result.outcome}, {', '.join(reasons)}")
            if last not in schedule.sizes:
                continue
            seconds = round(time.monotonic() - started)
            if versions.active() != state["version"]:
                state = measure(versions, test_sets.domain, test_sets.others)
            run = {"corrections": last, "promoted": promoted, "outcome": result.outcome, "reasons": reasons}
            challenger = challengers[-1] if challengers else None
            learned = learned_shares(home.database, versions.active(), hostile)
            yield run | {"seconds": seconds} | learned | {"challenger": challenger} | state


if __name__ == "__main__":
    main()
