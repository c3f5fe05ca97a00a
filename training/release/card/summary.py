"""The summary at the top of the model card: purpose, data, main figures, limits and licence on one page."""

from product.inference.manifest import Manifest
from training.release.card.origin import LANGUAGES, base_model, corpus_languages, non_commercial, trained_corpora
from training.release.card.results import capabilities_of, metrics_by_corpus
from training.release.card.tables import NOT_MEASURED, NOT_RECORDED, decimal, percent, table

PURPOSE = """\
Attune labels messages from customers to a support team as negative, neutral or positive, with a probability for each
label. Support teams use it to decide which messages to read first, and to count sentiment. It runs on a CPU in 8 bits.
Each language has a small model of its own, called an expert; the language of a message selects the expert."""

MAIN_LIMITS = """\
**Limits.** Sarcasm is often missed. Messages in languages other than those above, and messages that mix languages, get
unreliable labels. Long messages are shortened before they are read. Probabilities are right on average, not for every
kind of message. Do not use the model for decisions about individual people."""

SOURCE = """\
Everything on this page comes from the version's manifest (`python -m training card`). All figures are measured on the
8-bit files that serve (`python -m training measure`)."""


def summary_section(manifest: Manifest) -> list[str]:
    """What the version is, what it was trained on, what it scores, and what to know before using it."""
    return [
        PURPOSE,
        _identity(manifest),
        "\n".join(_training_data(manifest, language) for language in manifest.experts),
        "**Main figures**, on test rows that are never used for training:",
        _main_figures(manifest),
        _behaviours(manifest),
        MAIN_LIMITS,
        _licence(manifest),
        SOURCE,
    ]


def _identity(manifest: Manifest) -> str:
    if manifest.parent:
        origin = f"trained from `{manifest.parent}` with {manifest.corrections:,} corrections"
    else:
        origin = "trained from published base models"
    return f"Version `{manifest.id}`, created {manifest.created}, {origin}."


def _training_data(manifest: Manifest, language: str) -> str:
    corpora = ", ".join(trained_corpora(manifest, language)) or NOT_RECORDED
    return f"- **{LANGUAGES[language]}**: base model {base_model(manifest, language)[0]}; trained on {corpora}."


def _main_figures(manifest: Manifest) -> str:
    rows = []
    for name, metrics in metrics_by_corpus(manifest).items():
        languages = ", ".join(LANGUAGES[language] for language in corpus_languages(name)) or NOT_RECORDED
        scores = percent(metrics.get("accuracy")), percent(metrics.get("macro_f1")), decimal(metrics.get("ece"))
        rows.append([name, languages, f"{metrics.get('rows', 0):,}", *scores])
    headings = ["corpus", "language", "rows", "accuracy", "macro-F1", "calibration error"]
    return table(headings, rows, range(2, 6)) if rows else f"Test rows: {NOT_MEASURED}."


def _behaviours(manifest: Manifest) -> str:
    rates = [
        f"{LANGUAGES[language]} {percent(suite['mean'])}"
        for language in LANGUAGES
        if capabilities_of(suite := manifest.metrics.get(f"behaviours {language}", {}))
    ]
    return f"Behavioural suite, mean failure rate: {', '.join(rates) or NOT_MEASURED}."


def _licence(manifest: Manifest) -> str:
    licence = "**Licence.** The weights are published under Apache-2.0."
    restricted = non_commercial(trained_corpora(manifest))
    if restricted:
        licence += f" The texts of {', '.join(restricted)} are published for non-commercial use; see Licences below."
    return licence
