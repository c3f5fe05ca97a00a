"""Commands that make models smaller: python -m training compress --help"""

from pathlib import Path
from typing import Annotated

import typer

from product.cli.console import out
from product.settings.configuration import load_settings
from training.cli.printing import print_rows

app = typer.Typer(
    help="Smaller models: distil, cut layers or vocabulary, pack and unpack, compare.", no_args_is_help=True
)

CheckpointOption = Annotated[Path, typer.Option("--model", help="A checkpoint: weights, config and tokenizer.")]
OutOption = Annotated[Path, typer.Option("--out", help="The folder to write; must be new or empty.")]


@app.command()
def distil(
    corpus: Annotated[list[str], typer.Option("--corpus", help="A corpus of the catalogue; can be repeated.")],
    teacher: Annotated[Path, typer.Option(help="The checkpoint to distil from.")],
    out_dir: OutOption,
    base: Annotated[str, typer.Option(help="The model that the student is cut from. Default: the teacher.")] = "",
    layers: Annotated[str, typer.Option(help="Encoder layers of the student, such as 0,2,4. Default: all.")] = "",
    soft_share: Annotated[float, typer.Option(help="Weight of the teacher in a row's target, 0 to 1.")] = 0.5,
    hidden_share: Annotated[
        float, typer.Option(help="Weight of the distance to the teacher's last hidden state.")
    ] = 0.0,
    epochs: Annotated[float | None, typer.Option(help="Maximum epochs; early stopping can end the run sooner.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    tokens: Annotated[int, typer.Option(help="Maximum tokens of a text, for teacher and student.")] = 128,
    pack: Annotated[int, typer.Option(help="Store the weights in 4 or 8 bits; 0: half precision.")] = 0,
    version: Annotated[str, typer.Option(help="The id of the new version.")] = "distilled-1",
    language: Annotated[str, typer.Option(help="The language of the expert: en or zh.")] = "en",
) -> None:
    """Train a version with fewer layers on a teacher's probabilities and the labels: finetune with fixed options."""
    from training.compression.distillation import parse_teacher
    from training.release.finetune import finetune_version
    from training.release.plan import Options, Request, recipe_for

    overrides = {"max_tokens": tokens, "soft_share": soft_share, "hidden_share": hidden_share}
    overrides |= {} if epochs is None else {"epochs": epochs}
    overrides |= {} if learning_rate is None else {"learning_rate": learning_rate}
    options = Options(layers=layers, teachers=(parse_teacher(str(teacher)),), pack=pack)
    request = Request(corpus, recipe_for("full", overrides), out_dir, base or str(teacher), language, options)
    manifest = finetune_version(load_settings(), request, version)
    metrics = manifest.metrics.items() if manifest else ()
    rows = [{"measured on": name, "accuracy": f"{part['accuracy']:.1%}"} for name, part in metrics]
    print_rows(f"{version} in {out_dir}", rows)


@app.command("layers")
def cut_layers(
    model: CheckpointOption,
    keep: Annotated[str, typer.Option(help="The encoder layers to keep, such as 0,2,4.")],
    out_dir: OutOption,
) -> None:
    """Cut encoder layers out of a checkpoint."""
    from training.compression.pruning import remove_layers
    from training.modelling.folders import check_new_folder

    check_new_folder(out_dir)
    config = remove_layers(model, keep, out_dir)
    out.print(f"wrote {config['num_hidden_layers']} layers to {out_dir}")


@app.command()
def vocabulary(
    model: Annotated[
        str, typer.Option(help="A checkpoint's folder, or a Hub id such as intfloat/multilingual-e5-small.")
    ],
    out_dir: OutOption,
    like: Annotated[Path | None, typer.Option(help="Keep the tokens of this checkpoint's tokenizer.")] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            "--corpus", help="Keep the tokens in its training rows, and all single characters; can be repeated."
        ),
    ] = None,
) -> None:
    """Reduce the vocabulary of a checkpoint: fewer word embeddings, and a tokenizer to match."""
    from training.compression.vocabulary import PieceSelection, reduce_vocabulary
    from training.modelling.folders import check_new_folder

    check_new_folder(out_dir)
    selection = PieceSelection(like, tuple(corpus or ()), load_settings().corpus_dir)
    size = reduce_vocabulary(model, out_dir, selection)
    out.print(f"wrote {size.after:,} of {size.before:,} tokens to {out_dir}")


