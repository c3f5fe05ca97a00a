"""Commands that evaluate: evaluate, behaviours."""

from dataclasses import asdict
from typing import Annotated

import typer

from product.cli.console import JsonOption, say, write_json
from product.settings.configuration import load_settings
from training.cli.printing import print_behaviours, print_measures


def evaluate(
    data: Annotated[
        str, typer.Option(help="A .csv or .parquet with text,label; or a corpus: its test split, or NAME:SPLIT.")
    ],
    model: Annotated[str, typer.Option(help="A version id or folder; default: the active version.")] = "",
    json_file: JsonOption = None,
) -> None:
    """Accuracy, macro-F1, confusion and calibration error of a version as it serves, whole and by slice."""
    from training.evaluation.lookup import find_model
    from training.evaluation.metrics import evaluate as measure
    from training.evaluation.rows import read_rows

    settings = load_settings()
    rows = read_rows(data, settings.corpus_dir)
    loaded = find_model(settings, model)
    say(f"reading {len(rows):,} texts with {loaded.version}")
    result = {"model": loaded.version, "data": data} | measure(loaded, rows)
    if json_file != "-":
        print_measures(f"{loaded.version} on {data}", result)
    write_json(json_file, result)


def behaviours(
    model: Annotated[str, typer.Option(help="A version id or folder; default: the active version.")] = "",
    language: Annotated[str, typer.Option(help="en or zh; default: both.")] = "",
    capability: Annotated[str, typer.Option(help="Only this capability.")] = "",
    examples: Annotated[int, typer.Option(min=0, help="Show so many failures a capability.")] = 0,
    json_file: JsonOption = None,
) -> None:
    """The behavioural suite: how often a version, as it serves, fails at negation, typos, names and the like."""
    from training.evaluation import behaviours as suite
    from training.evaluation.lookup import find_model

    wanted = suite.select(language, capability)
    digest = suite.digest()
    same = digest == suite.committed_digest()
    if not same:
        say(
            "[yellow]the suite differs from the committed suite.sha256: its rates compare with no earlier ones[/yellow]"
        )
    loaded = find_model(load_settings(), model)
    result = {"model": loaded.version, "suite": digest, "suite_as_committed": same, "languages": {}}
    for name, cases in wanted.items():
        say(f"{name}: {len(cases):,} cases with {loaded.version}")
        scores = suite.score(loaded, cases, say)
        failures = suite.judge(cases, scores)
        result["languages"][name] = suite.summarise(cases, failures)
        shown = some_failures(cases, scores, failures, examples)
        if json_file != "-":
            print_behaviours(f"{loaded.version}, behaviours in {name}", result["languages"][name], shown)
        if examples:
            result.setdefault("examples", {})[name] = shown
    write_json(json_file, result)


def some_failures(cases: list, scores: list, failures, count: int) -> list[dict]:
    """The first `count` failing cases of each capability, with what the model said of their texts."""
    by_name: dict[str, list[dict]] = {}
    for case, rows, failed in zip(cases, scores, failures, strict=True):
        if failed:
            by_name.setdefault(case.capability, []).append(asdict(case) | {"scores": rows.tolist()})
    return [each for failed in by_name.values() for each in failed[:count]]
