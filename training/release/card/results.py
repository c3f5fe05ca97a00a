"""Sections of the model card on what a version was measured to do."""

from product.inference.manifest import Manifest
from training.data.catalogue import CATALOGUE, REPORTED
from training.release.card.tables import ABSENT, decimal, percent, table

UNMEASURED = "unmeasured"
"""Where a manifest's metrics keep what could not be measured: `name` and `reason` of each."""
LANGUAGES = {"en": "English", "zh": "Chinese"}
FAIRNESS = ("race", "religion", "nationality", "gender", "orientation")
LEAST_SLICE = 30  # rows: fewer say nothing
WORST = 5


def measured_corpora(manifest: Manifest) -> dict[str, dict]:
    """Corpus → what was measured on its test rows; known corpora first."""
    names = [name for group in REPORTED.values() for name in group]
    names += [key.removesuffix(" test") for key in manifest.metrics if key.endswith(" test")]
    found = {name: manifest.metrics.get(f"{name} test") for name in names}
    return {name: measured for name, measured in found.items() if measured}


def _reason(manifest: Manifest, name: str, language: str = "") -> str:
    """`not measured`, and why where that is known."""
    stored = {entry["name"]: entry["reason"] for entry in manifest.metrics.get(UNMEASURED, [])}
    lacking = f"there is no {LANGUAGES[language]} expert" if language and language not in manifest.experts else ""
    why = stored.get(name, lacking)
    return f"{ABSENT} ({why})" if why else ABSENT


def figures_section(manifest: Manifest) -> list[str]:
    explained = """\
Accuracy is the share of right labels; macro-F1 counts each label the same; ECE is the mean distance between the stated
probability and the share that was right. Where a corpus has no neutral label, negative is measured against positive,
and the share that would have been answered neutral stands beside it. Routing: of N negative messages, the share met in
the first N when the most negative are read first."""
    known = {name: language for language, names in REPORTED.items() for name in names}
    found = measured_corpora(manifest)
    rows = [_figure_row(name, measured) for name, measured in found.items()]
    for name, language in known.items():
        if name not in found:
            rows.append([name, _reason(manifest, f"{name} test", language), *[ABSENT] * 5])
    headings = ["test rows of", "rows", "accuracy", "macro-F1", "ECE (95 % interval)", "answered neutral", "routing"]
    return [explained, table(headings, rows, range(1, 7)), _slice_table(found)]


def _slice_table(found: dict[str, dict]) -> str:
    rows = [
        [name, part, *_quality(each)] for name, whole in found.items() for part, each in _partial_slices(whole).items()
    ]
    headings = ["corpus", "slice", "rows", "accuracy", "macro-F1", "ECE"]
    return table(headings, rows, range(2, 6)) if rows else f"Slices: {ABSENT}."


def _figure_row(name: str, measured: dict) -> list[str]:
    polar = "neutral_share" in measured or (name in CATALOGUE and CATALOGUE[name].polar)
    neutral = percent(measured.get("neutral_share")) if polar else "–"
    rows, accuracy, macro, _ = _quality(measured)
    return [name, rows, accuracy, macro, _calibration_error(measured), neutral, percent(measured.get("routing"))]


def _calibration_error(measured: dict) -> str:
    interval = measured.get("ece_interval")
    told = f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else f"interval {ABSENT}"
    return f"{decimal(measured.get('ece'))} ({told})"


def _quality(measured: dict) -> list[str]:
    rows = f"{measured['rows']:,}" if "rows" in measured else ABSENT
    figures = percent(measured.get("accuracy")), percent(measured.get("macro_f1")), decimal(measured.get("ece"))
    return [rows, *figures]


def _partial_slices(measured: dict) -> dict[str, dict]:
    """The slices that are a part of the rows, not all of them over again."""
    return {name: part for name, part in measured.get("slices", {}).items() if part["rows"] != measured["rows"]}


def _suites(manifest: Manifest) -> dict[str, dict]:
    return {language: manifest.metrics.get(f"behaviours {language}", {}) for language in LANGUAGES}


