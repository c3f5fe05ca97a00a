"""Commands that evaluate: evaluate, behaviours."""

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from product.cli.console import JsonOption, write_json
from product.settings.configuration import load_settings
from training.cli.printing import print_behaviours, print_metrics

if TYPE_CHECKING:
    import numpy as np

    from training.data.generation.templates import Case

log = logging.getLogger(__name__)
app = typer.Typer()
ModelOption = Annotated[str, typer.Option(help="A version id or folder. Default: the active version.")]


@app.command()
def evaluate(
    data: Annotated[
        str,
        typer.Option(help="A .csv or .parquet file with text and label; or a corpus (its test rows), or NAME:SPLIT."),
    ],
    model: ModelOption = "",
    json_file: JsonOption = None,
) -> None:
    """Accuracy, macro-F1, confusion and calibration error of a version as it serves, overall and by slice."""
    from training.evaluation.lookup import find_model
    from training.evaluation.metrics import evaluate as measure
    from training.evaluation.rows import read_rows

    settings = load_settings()
    rows = read_rows(data, settings.corpus_dir)
    loaded = find_model(settings, model)
    log.info("reading %s texts with %s", f"{len(rows):,}", loaded.version)
    result = {"model": loaded.version, "data": data} | measure(loaded, rows)
    if json_file != "-":
        print_metrics(f"{loaded.version} on {data}", result)
    write_json(json_file, result)


@app.command()
def behaviours(
    model: ModelOption = "",
    language: Annotated[str, typer.Option(help="en or zh. Default: both.")] = "",
    capability: Annotated[str, typer.Option(help="Only this capability.")] = "",
    examples: Annotated[int, typer.Option(min=0, help="How many failures to show per capability.")] = 0,
    json_file: JsonOption = None,
) -> None:
    """Run the behavioural suite: how often a version, as it serves, fails at negation, names, long mail and more."""
    from training.evaluation import behaviours as suite
    from training.evaluation.lookup import find_model

    cases_by_language = suite.select(language, capability)
    digest = suite.digest()
    unchanged = digest == suite.committed_digest()
    if not unchanged:
        log.warning("the suite differs from suite.sha256; do not compare its rates with earlier ones")
    loaded = find_model(load_settings(), model)
    result: dict[str, Any] = {
        "model": loaded.version,
        "suite": digest,
        "suite_as_committed": unchanged,
        "languages": {},
    }
    for name, cases in cases_by_language.items():
        log.info("%s: %s cases with %s", name, f"{len(cases):,}", loaded.version)
        scores = suite.score(loaded, cases)
        failures = suite.failed_cases(cases, scores)
        result["languages"][name] = suite.summarise(cases, failures)
        shown = first_failures(cases, scores, failures, examples)
        if json_file != "-":
            print_behaviours(f"{loaded.version}, behaviours in {name}", result["languages"][name], shown)
        if examples:
            result.setdefault("examples", {})[name] = shown
    write_json(json_file, result)


def first_failures(
    cases: list["Case"], scores: list["np.ndarray"], failures: "np.ndarray", count: int
) -> list[dict[str, Any]]:
    """The first `count` failing cases of each capability, with the model's scores of their texts."""
    by_capability: dict[str, list[dict[str, Any]]] = {}
    for case, case_scores, failed in zip(cases, scores, failures, strict=True):
        if failed:
            by_capability.setdefault(case.capability, []).append(asdict(case) | {"scores": case_scores.tolist()})
    return [failure for failed in by_capability.values() for failure in failed[:count]]
