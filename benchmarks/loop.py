"""What the loop makes of a stream of corrections from a domain that the model has not seen: python -m benchmarks.loop

Sentences of product reviews are answered by the version that is active, and people correct or confirm them; after so
many words the loop runs, as in the product: the database, the sources, the adapter, the gate on the exported file. What
is then active is measured on sentences of the domain that nobody has spoken of, and on everything else that is here.
`--without` leaves a part of the loop out. Each line of results is kept in the results file, so that a run that is
stopped goes on; `--table` prints what the file has, and `--plot FILE.png` draws it.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from benchmarks.installation import installed
from benchmarks.people import KINDS, Word, stream
from benchmarks.snippets import snippets
from product.inference import model as models
from product.inference.engine import Engine
from product.inference.model import Model
from product.inference.prediction import predict_batch
from product.privacy.redact import redact_for_storage
from product.sentiment import Correction
from product.settings.configuration import ROOT, load_settings
from product.storage.corrections import all_corrections
from product.storage.database import Database
from product.storage.feedback import save_feedback
from product.storage.predictions import save_predictions
from product.storage.tables import FeedbackRow, LearnedRow
from product.versions.registry import Versions
from training.data import catalogue as corpora
from training.data.preparation import subsample
from training.data.rows import CorpusUnavailable, Row
from training.retraining import loop as retrain
from training.retraining.compare import answered_rightly
from training.retraining.dataset import RetrainDataset
from training.retraining.gate import Verdict

SIZES = (100, 300, 1000)
PARTS = ("replay", "standing", "gate")
ELSEWHERE = {"airline": 3000, "desk-en": 200, "desk-zh": 200, "imdb": 500, "sst2": 900, "zh-reviews": 500}
"""Test rows, and how many of them at most."""
RESULTS = ROOT / "data" / "runtime" / "loop.jsonl"
BETWEEN = timedelta(minutes=3)
"""Time from one word to the next."""
console = Console(stderr=True)


@dataclass(frozen=True)
class Trial(retrain.Run):
    """The loop with parts of it left out."""

    without: tuple[str, ...] = ()
    look: Callable[[Model], None] = lambda model: None
    """Shown what each attempt concludes with, whatever becomes of it."""

    def score_contributors(self):
        if "standing" not in self.without:
            return super().score_contributors()
        with self.database.read() as session:
            return all_corrections(session)

    def collect(self, accepted, how=None) -> RetrainDataset:
        material = super().collect(accepted, how)
        if "replay" not in self.without:
            return material
        return replace(
            material,
            lessons={name: replace(lesson, replayed=[], spare=[]) for name, lesson in material.lessons.items()},
        )

    def challenge(self, folder: Path, material: RetrainDataset):
        found = super().challenge(folder, material)
        if "gate" in self.without:
            return replace(found, verdict=Verdict(True, "nobody asked the gate", found.verdict.checks))
        return found

    def exclude_harmful_contributor(self, draft: Path, accepted: list[Correction], found: retrain.Challenger):
        return (
            (found, accepted) if "gate" in self.without else super().exclude_harmful_contributor(draft, accepted, found)
        )

    def conclude(self, found: retrain.Challenger) -> retrain.Outcome:
        self.look(models.load(found.folder))
        return super().conclude(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="Measure after so many words.")
    parser.add_argument("--every", type=int, default=0, help="The loop runs after every so many words too.")
    parser.add_argument("--without", nargs="*", choices=PARTS, default=[])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true", help="Only print what the results file has.")
    parser.add_argument("--plot", type=Path)
    asked = parser.parse_args()
    if not asked.table:
        run_all(asked)
    lines = read_results(asked.results)
    Console(width=150).print(table(lines))
    if asked.plot:
        plot(lines, asked.plot)


def run_all(asked: argparse.Namespace) -> None:
    domain, judged_by = snippets(RESULTS.parent / "benchmarks")
    others = elsewhere()
    without, shipped = tuple(sorted(asked.without)), None
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        for kind in asked.people:
            done = [
                line for line in read_results(asked.results) if story_of(line) == (kind, seed, asked.every, *without)
            ]
            if {line["words"] for line in done} >= {0, *asked.sizes}:
                continue
            console.log(f"seed {seed}, people {kind}" + (f", without {', '.join(without)}" if without else ""))
            words = stream(domain, max(asked.sizes), kind, seed)
            for line in story(words, sorted(asked.sizes), asked.every, without, judged_by, others, shipped):
                shipped = shipped or {name: value for name, value in line.items() if name != "words"}
                told = {"people": kind, "seed": seed, "without": list(without), "every": asked.every} | line
                console.log(json.dumps(told))
                with asked.results.open("a", encoding="utf-8") as stream_out:
                    stream_out.write(json.dumps(told) + "\n")


def story_of(line: dict) -> tuple:
    """Whose words, of which seed, with attempts how often, and what was left out."""
    return line["people"], line["seed"], line["every"], *line["without"]


def read_results(file: Path) -> list[dict]:
    """What was measured, the last line where a run was made again."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []
    last = {(story_of(line), line["words"]): line for line in lines}
    return list(last.values())


