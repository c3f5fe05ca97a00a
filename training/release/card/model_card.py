"""The model card of a version, generated from its manifest alone.

It is Markdown with the front matter that the Hugging Face Hub reads. Figures that the manifest lacks are shown as
"not measured".
"""

from pathlib import Path

from huggingface_hub import EvalResult, ModelCardData

from product.inference.manifest import Manifest
from training.release.card.limits import USE_AND_LIMITS, weaknesses_section
from training.release.card.origin import (
    PUBLISHED_BASES,
    base_model,
    data_section,
    experts_section,
    hub_ids,
    licences_section,
    trained_corpora,
    training_section,
)
from training.release.card.results import (
    agreement_section,
    behaviours_section,
    calibration_section,
    figures_section,
    metrics_by_corpus,
)
from training.release.card.summary import summary_section

FILE = "README.md"


def write(folder: Path, manifest: Manifest) -> Path:
    """Write the card to README.md in the folder. The manifest does not list it, so it can be regenerated any time."""
    path = folder / FILE
    path.write_text(render(manifest), encoding="utf-8")
    return path


def render(manifest: Manifest) -> str:
    """The card: front matter, a summary of one page, then every detail."""
    parts = [
        f"---\n{front_matter(manifest)}\n---",
        f"# Attune {manifest.id}",
        "## Summary",
        *summary_section(manifest),
        "## Experts",
        *experts_section(manifest),
        "## Data",
        *data_section(manifest),
        "## Licences",
        *licences_section(manifest),
        "## Training",
        *training_section(manifest),
        "## Figures",
        *figures_section(manifest),
        "## Behaviours",
        *behaviours_section(manifest),
        "## Agreement of the 8-bit and the unquantised model",
        *agreement_section(manifest),
        "## Calibration",
        *calibration_section(manifest),
        "## Limits and bias",
        *weaknesses_section(manifest),
        USE_AND_LIMITS,
    ]
    return "\n\n".join(parts) + "\n"


def front_matter(manifest: Manifest) -> str:
    """YAML for the Hub. It names only bases and data sets that the Hub knows."""
    bases = dict.fromkeys(base_model(manifest, language)[0] for language in manifest.experts)
    data_sets = dict.fromkeys(hub_id for name in trained_corpora(manifest) for hub_id in hub_ids(name))
    return ModelCardData(
        model_name=f"attune-{manifest.id}",
        language=sorted(manifest.experts),
        license="apache-2.0",
        base_model=[base for base in bases if base in PUBLISHED_BASES] or None,
        datasets=list(data_sets) or None,
        metrics=["accuracy", "f1"],
        pipeline_tag="text-classification",
        tags=["sentiment-analysis", "customer-service"],
        eval_results=_eval_results(manifest) or None,
    ).to_yaml()


def _eval_results(manifest: Manifest) -> list[EvalResult]:
    return [
        EvalResult(
            task_type="text-classification",
            dataset_name=f"{name}, test rows",
            dataset_type=name,
            metric_type=kind,
            metric_value=round(metrics[key], 4),
        )
        for name, metrics in metrics_by_corpus(manifest).items()
        for kind, key in (("accuracy", "accuracy"), ("f1", "macro_f1"))
        if key in metrics
    ]