@app.command()
def pack(
    model: CheckpointOption,
    bits: Annotated[int, typer.Option(help="Bits of the encoder's weights: 4 or 8. Word embeddings take 4.")],
    out_dir: OutOption,
) -> None:
    """Store a checkpoint in a quarter to an eighth of its size."""
    from training.compression.checkpoints import pack_checkpoint
    from training.modelling.folders import check_new_folder

    check_new_folder(out_dir)
    pack_checkpoint(model, bits, out_dir)
    size = sum(file.stat().st_size for file in out_dir.iterdir())
    out.print(f"wrote {size / 1e6:.1f} MB to {out_dir}")


@app.command()
def unpack(
    model: Annotated[Path, typer.Option("--model", help="The folder of a version, such as data/model.")],
    out_dir: OutOption,
    language: Annotated[str, typer.Option(help="The language of the expert: en or zh.")] = "en",
) -> None:
    """Restore the checkpoint of a packed expert, up to rounding: a start or a teacher for another run."""
    from training.release.parts import unpack_expert

    manifest = unpack_expert(load_settings(), model, language, out_dir)
    out.print(f"wrote the {language} expert of {manifest.id} to {out_dir}")


@app.command()
def average(
    model: Annotated[list[Path], typer.Option("--model", help="A checkpoint; two or more of the same shape.")],
    weight: Annotated[list[float], typer.Option("--weight", help="The weight of each checkpoint; they sum to 1.")],
    out_dir: OutOption,
) -> None:
    """Average checkpoints that continued from the same start; the mean is often better than each of them."""
    from training.compression.pruning import average_checkpoints
    from training.modelling.folders import check_new_folder, write_json
    from training.release.lineage import RESULT_FILE, recorded_runs

    check_new_folder(out_dir)
    average_checkpoints(model, weight, out_dir)
    write_json(out_dir / RESULT_FILE, {"before": recorded_runs(model)})
    out.print(f"wrote the mean of {', '.join(folder.name for folder in model)} to {out_dir}")


@app.command("version")
def make_version(
    model: CheckpointOption,
    corpus: Annotated[
        list[str], typer.Option("--corpus", help="A corpus to calibrate on its validation rows; can be repeated.")
    ],
    out_dir: OutOption,
    bits: Annotated[int, typer.Option("--pack", help="Bits of the encoder's weights: 4 or 8.")] = 8,
    smoothing: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of activation outliers moved into the weights before int8; 0: none."),
    ] = 0.0,
    version: Annotated[str, typer.Option(help="The id of the new version.")] = "packed-1",
    language: Annotated[str, typer.Option(help="The language of the expert: en or zh.")] = "en",
) -> None:
    """Make a version of a checkpoint without training: pack it, export it to int8, calibrate it and measure it."""
    from training.release.finetune import CheckpointRequest, version_from_checkpoint

    request = CheckpointRequest(model, corpus, out_dir, language, bits, smoothing)
    manifest = version_from_checkpoint(load_settings(), request, version)
    rows = [
        {"measured on": name, "accuracy": f"{part['accuracy']:.1%}", "ECE": f"{part['ece']:.3f}"}
        for name, part in manifest.metrics.items()
    ]
    print_rows(f"{version} in {out_dir}", rows)


@app.command()
def table(
    model: Annotated[
        list[Path], typer.Option("--model", help="A checkpoint, packed or not, or a version; can be repeated.")
    ],
    data: Annotated[
        list[str],
        typer.Option("--data", help="A corpus (its test rows, or NAME:SPLIT) or a .csv or .parquet; can be repeated."),
    ],
) -> None:
    """Compare models: layers, sizes, accuracy of the int8 export, and speed relative to the first model."""
    from training.compression.comparison import compare_models
    from training.evaluation.rows import read_rows

    settings = load_settings()
    rows_by_name = {name: read_rows(name, settings.corpus_dir) for name in data}
    rows = compare_models(model, rows_by_name, settings.base_model)
    print_rows("models as their int8 exports serve", rows)
