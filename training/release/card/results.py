"""Sections of the model card on the measured results of a version."""

from typing import Any

from product.inference.manifest import Manifest
from training.data.catalogue import CATALOGUE, REPORTED
from training.release.card.origin import LANGUAGES
from training.release.card.tables import NOT_APPLICABLE, NOT_MEASURED, decimal, percent, table

UNMEASURED = "unmeasured"
"""The key of a manifest's metrics with the `name` and the `reason` of everything that could not be measured."""

FIGURES = """\
Accuracy is the share of correct labels; macro-F1 gives each label the same weight; ECE is the mean distance between
the stated probability and the share of correct labels. Corpora without a neutral label are measured on negative
against positive, with the share of rows predicted neutral beside it. Routing: of N negative messages, the share that is
among the first N when messages are read in the order of their negative probability."""

BEHAVIOURS = """\
Share of failed cases in a suite after CheckList (Ribeiro et al. 2020). The training templates share no content word
with its templates, and the parts of which it composes mail are in no training row. Mean and worst are taken over
capabilities; the worst family of a capability is its template or kind of message that fails most often. Compare two
versions only if the SHA-256 of the suite is the same."""

CALIBRATION = """\
Probabilities are softmax(logits / temperature + bias). Temperature and bias are fitted on validation rows with the file
that serves; the table of experts lists them. Expected calibration error on test rows:"""


def metrics_by_corpus(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """Metrics on test rows by corpus; the reported corpora first."""
    names = [name for reported in REPORTED.values() for name in reported]
    names += [key.removesuffix(" test") for key in manifest.metrics if key.endswith(" test")]
    found = {name: manifest.metrics.get(f"{name} test") for name in names}
    return {name: metrics for name, metrics in found.items() if metrics}


def partial_slices(metrics: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The slices that do not contain all rows."""
    return {name: part for name, part in metrics.get("slices", {}).items() if part["rows"] != metrics["rows"]}


def capabilities_of(suite: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The results of each capability in the results of a behavioural suite."""
    return {name: part for name, part in suite.items() if isinstance(part, dict)}


def suites(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """The results of the behavioural suite by language; empty if it was not measured."""
    return {language: manifest.metrics.get(f"behaviours {language}", {}) for language in LANGUAGES}


def figures_section(manifest: Manifest) -> list[str]:
    found = metrics_by_corpus(manifest)
    rows = [_figure_row(name, metrics) for name, metrics in found.items()]
    for language, names in REPORTED.items():
        missing = [name for name in names if name not in found]
        rows += [[name, _not_measured(manifest, f"{name} test", language), *[NOT_MEASURED] * 5] for name in missing]
    headings = ["corpus", "rows", "accuracy", "macro-F1", "ECE (95 % interval)", "predicted neutral", "routing"]
    return [FIGURES, table(headings, rows, range(1, 7)), _slice_table(found)]


def _figure_row(name: str, metrics: dict[str, Any]) -> list[str]:
    polar = "neutral_share" in metrics or (name in CATALOGUE and CATALOGUE[name].polar)
    neutral = percent(metrics.get("neutral_share")) if polar else NOT_APPLICABLE
    rows, accuracy, macro_f1, _ = _quality(metrics)
    return [name, rows, accuracy, macro_f1, _calibration_error(metrics), neutral, percent(metrics.get("routing"))]


def _slice_table(found: dict[str, dict[str, Any]]) -> str:
    rows = [
        [name, slice_name, *_quality(part)]
        for name, metrics in found.items()
        for slice_name, part in partial_slices(metrics).items()
    ]
    headings = ["corpus", "slice", "rows", "accuracy", "macro-F1", "ECE"]
    return table(headings, rows, range(2, 6)) if rows else f"Slices: {NOT_MEASURED}."


def _quality(metrics: dict[str, Any]) -> list[str]:
    rows = f"{metrics['rows']:,}" if "rows" in metrics else NOT_MEASURED
    return [rows, percent(metrics.get("accuracy")), percent(metrics.get("macro_f1")), decimal(metrics.get("ece"))]


def _calibration_error(metrics: dict[str, Any]) -> str:
    interval = metrics.get("ece_interval")
    text = f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else f"interval {NOT_MEASURED}"
    return f"{decimal(metrics.get('ece'))} ({text})"


def behaviours_section(manifest: Manifest) -> list[str]:
    totals = []
    for language, suite in suites(manifest).items():
        mean = percent(suite["mean"]) if suite else _not_measured(manifest, f"behaviours {language}", language)
        totals.append([LANGUAGES[language], mean, percent(suite.get("worst")), suite.get("suite", NOT_MEASURED)])
    parts = [BEHAVIOURS, table(["language", "mean failure rate", "worst", "SHA-256 of the suite"], totals, (1, 2))]
    by_language = [capabilities_of(suite) for suite in suites(manifest).values()]
    names = dict.fromkeys(name for capabilities in by_language for name in capabilities)
    rates = [
        [name, *(cell for capabilities in by_language for cell in _failure_cells(capabilities.get(name, {})))]
        for name in names
    ]
    headings = ["failure rate of the capability"]
    headings += [heading for language in LANGUAGES.values() for heading in (language, "worst family")]
    return [*parts, table(headings, rates, (1, 3))] if rates else parts


def _failure_cells(part: dict[str, Any]) -> tuple[str, str]:
    """The failure rate of a capability, and the family that fails most often with its rate."""
    worst = part.get("worst_family")
    return percent(part.get("rate")), f"{worst['family']} ({percent(worst['rate'])})" if worst else ""


def agreement_section(manifest: Manifest) -> list[str]:
    rows = []
    for language, name in LANGUAGES.items():
        found = manifest.metrics.get(f"agreement {language}")
        if found:
            difference = decimal(found.get("largest_difference"))
            rows.append([name, percent(found["same"]), difference, f"{found['rows']:,}", ", ".join(found["on"])])
        else:
            rows.append([name, _not_measured(manifest, f"agreement {language}", language), *[NOT_MEASURED] * 3])
    headings = ["language", "same label", "largest difference of a probability", "rows", "rows of"]
    return [table(headings, rows, (1, 2, 3))]


def calibration_section(manifest: Manifest) -> list[str]:
    errors = [f"- {name}: {_calibration_error(metrics)}" for name, metrics in metrics_by_corpus(manifest).items()]
    return [CALIBRATION, "\n".join(errors) or f"- {NOT_MEASURED}"]


def _not_measured(manifest: Manifest, name: str, language: str) -> str:
    """`not measured`, with the reason if it is known."""
    reasons = {entry["name"]: entry["reason"] for entry in manifest.metrics.get(UNMEASURED, [])}
    fallback = f"there is no {LANGUAGES[language]} expert" if language not in manifest.experts else ""
    reason = reasons.get(name, fallback)
    return f"{NOT_MEASURED} ({reason})" if reason else NOT_MEASURED
