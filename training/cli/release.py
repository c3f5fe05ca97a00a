"""Commands that make a release: combine, ship, reference, measure, card."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from product.cli.console import out, print_plain
from product.drift.reference import REFERENCE, write_reference
from product.settings.configuration import SHIPPED_MODEL, load_settings
from training.cli.printing import print_metrics

app = typer.Typer()


@app.command()
def combine(
    en: Annotated[Path, typer.Option(help="The version folder that the English expert is taken from.")],
    zh: Annotated[Path, typer.Option(help="The version folder that the Chinese expert is taken from.")],
    out_dir: Annotated[Path, typer.Option("--out", help="The version folder to write; must be new or empty.")],
    version: Annotated[str, typer.Option(help="The id of the new version.")],
) -> None:
    """Combine the English expert of one version and the Chinese expert of another in a new version."""
    from training.release.combine import combine as combine_experts

    manifest = combine_experts({"en": en, "zh": zh}, out_dir, version)
    out.print(f"wrote {manifest.id} ({', '.join(manifest.experts)}) to {out_dir}")


@app.command()
def ship(
    version: Annotated[Path, typer.Argument(help="The folder of a finished version, as finetune writes it.")],
    target: Annotated[Path, typer.Option(help="Where the repository keeps the shipped model.")] = SHIPPED_MODEL,
) -> None:
    """Make a version the one that every clone of this repository starts with."""
    from training.release.ship import ship as ship_version

    ship_version(version, target)


@app.command()
def reference(
    model: Annotated[str, typer.Option(help="A version id or folder. Default: the shipped version.")] = "",
    out_file: Annotated[Path, typer.Option("--out", help="The file to write.")] = SHIPPED_MODEL / REFERENCE,
) -> None:
    """Write the reference that drift is measured against: predictions on training messages. Run it after `ship`."""
    from product.inference import manifest as manifests
    from training.data import catalogue
    from training.evaluation import drift_reference
    from training.evaluation.lookup import find_model

    settings = load_settings()
    loaded = find_model(settings, model or manifests.read(SHIPPED_MODEL).id)
    load = partial(catalogue.load_clean, corpus_dir=settings.corpus_dir)
    counted = drift_reference.build(loaded.version, load, loaded.score)
    write_reference(out_file, counted)
    print_plain(f"wrote the counts of {counted.counts.rows:,} messages to {out_file}")


@app.command()
def measure(
    version: Annotated[Path, typer.Argument(help="The folder of a finished version; its manifest gets the figures.")],
) -> None:
    """Measure a version as it serves: all available test rows, the behavioural suite, and agreement with fp32."""
    from training.release.card.results import UNMEASURED
    from training.release.measure import measure as measure_version

    settings = load_settings()
    manifest = measure_version(version, settings.base_model, settings.corpus_dir)
    for name, metrics in manifest.metrics.items():
        if name.endswith(" test"):
            print_metrics(f"{manifest.id} on {name}", metrics)
    for entry in manifest.metrics[UNMEASURED]:
        print_plain(f"not measured: {entry['name']}: {entry['reason']}")
    out.print(f"wrote the figures to the manifest in {version}")


@app.command()
def card(
    version: Annotated[str, typer.Argument(help="A version folder or id.")],
    out_file: Annotated[Path | None, typer.Option("--out", help="The file to write. Default: stdout.")] = None,
) -> None:
    """Generate the model card of a version from its manifest."""
    from product.inference import manifest as manifests
    from training.evaluation.lookup import locate_manifest
    from training.release.card import model_card

    text = model_card.render(manifests.read(locate_manifest(load_settings(), version)))
    if out_file:
        out_file.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