def _capabilities(suite: dict) -> dict[str, dict]:
    return {name: part for name, part in suite.items() if isinstance(part, dict)}


def behaviours_section(manifest: Manifest) -> list[str]:
    explained = """\
Share of cases failed in a suite of templates after CheckList (Ribeiro et al. 2020); no content word of it is in the
training templates. Mean and worst are over capabilities. Two versions compare where the suite's SHA-256 is the same."""
    suites, totals = _suites(manifest), []
    for language, suite in suites.items():
        mean = percent(suite["mean"]) if suite else _reason(manifest, f"behaviours {language}", language)
        totals.append([LANGUAGES[language], mean, percent(suite.get("worst")), suite.get("suite", ABSENT)])
    parts = [explained, table(["language", "mean failure rate", "worst", "suite"], totals, (1, 2))]
    tables = [_capabilities(suite) for suite in suites.values()]
    names = dict.fromkeys(name for each in tables for name in each)
    rates = [[name, *(percent(each.get(name, {}).get("rate")) for each in tables)] for name in names]
    return [*parts, table(["capability: failed", *LANGUAGES.values()], rates, (1, 2))] if rates else parts


def agreement_section(manifest: Manifest) -> list[str]:
    rows = []
    for language, name in LANGUAGES.items():
        found = manifest.metrics.get(f"agreement {language}")
        if found:
            apart = decimal(found.get("largest_difference"))
            rows.append([name, percent(found["same"]), apart, f"{found['rows']:,}", ", ".join(found["on"])])
        else:
            rows.append([name, _reason(manifest, f"agreement {language}", language), *[ABSENT] * 3])
    headings = ["language", "same label", "probabilities apart at most", "rows", "of"]
    return [table(headings, rows, (1, 2, 3))]


def calibration_section(manifest: Manifest) -> list[str]:
    intro = """\
Probabilities are softmax(logits / temperature + bias), fitted on validation rows by the file that serves; temperature
and bias are in the table of the experts. Expected calibration error on test rows:"""
    found = [f"- {name}: {_calibration_error(measured)}" for name, measured in measured_corpora(manifest).items()]
    return [intro, "\n".join(found) or f"- {ABSENT}"]


def weaknesses_section(manifest: Manifest) -> list[str]:
    """What the version is worst at, by name, and how often groups of people are treated differently."""
    parts = []
    for language in manifest.experts:
        told = {
            f"Weakest slices ({LEAST_SLICE} rows or more)": _worst_slices(manifest, language),
            "Capabilities that fail most": _worst_capabilities(manifest, language),
            "Fairness, share of cases in which the group named changes the answer": _fairness(manifest, language),
        }
        parts += [f"### {LANGUAGES[language]}", "\n".join(f"- {name}: {value}." for name, value in told.items())]
    return parts


def _worst_slices(manifest: Manifest, language: str) -> str:
    found = []
    for name, measured in measured_corpora(manifest).items():
        if name not in CATALOGUE or language in CATALOGUE[name].languages:
            parts = {name: measured} | {f"{name}, {part}": value for part, value in _partial_slices(measured).items()}
            found += [(value["accuracy"], part) for part, value in parts.items() if value["rows"] >= LEAST_SLICE]
    return "; ".join(f"{part} ({percent(accuracy)} right)" for accuracy, part in sorted(found)[:WORST]) or ABSENT


def _worst_capabilities(manifest: Manifest, language: str) -> str:
    found = _capabilities(_suites(manifest)[language])
    if not found:
        return ABSENT
    worst = sorted(((part["rate"], name) for name, part in found.items() if part["rate"] > 0), reverse=True)[:WORST]
    return "; ".join(f"{name} ({percent(rate)})" for rate, name in worst) or "none fails"


def _fairness(manifest: Manifest, language: str) -> str:
    found = _capabilities(_suites(manifest)[language])
    return "; ".join(f"{name} {percent(found.get(name, {}).get('rate'))}" for name in FAIRNESS)
