"""Which expert should read a message, where both languages meet: python -m benchmarks.languages [--model VERSION_DIR]

The version's two experts, each alone and by the script of the message, on data/mixed/mixed.csv (this project's own
messages, half of them Chinese with English words, half the other way round) and on the test rows of the desk sets; how
fast each reads, as a ratio, and how large it is.
"""

import argparse
import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.serving import compare
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.model import Model
from product.inference.text import HAN, detect_language
from product.sentiment import AttuneError
from product.settings.configuration import load_settings
from training.data.catalogue import load_clean
from training.data.readers import DATA
from training.data.rows import BadRequest, Row
from training.evaluation.lookup import find_folder
from training.evaluation.metrics import targets

MIXED = DATA / "mixed" / "mixed.csv"
FRAMES = {"zh": "Chinese with English words", "en": "English with Chinese words"}
THRESHOLDS = (0.01, 0.1, 0.2, 0.5, 0.7)
"""Shares of Chinese characters among the letters, from which on the Chinese expert would read."""
Rule = Callable[[str], bool]


@dataclass(frozen=True)
class Reading:
    """Labelled rows, and the probabilities that each expert gives them: language → [rows, 3]."""

    name: str
    rows: list[Row]
    scores: dict[str, np.ndarray]


def mixed_rows() -> dict[str, list[Row]]:
    """The mixed messages by the language that frames them."""
    found: dict[str, list[Row]] = {frame: [] for frame in FRAMES}
    with MIXED.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found[row["frame"]].append(Row(row["text"], row["label"], "mixed"))
    return found


def han_share(text: str) -> float:
    """Chinese characters among a text's letters, 0 to 1."""
    letters = [character for character in text if character.isalpha()]
    return sum(1 for character in letters if HAN.match(character)) / max(1, len(letters))


def rules() -> dict[str, Rule]:
    """Name → whether the Chinese expert reads a text."""
    found: dict[str, Rule] = {
        "the English expert alone": lambda text: False,
        "the Chinese expert alone": lambda text: True,
        "by script, a third Chinese (the product's rule)": lambda text: detect_language(text) == "zh",
    }
    for least in THRESHOLDS:
        found[f"by script, {least:.0%} Chinese"] = lambda text, least=least: han_share(text) >= least
    return found


def accuracy(reading: Reading, rule: Rule) -> float:
    """Share of the rows that are right when each is read by the expert that the rule names."""
    chinese = np.array([rule(row.text) for row in reading.rows])
    given = np.where(chinese, reading.scores["zh"].argmax(axis=1), reading.scores["en"].argmax(axis=1))
    return float((given == targets(reading.rows)).mean())


def read(model: Model, name: str, rows: list[Row]) -> Reading:
    texts = [row.text for row in rows]
    return Reading(name, rows, {each: model.experts[each].probabilities(texts) for each in FRAMES})


def accuracies(model: Model, corpus_dir: str, say: Callable) -> Table:
    by_frame = mixed_rows()
    parts = {"mixed": [row for rows in by_frame.values() for row in rows]}
    parts |= {f"mixed: {FRAMES[frame]}": rows for frame, rows in by_frame.items()}
    parts |= {f"{name} test": load_clean(name, "test", corpus_dir) for name in ("desk-en", "desk-zh")}
    readings = []
    for name, rows in parts.items():
        say(f"both experts read {len(rows)} rows: {name}")
        readings.append(read(model, name, rows))
    table = Table(title=f"{model.version}: accuracy by who reads", title_justify="left")
    table.add_column("read by")
    for reading in readings:
        table.add_column(f"{reading.name} ({len(reading.rows)})", justify="right")
    table.add_column("mixed, read by the Chinese expert", justify="right")
    for name, rule in rules().items():
        share = np.mean([rule(row.text) for row in readings[0].rows])
        table.add_row(name, *(f"{accuracy(reading, rule):.1%}" for reading in readings), f"{share:.0%}")
    return table


def serving_sizes(folder: Path) -> dict[str, int]:
    """Language → bytes of the file that serves."""
    experts = manifests.read(folder).experts
    return {name: (folder / expert.serving.file).stat().st_size for name, expert in experts.items()}


def costs(model: Model, sizes: dict[str, int], say: Callable) -> Table:
    """Speed on the mixed messages, one by one, and the size of the files that serve."""
    texts = [row.text for rows in mixed_rows().values() for row in rows]
    alone = {name: Model(model.version, {name: model.experts[name]}) for name in FRAMES}
    speeds = compare([alone["en"], alone["zh"], model], texts, 1, say)
    table = Table(title=f"{len(texts)} mixed messages, one by one", title_justify="left")
    for heading in ("", "msg/s", "against the English expert", "size"):
        table.add_column(heading, justify="right" if heading else "left")
    named = zip(("English expert", "Chinese expert", "both, by script"), speeds, strict=True)
    for (name, speed), size in zip(named, (sizes["en"], sizes["zh"], sizes["en"] + sizes["zh"]), strict=True):
        table.add_row(name, f"{speed:,.0f}", f"{speed / speeds[0]:.2f}", f"{size / 1e6:.1f} MB")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="a version's folder or id; default: the active version")
    console, settings = Console(), load_settings()
    folder = find_folder(settings, parser.parse_args().model)
    model = models.load(folder)
    if set(model.languages) != set(FRAMES):
        raise BadRequest(f"{model.version} has an expert for {', '.join(model.languages)} alone; two are compared here")
    console.print(accuracies(model, settings.corpus_dir, console.log))
    console.print(costs(model, serving_sizes(folder), console.log))


if __name__ == "__main__":
    try:
        main()
    except AttuneError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None
