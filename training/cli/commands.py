"""Commands: python -m training --help"""

import json
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from product.cli.console import WIDE, JsonOption, console, out, say, verdict_table, write_json
from product.drift.monitor import REFERENCE, write_reference
from product.sentiment import LABELS
from product.settings.configuration import SHIPPED_MODEL, load_settings
from training.cli.compress import app as compress
from training.cli.compress import print_rows

app = typer.Typer(help="Make models: train, evaluate, learn from corrections.", no_args_is_help=True)
app.add_typer(compress, name="compress")


@app.command()
def finetune(
    corpus: Annotated[list[str], typer.Option("--corpus", help="A corpus of the catalogue; may be given again.")],
    out_dir: Annotated[Path, typer.Option("--out", help="The version folder to write; must be new or empty.")],
    method: Annotated[str, typer.Option(help="lora (adapters) or full (all weights).")] = "lora",
    base: Annotated[str, typer.Option(help="Base model: folder or Hub id; default ATTUNE_BASE_MODEL.")] = "",
    epochs: Annotated[float | None, typer.Option(help="Epochs at most; validation may stop it sooner.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Rows a step, of all processes together.")] = None,
    warmup: Annotated[float | None, typer.Option(help="Share of the steps in which the learning rate rises.")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Weight decay of AdamW.")] = None,
    label_smoothing: Annotated[float | None, typer.Option(help="Share of a label spread over all classes.")] = None,
    misspelled: Annotated[float | None, typer.Option(help="Share of the short rows that get slips of the pen.")] = None,
    rank: Annotated[int | None, typer.Option(help="Rank of the adapters (--method lora).")] = None,
    tokens: Annotated[int | None, typer.Option(help="Tokens of a text read in training; serving reads 256.")] = None,
    precision: Annotated[str | None, typer.Option(help="auto, bf16, fp16 or fp32.")] = None,
    evaluations: Annotated[
        int | None, typer.Option(help="Looks at the validation rows an epoch; each can be gone on from.")
    ] = None,
    validation_rows: Annotated[
        int | None, typer.Option(help="Validation rows of each corpus at most, in training; calibration takes all.")
    ] = None,
    layers: Annotated[str, typer.Option(help="Encoder layers to keep, e.g. 0,2,4; default: all.")] = "",
    start: Annotated[Path | None, typer.Option(help="Go on from this checkpoint, maybe packed.")] = None,
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            help="Learn from a checkpoint's answers too, on one corpus with CORPUS=FOLDER; may be given again."
        ),
    ] = None,
    soft_share: Annotated[float | None, typer.Option(help="The teachers' share of a row's target, 0 to 1.")] = None,
    hidden_share: Annotated[float | None, typer.Option(help="Weight of the distance from its hidden state.")] = None,
    pack: Annotated[int, typer.Option(help="Keep the weights in 4 or 8 bits (--method full); 0: half precision.")] = 0,
    checkpoint_only: Annotated[bool, typer.Option(help="Write weights and tokenizer alone: a teacher.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 13,
    version: Annotated[str, typer.Option(help="The id the version gets.")] = "trained-1",
    language: Annotated[str, typer.Option(help="The language that the expert reads: en or zh.")] = "en",
) -> None:
    """Train a version on labelled corpora: adapter or weights, int8 export, calibration, results.

    On several GPUs: torchrun --nproc_per_node 2 -m training finetune … . A run that was killed goes on where it was.
    """
    from training.compression.distillation import parse_teacher
    from training.release.finetune import finetune_version
    from training.release.plan import Options

    teachers = tuple(parse_teacher(each) for each in teacher or ())
    asked = {
        "epochs": epochs,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "warmup": warmup,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
        "misspelled": misspelled,
        "rank": rank,
        "max_tokens": tokens,
        "precision": precision,
        "evaluations_per_epoch": evaluations,
        "soft_share": soft_share,
        "hidden_share": hidden_share,
        "seed": seed,
    }
    manifest = finetune_version(
        load_settings(),
        corpora=corpus,
        out=out_dir,
        method=method,
        base=base,
        version=version,
        overrides={name: value for name, value in asked.items() if value is not None},
        language=language,
        options=Options(layers, teachers, start, validation_rows, checkpoint_only, pack),
        say=say,
    )
    print_version(manifest, out_dir)


def print_version(manifest, out_dir: Path) -> None:
    """What came of a run; there is no manifest of a checkpoint alone, nor in a run's other processes."""
    for name, measured in manifest.metrics.items() if manifest else ():
        print_measures(f"{manifest.id} on {name}", measured)
    if (out_dir / "config.json").is_file() or manifest:
        out.print(f"written to {out_dir}")


@app.command()
def tune(
    corpus: Annotated[list[str], typer.Option("--corpus", help="A corpus of the catalogue; may be given again.")],
    out_dir: Annotated[Path, typer.Option("--out", help="Where the trials are kept; the same again goes on there.")],
    trials: Annotated[int, typer.Option(min=1, help="How many there are to be, those of earlier runs included.")] = 20,
    method: Annotated[str, typer.Option(help="lora (adapters) or full (all weights).")] = "lora",
    base: Annotated[str, typer.Option(help="Base model: folder or Hub id; default ATTUNE_BASE_MODEL.")] = "",
    language: Annotated[str, typer.Option(help="The language that the expert is to read: en or zh.")] = "en",
    tokens: Annotated[int, typer.Option(help="Tokens of a text that are read.")] = 128,
    validation_rows: Annotated[int, typer.Option(help="Validation rows of each corpus at most.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 13,
) -> None:
    """Search hyper-parameters on validation rows; best.json has the command line to train with."""
    from training.release import tune as search

    study = search.tune(
        load_settings(),
        corpora=corpus,
        out=out_dir,
        trials=trials,
        method=method,
        base=base,
        language=language,
        tokens=tokens,
        validation_rows=validation_rows,
        seed=seed,
        say=say,
    )
    print_rows(f"trials in {out_dir}", search.table(study))
    best = json.loads((out_dir / search.BEST_FILE).read_text(encoding="utf-8"))
    out.print(f"best quality {best['quality']:.4f}:\n{best['command']}", highlight=False, soft_wrap=True)


@app.command()
def combine(
    en: Annotated[Path, typer.Option(help="The folder of a finished version: its English expert is taken.")],
    zh: Annotated[Path, typer.Option(help="The folder of a finished version: its Chinese expert is taken.")],
    out_dir: Annotated[Path, typer.Option("--out", help="The version folder to write; must be new or empty.")],
    version: Annotated[str, typer.Option(help="The id the version gets.")],
) -> None:
    """Make one version of the English expert of one version and the Chinese expert of another."""
    from training.release import finetune as factory

    manifest = factory.combine({"en": en, "zh": zh}, out_dir, version, say)
    out.print(f"{manifest.id} ({', '.join(manifest.experts)}) is written to {out_dir}")


@app.command()
def ship(
    version: Annotated[Path, typer.Argument(help="The folder of a finished version, as finetune writes it.")],
    target: Annotated[Path, typer.Option(help="Where the repository keeps the shipped model.")] = SHIPPED_MODEL,
) -> None:
    """Make a trained version the one that a clone of this repository starts with."""
    from training.release import finetune as factory

    factory.ship(version, target, say)


@app.command()
def reference(
    model: Annotated[str, typer.Option(help="A version id or folder; default: the shipped one.")] = "",
    out_file: Annotated[Path, typer.Option("--out", help="The file to write.")] = SHIPPED_MODEL / REFERENCE,
) -> None:
    """Count what the shipped model says of its training messages: what drift is measured from. After each `ship`."""
    from product.inference import manifest as manifests
    from training.data import catalogue as corpora
    from training.evaluation import drift_reference as references
    from training.release import finetune as factory

    loaded = factory.find_model(load_settings(), model or manifests.read(SHIPPED_MODEL).id)
    counted = references.build(loaded.version, corpora.load, loaded.score, say)
    write_reference(out_file, counted)
    out.print(f"{counted.counts.rows:,} messages are counted in {out_file}", highlight=False, soft_wrap=True)


@app.command()
def measure(
    version: Annotated[Path, typer.Argument(help="The folder of a finished version; its manifest keeps the figures.")],
) -> None:
    """Measure a version as it serves on all test rows there are, the behavioural suite and against fp32."""
    from training.release import measure as measuring

    manifest = measuring.measure(version, load_settings().base_model, say)
    for name, measured in manifest.metrics.items():
        if name.endswith(" test"):
            print_measures(f"{manifest.id} on {name}", measured)
    for entry in manifest.metrics["unmeasured"]:
        out.print(f"not measured: {entry['name']}: {entry['reason']}", markup=False, highlight=False, soft_wrap=True)
    out.print(f"written to the manifest in {version}")


@app.command()
def card(
    version: Annotated[str, typer.Argument(help="A version folder or id.")],
    out_file: Annotated[Path | None, typer.Option("--out", help="The file to write; default: stdout.")] = None,
) -> None:
    """The model card of a version, from its manifest alone."""
    from product.inference import manifest as manifests
    from training.release import model_card as cards

    text = cards.render(manifests.read(cards.locate(load_settings(), version)))
    if out_file:
        out_file.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


@app.command()
def retrain(
    if_due: Annotated[
        bool, typer.Option(help="Only when enough corrections came since the last attempt (exit 0 either way).")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Train, compare and say what would happen; change nothing.")] = False,
    shadow: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=8760,
            help="Hours that what is better first reads unseen in the champion's shadow; default ATTUNE_SHADOW_HOURS.",
        ),
    ] = None,
    json_file: JsonOption = None,
) -> None:
    """The loop once: learn from every correction that stands, and serve the result only if it is proved better."""
    from training.retraining import loop

    waiting = None if shadow is None else timedelta(hours=shadow)
    # What the libraries print is progress: standard output is for the outcome, which a machine may read.
    with redirect_stdout(sys.stderr):
        outcome = loop.retrain(load_settings(), if_due=if_due, dry_run=dry_run, shadow=waiting, say=say)
    if outcome.verdict:
        print_verdict(outcome)
    promoted = f" → {outcome.version}" if outcome.version else ""
    printer, took = (console if json_file == "-" else out), f"({outcome.seconds:.0f} s)"
    printer.print(f"[bold]{outcome.outcome}[/bold]{promoted}: {outcome.reason} {took}", soft_wrap=True)
    write_json(json_file, outcome.as_dict())


@app.command()
def evaluate(
    data: Annotated[
        str, typer.Option(help="A .csv or .parquet with text,label; or a corpus: its test split, or NAME:SPLIT.")
    ],
    model: Annotated[str, typer.Option(help="A version id or folder; default: the active version.")] = "",
    json_file: JsonOption = None,
) -> None:
    """Accuracy, macro-F1, confusion and calibration error of a version as it serves, whole and by slice."""
    from training.evaluation.metrics import evaluate as measure
    from training.evaluation.metrics import read_rows
    from training.release.finetune import find_model

    rows = read_rows(data)
    loaded = find_model(load_settings(), model)
    say(f"reading {len(rows):,} texts with {loaded.version}")
    result = {"model": loaded.version, "data": data} | measure(loaded, rows)
    if json_file != "-":
        print_measures(f"{loaded.version} on {data}", result)
    write_json(json_file, result)


@app.command()
def behaviours(
    model: Annotated[str, typer.Option(help="A version id or folder; default: the active version.")] = "",
    language: Annotated[str, typer.Option(help="en or zh; default: both.")] = "",
    capability: Annotated[str, typer.Option(help="Only this capability.")] = "",
    examples: Annotated[int, typer.Option(min=0, help="Show so many failures a capability.")] = 0,
    json_file: JsonOption = None,
) -> None:
    """The behavioural suite: how often a version, as it serves, fails at negation, typos, names and the like."""
    from training.evaluation import behaviours as suite
    from training.release.finetune import find_model

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


def print_behaviours(title: str, measured: dict, examples: list[dict]) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("capability", "failed", "cases", "rate"):
        table.add_column(heading, justify="left" if heading == "capability" else "right")
    parts = {name: part for name, part in measured.items() if isinstance(part, dict)}
    for name, part in parts.items():
        table.add_row(name, str(part["failures"]), str(part["cases"]), f"{part['rate']:.1%}")
    table.add_section()
    for name in ("mean", "worst"):
        table.add_row(name, "", "", f"{measured[name]:.1%}")
    out.print(table)
    for example in examples:
        wanted = f"{example['label']} {example['moves']}".strip() or "the same for each"
        out.print(f"[bold]{example['capability']}[/bold]: {wanted}", highlight=False)
        for text, row in zip(example["texts"], example["scores"], strict=True):
            scores = " ".join(f"{value:.2f}" for value in row)
            out.print(f"  {scores}  {text}", markup=False, emoji=False, highlight=False, soft_wrap=True)


def print_measures(title: str, measured: dict) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("slice", "rows", "accuracy", "macro-F1", "ECE"):
        table.add_column(heading, justify="left" if heading == "slice" else "right")
    for name, part in {"all": measured, **measured.get("slices", {})}.items():
        figures = f"{part['accuracy']:.1%}", f"{part['macro_f1']:.1%}", f"{part['ece']:.3f}"
        table.add_row(name, f"{part['rows']:,}", *figures)
    out.print(table)
    for line in notes(measured):
        out.print(line, highlight=False)
    confusion = Table(title="confusion (rows: right label, columns: answer)", title_justify="left")
    for heading in ("", *LABELS):
        confusion.add_column(heading, justify="right")
    for label, row in zip(LABELS, measured["confusion"], strict=True):
        confusion.add_row(label, *map(str, row))
    out.print(confusion)


def notes(measured: dict) -> list[str]:
    """What the table has no column for, a line each."""
    lines = []
    if "ece_interval" in measured:
        low, high = measured["ece_interval"]
        lines.append(f"ECE, 95 % bootstrap interval: {low:.3f} to {high:.3f}")
    if measured.get("neutral_share") is not None:
        lines.append(
            f"no neutral class here: negative against positive; answered neutral: {measured['neutral_share']:.1%}"
        )
    elif measured.get("routing") is not None:
        lines.append(
            f"routing: {measured['routing']:.1%} of the negatives met in as many messages, most negative first"
        )
    return lines


def print_verdict(outcome) -> None:
    table = verdict_table(f"champion {outcome.champion} against challenger", outcome.verdict.as_dict())
    Console(stderr=True, width=max(console.width, WIDE)).print(table)
