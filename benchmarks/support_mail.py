"""How a version reads support mail, as it serves: python -m benchmarks.support_mail [--model DIR] [--split test]

Real support messages, composed mail by kind, and long messages by the place of the sentence that decides.
Composed test messages consist of parts that no training row contains. `--split validation` is for choosing between
models; `test` only reports.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from product.inference.model import Model
from product.sentiment import LABELS
from product.settings.configuration import load_settings
from product.triage import route
from training.data.catalogue import load_clean
from training.data.cleaning import clean
from training.data.generation import composition
from training.data.generation.long_messages import calm_sentences, long_messages, unseen_parts
from training.data.rows import CorpusUnavailable, Row
from training.evaluation.lookup import find_model
from training.evaluation.metrics import evaluate

LANGUAGES = ("en", "zh")
LONG_MESSAGES = 300
FACTS = ("facts", "loaded-facts", "business", "own-doing", "neutral", "formula-business")
"""Kinds of composed messages that are neutral."""


@dataclass(frozen=True)
class Result:
    """The rows of a set with their predicted probabilities [rows, 3]."""

    rows: Sequence[Row]
    scores: np.ndarray

    @property
    def right(self) -> np.ndarray:
        labels = np.array([LABELS.index(row.label) for row in self.rows])
        correct: np.ndarray = self.scores.argmax(axis=1) == labels
        return correct

    def to_self_service(self) -> float:
        """The share of the negative messages that are routed to self-service."""
        routes = [
            route(dict(zip(LABELS, scores.tolist(), strict=True)))
            for row, scores in zip(self.rows, self.scores, strict=True)
            if row.label == "negative"
        ]
        return sum(chosen == "self-service" for chosen in routes) / max(1, len(routes))


def predict(model: Model, rows: Sequence[Row]) -> Result:
    """The result for rows, whose texts are cleaned and redacted as in serving."""
    cleaned = clean(list(rows))[0]
    return Result(cleaned, model.probabilities([row.text for row in cleaned]))


def main() -> None:
    arguments = _arguments()
    settings, console = load_settings(), Console()
    model = find_model(settings, arguments.model)
    for name, language in (("support", "en"), ("support-zh", "zh")):
        if language not in model.languages:
            continue
        try:
            rows = load_clean(name, arguments.split, settings.corpus_dir)
        except CorpusUnavailable as error:
            console.print(f"{name}: not measured: {error}")
            continue
        figures, result = evaluate(model, rows), predict(model, rows)
        console.print(
            f"{name} {arguments.split}, {len(rows)} messages: accuracy {figures['accuracy']:.1%}, macro-F1 "
            f"{figures['macro_f1']:.1%}, ECE {figures['ece']:.3f}, negatives sent to self-service "
            f"{result.to_self_service():.1%}"
        )
    for language in (language for language in LANGUAGES if language in model.languages):
        console.print(_composed_table(model, language, arguments.split))
        console.print(_long_table(model, language, arguments.split, settings.corpus_dir))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="", help="a version or its folder; default: the active version")
    parser.add_argument("--split", default="test", choices=("test", "gate", "validation"))
    return parser.parse_args()


def _composed_table(model: Model, language: str, split: str) -> Table:
    composed = composition.compose(language, split, composition.ROWS[split], seed=0)
    result = predict(model, [Row(row.text, row.label, row.kind) for row in composed])
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for row, right in zip(result.rows, result.right, strict=True):
        by_kind[row.source].append(bool(right))
    table = Table(title=f"Composed mail, {language}, {split}", title_justify="left")
    for heading in ("kind", "messages", "right"):
        table.add_column(heading, justify="left" if heading == "kind" else "right")
    table.add_row("all", str(len(result.rows)), f"{result.right.mean():.1%}")
    neutral = [right for kind in FACTS for right in by_kind.get(kind, [])]
    table.add_row("neutral kinds", str(len(neutral)), f"{np.mean(neutral):.1%}")
    table.add_row("negatives sent to self-service", "", f"{result.to_self_service():.1%}")
    for kind, right in sorted(by_kind.items(), key=lambda item: np.mean(item[1])):
        table.add_row(kind, str(len(right)), f"{np.mean(right):.1%}")
    return table


def _long_table(model: Model, language: str, split: str, corpus_dir: str) -> Table:
    lists = composition.parts(language, "test") if split == "test" else unseen_parts(language)
    calm = calm_sentences(language, lists, "" if split == "test" else corpus_dir)
    messages = long_messages(language, lists, calm, LONG_MESSAGES, seed=2)
    result = predict(model, [Row(row.text, row.label, f"{row.label} {place}".strip()) for row, place in messages])
    table = Table(title=f"Long messages, {language}, {split}", title_justify="left")
    for heading in ("label and place of the deciding sentence", "messages", "right"):
        table.add_column(heading, justify="left" if heading.startswith("label") else "right")
    for name in sorted({row.source for row in result.rows}):
        right = result.right[[row.source == name for row in result.rows]]
        table.add_row(name, str(len(right)), f"{right.mean():.1%}")
    return table


if __name__ == "__main__":
    main()
