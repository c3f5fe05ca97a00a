"""Commands: python -m training compress --help"""

from pathlib import Path
from typing import Annotated

import typer

from product.cli.console import out, say
from product.settings.configuration import load_settings
from training.cli.printing import print_rows

app = typer.Typer(
    help="Smaller models: distil, cut layers or vocabulary, pack and unpack, compare.", no_args_is_help=True
)

CheckpointOption = Annotated[Path, typer.Option("--model", help="A checkpoint: weights, config and tokenizer.")]
OutOption = Annotated[Path, typer.Option("--out", help="The folder to write; must be new or empty.")]


@app.command()
def distil(
    corpus: Annotated[list[str], typer.Option("--corpus", help="A corpus of the catalogue; may be given again.")],
    teacher: Annotated[Path, typer.Option(help="The checkpoint to learn from.")],
    out_dir: OutOption,
    base: Annotated[str, typer.Option(help="What the student is cut from; default: the teacher.")] = "",
    layers: Annotated[str, typer.Option(help="Encoder layers the student keeps, e.g. 0,2,4; default: all.")] = "",
    soft_share: Annotated[float, typer.Option(help="The teacher's share of a row's target, 0 to 1.")] = 0.5,
    hidden_share: Annotated[float, typer.Option(help="Weight of the distance from its hidden state.")] = 0.0,
    epochs: Annotated[float | None, typer.Option(help="Epochs at most; validation may stop it sooner.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    tokens: Annotated[int, typer.Option(help="Tokens of a text that both read.")] = 128,
    pack: Annotated[int, typer.Option(help="Keep the weights in 4 or 8 bits; 0: half precision.")] = 0,
    version: Annotated[str, typer.Option(help="The id the version gets.")] = "distilled-1",
    language: Annotated[str, typer.Option(help="The language that the expert reads: en or zh.")] = "en",
) -> None:
    """A version with fewer layers that learns from a teacher and the labels: finetune with everything it needs."""
    from training.compression.distillation import parse_teacher
    from training.release.finetune import finetune_version
    from training.release.plan import Options

    asked = {"epochs": epochs, "learning_rate": learning_rate, "max_tokens": tokens}
    asked |= {"soft_share": soft_share, "hidden_share": hidden_share}
    manifest = finetune_version(
        load_settings(),
        corpora=corpus,
        out=out_dir,
        method="full",
        base=base or str(teacher),
        version=version,
        overrides={name: value for name, value in asked.items() if value is not None},
        language=language,
        options=Options(layers=layers, teachers=(parse_teacher(str(teacher)),), pack=pack),
        say=say,
    )
    measured = manifest.metrics.items() if manifest else ()
    rows = [{"measured on": name, "accuracy": f"{part['accuracy']:.1%}"} for name, part in measured]
    print_rows(f"{version} in {out_dir}", rows)


@app.command("layers")
def cut_layers(
    model: CheckpointOption,
    keep: Annotated[str, typer.Option(help="The encoder layers to keep, e.g. 0,2,4.")],
    out_dir: OutOption,
) -> None:
    """A checkpoint with some of its encoder layers."""
    from training.compression.pruning import remove_layers
    from training.release.checkpoints import check_new_folder

    check_new_folder(out_dir)
    config = remove_layers(model, keep, out_dir)
    out.print(f"{config['num_hidden_layers']} layers are in {out_dir}")


@app.command()
def vocabulary(
    model: Annotated[str, typer.Option(help="A checkpoint's folder, or a Hub id (intfloat/multilingual-e5-small).")],
    out_dir: OutOption,
    like: Annotated[Path | None, typer.Option(help="Keep the pieces of this checkpoint's tokenizer.")] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option("--corpus", help="Keep the pieces of its training rows and all single characters; repeatable."),
    ] = None,
) -> None:
    """A checkpoint with a smaller vocabulary: fewer word embeddings, its tokenizer to match."""
    from training.compression.vocabulary import PieceSelection, reduce_vocabulary
    from training.release.checkpoints import check_new_folder

    check_new_folder(out_dir)
    selection = PieceSelection(like, tuple(corpus or ()), load_settings().corpus_dir)
    size = reduce_vocabulary(model, out_dir, selection)
    out.print(f"{size.after:,} of {size.before:,} pieces are in {out_dir}")


@app.command()
def pack(
    model: CheckpointOption,
    bits: Annotated[int, typer.Option(help="Bits of the encoder's weights: 4 or 8; word embeddings take 4.")],
    out_dir: OutOption,
) -> None:
    """A checkpoint in a quarter to an eighth of its size."""
    from training.compression.checkpoints import pack_checkpoint
    from training.release.checkpoints import check_new_folder

    check_new_folder(out_dir)
    pack_checkpoint(model, bits, out_dir)
    size = sum(file.stat().st_size for file in out_dir.iterdir())
    out.print(f"{size / 1e6:.1f} MB are in {out_dir}")


@app.command()
def unpack(
    model: Annotated[Path, typer.Option("--model", help="The folder of a version, e.g. data/model.")],
    out_dir: OutOption,
    language: Annotated[str, typer.Option(help="Whose expert: en or zh.")] = "en",
) -> None:
    """The checkpoint that a version's expert was packed from, up to what packing took: to go on from, to learn from."""
    from training.release.checkpoints import unpack_expert

    manifest = unpack_expert(load_settings(), model, language, out_dir)
    out.print(f"the {language} expert of {manifest.id} is in {out_dir}")


@app.command()
def average(
    model: Annotated[list[Path], typer.Option("--model", help="A checkpoint; two or more of one shape.")],
    weight: Annotated[list[float], typer.Option("--weight", help="Its share of the mean; as many, 1 together.")],
    out_dir: OutOption,
) -> None:
    """The weighted mean of checkpoints that went on from one start: often better than each of them."""
    from training.compression.pruning import average_checkpoints
    from training.modelling.run_folder import write_json
    from training.release.checkpoints import check_new_folder
    from training.release.lineage import RESULT_FILE, recorded_runs

    check_new_folder(out_dir)
    average_checkpoints(model, weight, out_dir)
    write_json(out_dir / RESULT_FILE, {"before": recorded_runs(model)})
    out.print(f"the mean of {', '.join(folder.name for folder in model)} is in {out_dir}")


@app.command("version")
def make_version(
    model: CheckpointOption,
    corpus: Annotated[list[str], typer.Option("--corpus", help="Calibrate on its validation rows; repeatable.")],
    out_dir: OutOption,
    bits: Annotated[int, typer.Option("--pack", help="Bits of the encoder's weights: 4 or 8.")] = 8,
    version: Annotated[str, typer.Option(help="The id the version gets.")] = "packed-1",
    language: Annotated[str, typer.Option(help="The language that the expert reads: en or zh.")] = "en",
) -> None:
    """A version that can serve, of a checkpoint as it is: packed, exported to int8, calibrated, measured."""
    from training.release.finetune import version_from_checkpoint

    manifest = version_from_checkpoint(
        load_settings(), model, language=language, bits=bits, corpora=corpus, out=out_dir, version=version, say=say
    )
    rows = [
        {"measured on": name, "accuracy": f"{part['accuracy']:.1%}", "ECE": f"{part['ece']:.3f}"}
        for name, part in manifest.metrics.items()
    ]
    print_rows(f"{version} in {out_dir}", rows)


@app.command()
def table(
    model: Annotated[
        list[Path], typer.Option("--model", help="A checkpoint, packed or not, or a version; may be given again.")
    ],
    data: Annotated[
        list[str],
        typer.Option("--data", help="A corpus (its test rows, or NAME:SPLIT) or a .csv or .parquet; repeatable."),
    ],
) -> None:
    """Models side by side: layers, sizes, accuracy as the int8 export serves, speed against the first."""
    from training.compression.comparison import compare_models
    from training.evaluation.rows import read_rows

    settings = load_settings()
    rows_by_name = {name: read_rows(name, settings.corpus_dir) for name in data}
    rows = compare_models(model, rows_by_name, settings.base_model)
    print_rows("models as their int8 exports serve", rows)
