"""Commands that make a release: combine, ship, measure, card, reference."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from product.cli.console import out, say
from product.drift.reference import REFERENCE, write_reference
from product.settings.configuration import SHIPPED_MODEL, load_settings
from training.cli.printing import print_measures


def combine(
    en: Annotated[Path, typer.Option(help="The folder of a finished version: its English expert is taken.")],
    zh: Annotated[Path, typer.Option(help="The folder of a finished version: its Chinese expert is taken.")],
    out_dir: Annotated[Path, typer.Option("--out", help="The version folder to write; must be new or empty.")],
    version: Annotated[str, typer.Option(help="The id the version gets.")],
) -> None:
    """Make one version of the English expert of one version and the Chinese expert of another."""
    from training.release.combine import combine as combine_experts

    manifest = combine_experts({"en": en, "zh": zh}, out_dir, version, say)
    out.print(f"{manifest.id} ({', '.join(manifest.experts)}) is written to {out_dir}")


def ship(
    version: Annotated[Path, typer.Argument(help="The folder of a finished version, as finetune writes it.")],
    target: Annotated[Path, typer.Option(help="Where the repository keeps the shipped model.")] = SHIPPED_MODEL,
) -> None:
    """Make a trained version the one that a clone of this repository starts with."""
    from training.release.ship import ship as ship_version

    ship_version(version, target, say)


def reference(
    model: Annotated[str, typer.Option(help="A version id or folder; default: the shipped one.")] = "",
    out_file: Annotated[Path, typer.Option("--out", help="The file to write.")] = SHIPPED_MODEL / REFERENCE,
) -> None:
    """Count what the shipped model says of its training messages: what drift is measured from. After each `ship`."""
    from product.inference import manifest as manifests
    from training.data import catalogue
    from training.evaluation import drift_reference as references
    from training.evaluation.lookup import find_model

    settings = load_settings()
    loaded = find_model(settings, model or manifests.read(SHIPPED_MODEL).id)
    load = partial(catalogue.load, corpus_dir=settings.corpus_dir)
    counted = references.build(loaded.version, load, loaded.score, say)
    write_reference(out_file, counted)
    out.print(f"{counted.counts.rows:,} messages are counted in {out_file}", highlight=False, soft_wrap=True)


def measure(
    version: Annotated[Path, typer.Argument(help="The folder of a finished version; its manifest keeps the figures.")],
) -> None:
    """Measure a version as it serves on all test rows there are, the behavioural suite and against fp32."""
    from training.release import measure as measuring

    settings = load_settings()
    manifest = measuring.measure(version, settings.base_model, settings.corpus_dir, say)
    for name, measured in manifest.metrics.items():
        if name.endswith(" test"):
            print_measures(f"{manifest.id} on {name}", measured)
    for entry in manifest.metrics["unmeasured"]:
        out.print(f"not measured: {entry['name']}: {entry['reason']}", markup=False, highlight=False, soft_wrap=True)
    out.print(f"written to the manifest in {version}")


def card(
    version: Annotated[str, typer.Argument(help="A version folder or id.")],
    out_file: Annotated[Path | None, typer.Option("--out", help="The file to write; default: stdout.")] = None,
) -> None:
    """The model card of a version, from its manifest alone."""
    from product.inference import manifest as manifests
    from training.evaluation.lookup import locate
    from training.release.card import model_card as cards

    text = cards.render(manifests.read(locate(load_settings(), version)))
    if out_file:
        out_file.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
