"""Which language a message is in, and which expert should read it: python -m benchmarks.languages [--model VERSION_DIR]

The first table compares tools that tell languages apart (benchmarks/language_tools.py). The second compares the Chinese
expert, the English expert and rules that choose one for each message: by its frame, as the product does, or by the
share of Chinese characters. Accuracy is measured on data/mixed (half of its messages are Chinese with English words,
half the reverse) and on the test rows of the desk corpora. A third table compares the speed and size of the experts.
"""

import argparse
import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import language_tools
from benchmarks.serving import compare
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.model import Model
from product.inference.text.language import HAN, detect_language
from product.progress import report
from product.sentiment import AttuneError
from product.settings.configuration import load_settings
from training.data.catalogue import load_clean
from training.data.readers import DATA
from training.data.rows import BadRequest, Row
from training.evaluation.lookup import find_folder
from training.evaluation.metrics import targets

MIXED = DATA / "mixed"
EDITIONS = {"mixed": "first", "second": "second"}
"""The files of mixed messages, and what the table calls them."""
FRAMES = {"zh": "Chinese with English words", "en": "English with Chinese words"}
"""The kinds of mixed messages, by their main language."""
MIN_SHARES = (0.01, 0.1, 0.2, 1 / 3, 0.5)
"""The least shares of Chinese characters among the letters that select the Chinese expert, one for each rule."""
Rule = Callable[[str], bool]
"""Returns whether the Chinese expert reads a text."""


@dataclass(frozen=True)
class ScoredRows:
    """Labelled rows with the probabilities [rows, 3] of each expert, by language."""

    name: str
    rows: list[Row]
    scores: dict[str, np.ndarray]


def mixed_rows() -> dict[str, list[Row]]:
    """The mixed messages by their main language; the source of each is its edition."""
    found: dict[str, list[Row]] = {frame: [] for frame in FRAMES}
    for edition in EDITIONS:
        with (MIXED / f"{edition}.csv").open(encoding="utf-8", newline="") as stream:
            for record in csv.DictReader(stream):
                found[record["frame"]].append(Row(record["text"], record["label"], edition))
    return found


def han_share(text: str) -> float:
    """The share of Chinese characters among a text's letters, 0 to 1."""
    letters = [character for character in text if character.isalpha()]
    return sum(1 for character in letters if HAN.match(character)) / max(1, len(letters))


def rules() -> dict[str, Rule]:
    """The rules by name."""
    found: dict[str, Rule] = {
        "the English expert alone": lambda text: False,
        "the Chinese expert alone": lambda text: True,
        "by frame (the product's rule)": lambda text: detect_language(text) == "zh",
    }
    for least in MIN_SHARES:
        found[f"by script, {least:.0%} Chinese"] = lambda text, least=least: han_share(text) >= least
    return found


def accuracy(scored: ScoredRows, rule: Rule) -> float:
    """Accuracy (0 to 1) if each row is read by the expert that the rule selects."""
    chinese = np.array([rule(row.text) for row in scored.rows])
    predicted = np.where(chinese, scored.scores["zh"].argmax(axis=1), scored.scores["en"].argmax(axis=1))
    return float((predicted == targets(scored.rows)).mean())


def score(model: Model, name: str, rows: list[Row]) -> ScoredRows:
    """The rows scored by both experts."""
    texts = [row.text for row in rows]
    return ScoredRows(name, rows, {language: model.experts[language].probabilities(texts) for language in FRAMES})


def accuracies(model: Model, corpus_dir: str) -> Table:
    """A row for each rule: its accuracy on each set, and the share of mixed messages that the Chinese expert reads."""
    by_frame = mixed_rows()
    mixed = [row for rows in by_frame.values() for row in rows]
    sets = {"mixed": mixed}
    sets |= {f"mixed, {name}": [row for row in mixed if row.source == file] for file, name in EDITIONS.items()}
    sets |= {f"mixed: {FRAMES[frame]}": rows for frame, rows in by_frame.items()}
    sets |= {f"{name} test": load_clean(name, "test", corpus_dir) for name in ("desk-en", "desk-zh")}
    scored_sets = []
    for number, (name, rows) in enumerate(sets.items()):
        report("scoring with both experts", number, len(sets))
        scored_sets.append(score(model, name, rows))
    table = Table(title=f"{model.version}: accuracy by the rule that selects the expert", title_justify="left")
    table.add_column("rule")
    for scored in scored_sets:
        table.add_column(f"{scored.name} ({len(scored.rows)})", justify="right")
    table.add_column("mixed, read by the Chinese expert", justify="right")
    for name, rule in rules().items():
        share = np.mean([rule(row.text) for row in scored_sets[0].rows])
        table.add_row(name, *(f"{accuracy(scored, rule):.1%}" for scored in scored_sets), f"{share:.0%}")
    return table


def serving_sizes(folder: Path) -> dict[str, int]:
    """The size in bytes of each expert's export, by language."""
    experts = manifests.read(folder).experts
    return {name: (folder / expert.serving.file).stat().st_size for name, expert in experts.items()}


def costs(model: Model, sizes: dict[str, int]) -> Table:
    """Messages per second on the mixed messages, one at a time, and the size of the exports."""
    texts = [row.text for rows in mixed_rows().values() for row in rows]
    alone = {name: Model(model.version, {name: model.experts[name]}) for name in FRAMES}
    speeds = compare([alone["en"], alone["zh"], model], texts, 1)
    table = Table(title=f"{len(texts)} mixed messages, one at a time", title_justify="left")
    for heading in ("", "msg/s", "relative to the English expert", "size"):
        table.add_column(heading, justify="right" if heading else "left")
    named = zip(("English expert", "Chinese expert", "both, by script"), speeds, strict=True)
    for (name, speed), size in zip(named, (sizes["en"], sizes["zh"], sizes["en"] + sizes["zh"]), strict=True):
        table.add_row(name, f"{speed:,.0f}", f"{speed / speeds[0]:.2f}", f"{size / 1e6:.1f} MB")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="a version's folder or id; default: the active version")
    named = parser.parse_args().model
    console, settings = Console(), load_settings()
    console.print(language_tools.table())
    folder = find_folder(settings, named)
    model = models.load(folder)
    if set(model.languages) != set(FRAMES):
        raise BadRequest(
            f"{model.version} has experts for {', '.join(model.languages)}; this benchmark needs {', '.join(FRAMES)}"
        )
    console.print(accuracies(model, settings.corpus_dir))
    console.print(costs(model, serving_sizes(folder)))


if __name__ == "__main__":
    try:
        main()
    except AttuneError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None
