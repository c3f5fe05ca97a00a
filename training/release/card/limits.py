"""The section of the model card on limits and bias."""

from product.inference.manifest import Manifest
from training.data.catalogue import CATALOGUE
from training.evaluation.behaviours import FAIRNESS
from training.release.card.origin import LANGUAGES
from training.release.card.results import capabilities_of, metrics_by_corpus, partial_slices, suites
from training.release.card.tables import NOT_MEASURED, percent

MIN_SLICE_ROWS = 30
SHOWN = 5
"""How many of the weakest slices and capabilities are listed."""

USE_AND_LIMITS = """\
**Intended use**: sorting and counting customer messages, where people answer them and can correct a label.

**Not intended for** decisions about a person (credit, hiring, discipline, rating individual employees), for medical or
legal texts, for finding people in danger, or for texts that are not addressed to a company.

Known limits:

- Labels follow `data/labelling-guide.md`: they state the customer's own attitude at the end of the message. A plain
  report of a failure is negative even without an angry word; a question is neutral. Labels made by other rules, such as
  star ratings, agree with the guide only in part.
- The model sees personal identifiers as `[email]`, `[phone]`, `[card]`, `[iban]`, `[id]`, `[ip]`, `[url]`.
- Sarcasm is often missed, especially where nothing in the text itself shows it.
- At most two languages are supported. The English expert, where there is one, labels messages in all other languages.
  These labels are unreliable, and the app marks such messages as unsupported.
- Only one expert reads a message that mixes both languages.
- Of a message longer than the expert's limit only the beginning and the end are read.
- Probabilities are right on average over messages like those used for calibration, not for every kind of message."""


def weaknesses_section(manifest: Manifest) -> list[str]:
    """For each expert: its weakest slices, the capabilities that fail most often, and its fairness failures."""
    parts = []
    for language in manifest.experts:
        points = {
            f"Weakest slices ({MIN_SLICE_ROWS} rows or more)": _weakest_slices(manifest, language),
            "Capabilities that fail most often": _weakest_capabilities(manifest, language),
            "Fairness, share of cases in which the group named changes the label": _fairness(manifest, language),
        }
        parts += [f"### {LANGUAGES[language]}", "\n".join(f"- {name}: {value}." for name, value in points.items())]
    return parts


def _weakest_slices(manifest: Manifest, language: str) -> str:
    found = []
    for name, metrics in metrics_by_corpus(manifest).items():
        if name not in CATALOGUE or language in CATALOGUE[name].languages:
            parts = {name: metrics} | {f"{name}, {part}": value for part, value in partial_slices(metrics).items()}
            found += [(value["accuracy"], part) for part, value in parts.items() if value["rows"] >= MIN_SLICE_ROWS]
    shown = sorted(found)[:SHOWN]
    return "; ".join(f"{part} ({percent(accuracy)} correct)" for accuracy, part in shown) or NOT_MEASURED


def _weakest_capabilities(manifest: Manifest, language: str) -> str:
    found = capabilities_of(suites(manifest)[language])
    if not found:
        return NOT_MEASURED
    failing = [(part["rate"], name) for name, part in found.items() if part["rate"] > 0]
    shown = sorted(failing, reverse=True)[:SHOWN]
    return "; ".join(f"{name} ({percent(rate)})" for rate, name in shown) or "none"


def _fairness(manifest: Manifest, language: str) -> str:
    found = capabilities_of(suites(manifest)[language])
    rates = [f"{name} {percent(found[name]['rate'])}" for name in FAIRNESS if name in found]
    return "; ".join(rates) or NOT_MEASURED