def elsewhere() -> dict[str, list[Row]]:
    """Test rows of the corpora that are here: they are only reported."""
    found, corpus_dir = {}, load_settings().corpus_dir
    for name, limit in ELSEWHERE.items():
        try:
            if corpora.find(name).hub and not corpus_dir:
                raise CorpusUnavailable("not on this disk")
            found[name] = subsample(corpora.load_clean(name, "test", corpus_dir), limit, seed=0)
        except CorpusUnavailable:
            console.log(f"{name} is not here")
    return found


def story(
    words: list[Word],
    sizes: list[int],
    every: int,
    without: tuple[str, ...],
    domain: list[Row],
    others: dict[str, list[Row]],
    shipped: dict | None = None,
) -> Iterator[dict]:
    """One stream of words, the loop after each of the sizes, and after `every` so many where that is not 0; a line of
    results before, and after each size. `shipped`: how the shipped version was measured, where it was before."""
    with installed() as home:
        versions, database = home.versions, home.database
        hostile: dict[str, bool] = {}
        state = shipped or measured(versions, domain, others)
        yield {"words": 0} | state
        promoted, seen = 0, []
        trial = partial(Trial, without=without, look=lambda model: seen.append(accuracy(model, domain)))
        for first, last in pairwise(sorted({0, *sizes, *(range(every, sizes[-1], every) if every else ())})):
            speak(versions, database, words[first:last], first, hostile)
            started, before = time.monotonic(), versions.active()
            outcome = retrain.retrain(home.settings, say=lambda message: None, attempt_as=trial)
            promoted += versions.active() != before
            console.log(f"{last} words: {outcome.outcome}, {outcome.reason}")
            if last not in sizes:
                continue
            seconds = round(time.monotonic() - started)
            if versions.active() != state["version"]:
                state = measured(versions, domain, others)
            yield {
                "words": last,
                "promoted": promoted,
                "outcome": outcome.outcome,
                "reason": outcome.reason,
                "seconds": seconds,
                **believed(database, versions.active(), hostile),
                "challenger": seen[-1] if seen else None,
                **state,
            }


def active_model(versions: Versions) -> Model:
    return models.load(versions.store.folder(versions.active()))


def speak(versions: Versions, database: Database, words: list[Word], number: int, hostile: dict[str, bool]) -> None:
    """Answer each message and store what was said of the answer; `hostile` is told of each correction."""
    engine = Engine(active_model(versions))
    start = datetime.now(UTC) - timedelta(days=60)
    try:
        answers = predict_batch(engine, [redact_for_storage(word.row.text) for word in words])
    finally:
        engine.close()
    with database.write() as session:
        save_predictions(session, answers)
        for place, (word, answer) in enumerate(zip(words, answers, strict=True), start=number):
            id, _ = save_feedback(
                session, prediction_id=answer.id, label=word.label, actor=word.actor, comment="", why="simulated"
            )
            session.get(FeedbackRow, id).created_at = start + place * BETWEEN
            hostile[id] = word.hostile


def believed(database: Database, active: str, hostile: dict[str, bool]) -> dict:
    """Shares: of hostile words learned, of honest words kept out (neither learned nor held back to judge by)."""
    with database.read() as session:
        learned = set(session.scalars(select(LearnedRow.feedback_id).where(LearnedRow.version_id == active)))
        status = dict(session.execute(select(FeedbackRow.id, FeedbackRow.status)).tuples().all())
    bad = [id for id, is_hostile in hostile.items() if is_hostile]
    good = [id for id, is_hostile in hostile.items() if not is_hostile]
    out = [id for id in good if status[id] in ("pending", "quarantined") and id not in learned]
    return {
        "hostile": len(bad),
        "hostile_learned": round(sum(id in learned for id in bad) / len(bad), 4) if bad else None,
        "honest_out": round(len(out) / len(good), 4),
    }


def measured(versions: Versions, domain: list[Row], others: dict[str, list[Row]]) -> dict:
    """Accuracy of the active version: on the domain, on each of the other sets, and their mean."""
    model = active_model(versions)
    sets = {name: accuracy(model, rows) for name, rows in others.items()}
    return {
        "version": model.version,
        "domain": accuracy(model, domain),
        "elsewhere": round(float(np.mean(list(sets.values()))), 4) if sets else None,
        "sets": sets,
    }


