"""The results of benchmarks/loop.py as a table and as a picture."""

from pathlib import Path

import numpy as np
from rich.table import Table

from benchmarks.people import KINDS


def run_key(line: dict) -> tuple:
    """The key of the run that a line of results belongs to."""
    return line["people"], line["seed"], line["every"], *line["without"]


def summary(lines: list[dict]) -> list[dict]:
    """A row for each kind of contributors, interval, parts left out and number of corrections.

    Each row has means over the seeds, the spread of the errors removed and of the accuracy lost elsewhere, and the
    largest loss of any version. All are fractions of 1.
    """
    start_of = {run_key(line): line for line in lines if line["corrections"] == 0}
    groups: dict[tuple, list[dict]] = {}
    for line in lines:
        start = start_of.get(run_key(line))
        if not line["corrections"] or not start:
            continue
        key = (KINDS.index(line["people"]), line["every"], tuple(line["without"]), line["corrections"])
        groups.setdefault(key, []).append(line | changes(start, line))
    return [
        {"people": KINDS[kind], "every": every, "without": " ".join(without), "corrections": corrections} | means(group)
        for (kind, every, without, corrections), group in sorted(groups.items())
    ]


def changes(start: dict, line: dict) -> dict[str, float | None]:
    """Errors removed by the active version and by the challenger, and accuracy lost elsewhere, since the start."""
    removed, by_challenger = (
        None if line[name] is None else 1 - (1 - line[name]) / (1 - start["domain"])
        for name in ("domain", "challenger")
    )
    lost = start["elsewhere"] - line["elsewhere"]
    return {"removed": removed, "removed_by_challenger": by_challenger, "lost": lost}


def means(group: list[dict]) -> dict:
    """The figures of a row of the table, over the lines of all seeds."""
    names = ("domain", "removed", "removed_by_challenger", "lost", "hostile_learned", "honest_excluded", "seconds")
    return {name: mean(group, name) for name in names} | {
        "seeds": len(group),
        "promoted": sum(line["promoted"] > 0 for line in group),
        "spread": float(np.std([line["removed"] for line in group])),
        "lost_spread": float(np.std([line["lost"] for line in group])),
        "lost_worst": max(line["lost"] for line in group),
    }


def mean(lines: list[dict], name: str) -> float | None:
    """The mean of a figure over the lines that have it; None if none has."""
    values = [line[name] for line in lines if line[name] is not None]
    return float(np.mean(values)) if values else None


HEADINGS = (
    "people",
    "every",
    "without",
    "corrections",
    "seeds",
    "promoted",
    "accuracy there",
    "errors removed",
    "by challengers",
    "lost elsewhere",
    "worst",
    "hostile learned",
    "honest excluded",
    "seconds",
)


def table(lines: list[dict]) -> Table:
    result = Table(title="the loop on product-review sentences, means over the seeds", title_justify="left")
    for heading in HEADINGS:
        result.add_column(heading, justify="left" if heading in ("people", "every", "without") else "right")
    for row in summary(lines):
        result.add_row(
            row["people"],
            str(row["every"] or "–"),
            row["without"] or "–",
            f"{row['corrections']:,}",
            str(row["seeds"]),
            str(row["promoted"]),
            f"{row['domain']:.1%}",
            f"{row['removed']:.1%} ± {row['spread']:.1%}",
            percent(row["removed_by_challenger"]),
            f"{100 * row['lost']:.2f} ± {100 * row['lost_spread']:.2f}",
            f"{100 * row['lost_worst']:.2f}",
            percent(row["hostile_learned"]),
            f"{row['honest_excluded']:.1%}",
            f"{row['seconds']:.0f}",
        )
    return result


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def plot(lines: list[dict], file: Path) -> None:
    """Accuracy on the domain and elsewhere over the number of corrections, a line for each kind of contributors."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    start = {name: mean([line for line in lines if line["corrections"] == 0], name) for name in ("domain", "elsewhere")}
    for axes, name, title in zip(
        figure.subplots(1, 2), start, ("product reviews (not seen before)", "everything else"), strict=True
    ):
        for (people, changes), values in sorted(by_corrections(lines, name).items()):
            counts = sorted(values)
            axes.plot(
                [0, *counts],
                [100 * value for value in (start[name], *(float(np.mean(values[count])) for count in counts))],
                marker="o",
                linestyle="--" if changes else "-",
                label=people + changes,
            )
        axes.set(title=title, xlabel="corrections and confirmations", ylabel="accuracy in %")
        axes.grid(alpha=0.3)
    spans = [axes.get_ylim() for axes in figure.axes]
    widest = max(high - low for low, high in spans)
    for axes, (low, high) in zip(figure.axes, spans, strict=True):  # the same scale on both sides
        axes.set_ylim((low + high - widest) / 2, (low + high + widest) / 2)
    figure.axes[0].legend(fontsize=8)
    figure.savefig(file, dpi=110)


def by_corrections(lines: list[dict], name: str) -> dict[tuple[str, str], dict[int, list[float]]]:
    """The values of a figure by run (people, other settings in words) and number of corrections."""
    groups: dict[tuple[str, str], dict[int, list[float]]] = {}
    for line in lines:
        if line["corrections"]:
            changes = f", every {line['every']}" if line["every"] else ""
            changes += f", without {' '.join(line['without'])}" if line["without"] else ""
            group = groups.setdefault((line["people"], changes), {})
            group.setdefault(line["corrections"], []).append(line[name])
    return groups
