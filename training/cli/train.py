"""Commands that train: finetune, tune."""

import json
from pathlib import Path
from typing import Annotated

import typer

from product.cli.console import out
from product.settings.configuration import load_settings
from training.cli.printing import print_rows, print_version

app = typer.Typer()
CorporaOption = Annotated[
    list[str], typer.Option("--corpus", help="A corpus of the catalogue, or NAME=ROWS; can be repeated.")
]
MethodOption = Annotated[str, typer.Option(help="lora (adapters) or full (all weights).")]
BaseOption = Annotated[str, typer.Option(help="Base model: a folder or Hub id. Default: ATTUNE_BASE_MODEL.")]
SeedOption = Annotated[int, typer.Option(help="Seed of everything random.")]


@app.command()
def finetune(
    corpus: CorporaOption,
    out_dir: Annotated[Path, typer.Option("--out", help="The version folder to write; must be new or empty.")],
    method: MethodOption = "lora",
    base: BaseOption = "",
    epochs: Annotated[float | None, typer.Option(help="Maximum epochs; early stopping can end the run sooner.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Rows per step, over all processes.")] = None,
    warmup: Annotated[float | None, typer.Option(help="Share of steps during which the learning rate rises.")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Weight decay of AdamW.")] = None,
    label_smoothing: Annotated[
        float | None, typer.Option(help="Share of each label that is spread over all classes.")
    ] = None,
    misspelled: Annotated[float | None, typer.Option(help="Share of short rows that are given typing errors.")] = None,
    quantisation_aware: Annotated[
        bool, typer.Option(help="Round what every layer reads to 8 bits while training, as serving does.")
    ] = False,
    rank: Annotated[int | None, typer.Option(help="Rank of the adapters (--method lora).")] = None,
    tokens: Annotated[int | None, typer.Option(help="Maximum tokens of a text in training; serving reads 256.")] = None,
    precision: Annotated[str | None, typer.Option(help="auto, bf16, fp16 or fp32.")] = None,
    evaluations: Annotated[
        int | None, typer.Option(help="Evaluations per epoch; a killed run continues from the last one.")
    ] = None,
    validation_rows: Annotated[
        int | None,
        typer.Option(help="Maximum validation rows per corpus during training; calibration always uses all."),
    ] = None,
    layers: Annotated[str, typer.Option(help="Encoder layers to keep, such as 0,2,4. Default: all.")] = "",
    start: Annotated[Path | None, typer.Option(help="A checkpoint to continue from, packed or not.")] = None,
    teacher: Annotated[
        list[str] | None,
        typer.Option(help="A checkpoint to distil from; CORPUS=FOLDER for one corpus only; can be repeated."),
    ] = None,
    soft_share: Annotated[float | None, typer.Option(help="Weight of the teachers in a row's target, 0 to 1.")] = None,
    hidden_share: Annotated[
        float | None, typer.Option(help="Weight of the distance to the teacher's last hidden state.")
    ] = None,
    pack: Annotated[int, typer.Option(help="Store the weights in 4 or 8 bits (--method full); 0: half precision.")] = 0,
    checkpoint_only: Annotated[
        bool, typer.Option(help="Write weights and tokenizer but no version, for example for a teacher.")
    ] = False,
    seed: SeedOption = 13,
    version: Annotated[str, typer.Option(help="The id of the new version.")] = "trained-1",
    language: Annotated[str, typer.Option(help="The language of the expert: en or zh.")] = "en",
) -> None:
    """Train a version on labelled corpora, export it to int8, calibrate it and measure it.

    On several GPUs: torchrun --nproc_per_node 2 -m training finetune … . A killed run continues when started again.
    """
    from training.compression.distillation import parse_teacher
    from training.release.finetune import finetune_version
    from training.release.plan import Options, Request, recipe_for

    teachers = tuple(parse_teacher(name) for name in teacher or ())
    overrides = {
        "epochs": epochs,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "warmup": warmup,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
        "misspelled": misspelled,
        "quantisation_aware": quantisation_aware or None,
        "rank": rank,
        "max_tokens": tokens,
        "precision": precision,
        "evaluations_per_epoch": evaluations,
        "soft_share": soft_share,
        "hidden_share": hidden_share,
        "seed": seed,
    }
    recipe = recipe_for(method, {name: value for name, value in overrides.items() if value is not None})
    options = Options(layers, teachers, start, validation_rows, checkpoint_only, pack)
    request = Request(corpus, recipe, out_dir, base, language, options)
    print_version(finetune_version(load_settings(), request, version), out_dir)


@app.command()
def tune(
    corpus: CorporaOption,
    out_dir: Annotated[Path, typer.Option("--out", help="Folder of the trials; an existing search continues.")],
    trials: Annotated[int, typer.Option(min=1, help="Trials in total, including those of earlier calls.")] = 20,
    method: MethodOption = "lora",
    base: BaseOption = "",
    language: Annotated[str, typer.Option(help="The language of the expert: en or zh.")] = "en",
    tokens: Annotated[int, typer.Option(help="Maximum tokens of a text.")] = 128,
    validation_rows: Annotated[int, typer.Option(help="Maximum validation rows per corpus.")] = 500,
    seed: SeedOption = 13,
) -> None:
    """Search hyper-parameters on validation rows; best.json has the command line of the best trial."""
    from training.release import tune as search
    from training.release.plan import Options, Request

    recipe = search.search_recipe(method, tokens, seed)
    request = Request(corpus, recipe, out_dir, base, language, Options(validation_rows=validation_rows))
    study = search.tune(load_settings(), request, trials)
    print_rows(f"trials in {out_dir}", search.table(study))
    best = json.loads((out_dir / search.BEST_FILE).read_text(encoding="utf-8"))
    out.print(f"best quality {best['quality']:.4f}:\n{best['command']}", highlight=False, soft_wrap=True)