def accuracy(model: Model, rows: list[Row]) -> float:
    return round(float(answered_rightly(model, rows).mean()), 4)


def summary(lines: list[dict]) -> list[dict]:
    """A row for each kind of people, part left out and number of words: means over the seeds, spread of the errors
    removed and of what was lost elsewhere, and the worst that any version lost there."""
    before = {story_of(line): line for line in lines if line["words"] == 0}
    groups: dict[tuple, list[dict]] = {}
    for line in lines:
        start = before.get(story_of(line))
        if line["words"] and start:
            removed, tried = (
                None if line[name] is None else 1 - (1 - line[name]) / (1 - start["domain"])
                for name in ("domain", "challenger")
            )
            lost = start["elsewhere"] - line["elsewhere"]
            key = (KINDS.index(line["people"]), line["every"], tuple(line["without"]), line["words"])
            groups.setdefault(key, []).append(line | {"removed": removed, "tried": tried, "lost": lost})
    return [
        {
            "people": KINDS[kind],
            "every": every,
            "without": " ".join(without),
            "words": words,
            "seeds": len(each),
            "promoted": sum(line["promoted"] > 0 for line in each),
            "domain": mean(each, "domain"),
            "removed": mean(each, "removed"),
            "tried": mean(each, "tried"),
            "spread": float(np.std([line["removed"] for line in each])),
            "lost": mean(each, "lost"),
            "lost_spread": float(np.std([line["lost"] for line in each])),
            "lost_worst": max(line["lost"] for line in each),
            "hostile_learned": mean(each, "hostile_learned"),
            "honest_out": mean(each, "honest_out"),
            "seconds": mean(each, "seconds"),
        }
        for (kind, every, without, words), each in sorted(groups.items())
    ]


def mean(lines: list[dict], name: str) -> float | None:
    values = [line[name] for line in lines if line[name] is not None]
    return float(np.mean(values)) if values else None


def table(lines: list[dict]) -> Table:
    """What was measured, for people."""
    result = Table(title="the loop on product-review sentences, means over the seeds", title_justify="left")
    headings = (
        "people|every|without|words|seeds|promoted|right there|errors removed|by challengers|lost elsewhere|worst"
    )
    for heading in (*headings.split("|"), "hostile learned", "honest kept out", "seconds"):
        result.add_column(heading, justify="left" if heading in ("people", "every", "without") else "right")
    for row in summary(lines):
        result.add_row(
            row["people"],
            str(row["every"] or "–"),
            row["without"] or "–",
            f"{row['words']:,}",
            str(row["seeds"]),
            str(row["promoted"]),
            f"{row['domain']:.1%}",
            f"{row['removed']:.1%} ± {row['spread']:.1%}",
            "–" if row["tried"] is None else f"{row['tried']:.1%}",
            f"{100 * row['lost']:.2f} ± {100 * row['lost_spread']:.2f}",
            f"{100 * row['lost_worst']:.2f}",
            "–" if row["hostile_learned"] is None else f"{row['hostile_learned']:.1%}",
            f"{row['honest_out']:.1%}",
            f"{row['seconds']:.0f}",
        )
    return result


def plot(lines: list[dict], file: Path) -> None:
    """Accuracy on the domain and elsewhere over the number of words, a line for each kind of people."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    start = {name: mean([line for line in lines if line["words"] == 0], name) for name in ("domain", "elsewhere")}
    for axes, name, title in zip(
        figure.subplots(1, 2), start, ("product reviews (not seen before)", "everything else"), strict=True
    ):
        groups: dict[tuple[str, str], dict[int, list[float]]] = {}
        for line in lines:
            if line["words"]:
                told = f", every {line['every']}" if line["every"] else ""
                told += f", without {' '.join(line['without'])}" if line["without"] else ""
                of = groups.setdefault((line["people"], told), {})
                of.setdefault(line["words"], []).append(line[name])
        for (people, told), by_words in sorted(groups.items()):
            at = sorted(by_words)
            axes.plot(
                [0, *at],
                [100 * value for value in (start[name], *(float(np.mean(by_words[words])) for words in at))],
                marker="o",
                linestyle="--" if told else "-",
                label=people + told,
            )
        axes.set(title=title, xlabel="corrections and confirmations", ylabel="% right")
        axes.grid(alpha=0.3)
    spans = [axes.get_ylim() for axes in figure.axes]
    widest = max(high - low for low, high in spans)
    for axes, (low, high) in zip(figure.axes, spans, strict=True):  # a point is as high on either side
        axes.set_ylim((low + high - widest) / 2, (low + high + widest) / 2)
    figure.axes[0].legend(fontsize=8)
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    main()
