"""Commands that train: finetune, tune."""

import json
from pathlib import Path
from typing import Annotated

import typer

from product.cli.console import out, say
from product.settings.configuration import load_settings
from training.cli.printing import (
    print_rows,
    print_version,
)


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
