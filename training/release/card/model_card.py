"""The model card: what a version is, what it was made of and what it is worth, from its manifest alone.

Markdown under the front matter that the Hugging Face Hub reads. A figure that the manifest lacks is "not measured".
"""

from pathlib import Path

from huggingface_hub import EvalResult, ModelCardData

from product.inference.manifest import Manifest
from training.release.card import origin, results
from training.release.card.origin import PUBLISHED, base_of

FILE = "README.md"
INTRODUCTION = """\
Attune reads what customers write to a support team and says of each message whether it is negative, neutral or
positive, and how sure it is. It is for support teams, who decide by it what is read first, and for those who build
their tools. Each language has a small model of its own (an expert); the script of a message decides which one reads it.

This card is generated from the version's manifest (`python -m training card`); its figures are those of the 8-bit files
that serve (`python -m training measure`)."""
LIMITS = """\
**Meant for** sorting and counting customer messages, with people who answer them and who can correct a label.

**Not meant for** decisions about a person (credit, hiring, discipline, rating single employees), for medical or legal
texts, for finding people in danger, or for texts that are not addressed to a company.

Known limits:

- A label means what `data/labelling-guide.md` says and no more: the customer's own attitude at the end of the message.
  A plain failure report is negative without an angry word; a question is neutral. Labels made by other rules, stars for
  instance, agree with it only in part.
- Personal identifiers reach the model as `[email]`, `[phone]`, `[card]`, `[iban]`, `[id]`, `[ip]`, `[url]`.
- Sarcasm is often missed, most of all where nothing in the text itself gives it away.
- There are at most two languages here. A message in any other language is answered by the English expert where there
  is one, and its answer is worth little; the app marks such messages.
- A message that mixes both languages is read by one expert alone.
- Of a message over the expert's length limit only the head and the tail are read.
- A probability is right on average over messages like those it was fitted on, not for each kind of message."""


def write(folder: Path, manifest: Manifest) -> Path:
    """The card as README.md in the folder; the manifest does not name it, so it may be made again at any time."""
    path = folder / FILE
    path.write_text(render(manifest), encoding="utf-8")
    return path


def render(manifest: Manifest) -> str:
    """The whole card."""
    parts = [
        f"---\n{front_matter(manifest)}\n---",
        f"# Attune {manifest.id}",
        INTRODUCTION,
        _identity(manifest),
        "## Experts",
        origin.experts_section(manifest),
        "## Data",
        *origin.data_section(manifest),
        "## Licences",
        *origin.licences_section(manifest),
        "## Training",
        *origin.training_section(manifest),
        "## Figures",
        *results.figures_section(manifest),
        "## Behaviours",
        *results.behaviours_section(manifest),
        "## 8 bit against the unquantised model",
        *results.agreement_section(manifest),
        "## Calibration",
        *results.calibration_section(manifest),
        "## Limits and bias",
        *results.weaknesses_section(manifest),
        LIMITS,
    ]
    return "\n\n".join(parts) + "\n"


def front_matter(manifest: Manifest) -> str:
    """YAML for the Hub: only what it can resolve, so bases and data sets by their Hub ids."""
    bases = [base_of(manifest, language)[0] for language in manifest.experts]
    hubs = [hub for name in origin.trained_corpora(manifest) for hub in origin.hub_ids(name)]
    return ModelCardData(
        model_name=f"attune-{manifest.id}",
        language=sorted(manifest.experts),
        license="apache-2.0",
        base_model=[base for base in dict.fromkeys(bases) if base in PUBLISHED] or None,
        datasets=list(dict.fromkeys(hubs)) or None,
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
            metric_value=round(measured[key], 4),
        )
        for name, measured in results.measured_corpora(manifest).items()
        for kind, key in (("accuracy", "accuracy"), ("f1", "macro_f1"))
        if key in measured
    ]


def _identity(manifest: Manifest) -> str:
    parent = f"made from `{manifest.parent}` with {manifest.corrections:,} corrections" if manifest.parent else ""
    return f"Version `{manifest.id}`, {parent or 'trained from the bases named below'}, {manifest.created}."
