"""The model card: what a version is, what it was made of and what it is worth, from its manifest alone.

Markdown under the front matter that the Hugging Face Hub reads. A figure that the manifest lacks is "not measured".
"""

from collections.abc import Collection
from pathlib import Path

from huggingface_hub import EvalResult, ModelCardData

from product.inference import manifest as manifests
from product.inference.manifest import BadVersion, Expert, Manifest
from product.settings.configuration import SHIPPED_MODEL, Settings
from training.data.catalogue import CATALOGUE, REPORTED

FILE = "README.md"
ABSENT = "not measured"
UNKNOWN = "not recorded"
UNMEASURED = "unmeasured"
"""Where a manifest's metrics keep what could not be measured: `name` and `reason` of each."""
LANGUAGES = {"en": "English", "zh": "Chinese"}
BASES = {
    "all-MiniLM-L6-v2": ("sentence-transformers/all-MiniLM-L6-v2", "Apache-2.0"),
    "multilingual-e5-small": ("intfloat/multilingual-e5-small", "MIT"),
}
"""Published checkpoints by a part of their name: what the Hub calls them and their licence."""
PUBLISHED = [name for name, _ in BASES.values()]
FAIRNESS = ("race", "religion", "nationality", "gender", "orientation")
LEAST_SLICE = 30  # rows: fewer say nothing
WORST = 5

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


def locate(settings: Settings, name: str) -> Path:
    """The folder of a version: `name` itself, one of the store's, or the shipped one. Raises BadVersion."""
    stored = settings.versions_dir / name
    for folder in (Path(name), stored, SHIPPED_MODEL):
        if (folder / manifests.FILE).is_file() and (folder != SHIPPED_MODEL or manifests.read(folder).id == name):
            return folder
    raise BadVersion(f"{name!r} is neither a version's folder nor the id of a version in {settings.versions_dir}")


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
        _experts(manifest),
        "## Data",
        *_data(manifest),
        "## Licences",
        *_licences(manifest),
        "## Training",
        *_training(manifest),
        "## Figures",
        *_figures(manifest),
        "## Behaviours",
        *_behaviours(manifest),
        "## 8 bit against the unquantised model",
        *_agreement(manifest),
        "## Calibration",
        *_calibration(manifest),
        "## Limits and bias",
        *_weakest(manifest),
        LIMITS,
    ]
    return "\n\n".join(parts) + "\n"


def front_matter(manifest: Manifest) -> str:
    """YAML for the Hub: only what it can resolve, so bases and data sets by their Hub ids."""
    bases = [base_of(manifest, language)[0] for language in manifest.experts]
    hubs = [hub for name in _trained_on(manifest) for hub in _hubs(name)]
    return ModelCardData(
        model_name=f"attune-{manifest.id}",
        language=sorted(manifest.experts),
        license="apache-2.0",
        base_model=[base for base in dict.fromkeys(bases) if base in PUBLISHED] or None,
        datasets=list(dict.fromkeys(hubs)) or None,
        metrics=["accuracy", "f1"],
        pipeline_tag="text-classification",
        tags=["sentiment-analysis", "customer-service"],
        eval_results=_results(manifest) or None,
    ).to_yaml()


def _hubs(name: str) -> list[str]:
    return CATALOGUE[name].hub.split(", ") if name in CATALOGUE and CATALOGUE[name].hub else []


def _results(manifest: Manifest) -> list[EvalResult]:
    return [
        EvalResult(
            task_type="text-classification",
            dataset_name=f"{name}, test rows",
            dataset_type=name,
            metric_type=kind,
            metric_value=round(measured[key], 4),
        )
        for name, measured in _measured(manifest).items()
        for kind, key in (("accuracy", "accuracy"), ("f1", "macro_f1"))
        if key in measured
    ]


def base_of(manifest: Manifest, language: str) -> tuple[str, str]:
    """(name, licence) of what an expert was made from: the base it needs, else the one its training names."""
    expert, told = manifest.experts[language], _of(manifest, manifest.training, language)
    name = expert.base.name if expert.base else str(told.get("base") or UNKNOWN)
    known = next((found for part, found in BASES.items() if part in name), None)
    return known or (name, UNKNOWN)


def _of(manifest: Manifest, told: dict, language: str) -> dict:
    """An expert's part of `data` or `training`: a combined version keeps them by language."""
    if told and set(told) <= set(LANGUAGES):
        return told.get(language, {})
    return told


def _requests(manifest: Manifest, language: str) -> list[str]:
    return list(_of(manifest, manifest.data, language).get("corpora", {}))


def _trained_on(manifest: Manifest) -> list[str]:
    """Names of the corpora, without the number of rows that was asked for."""
    requests = [request for language in manifest.experts for request in _requests(manifest, language)]
    return list(dict.fromkeys(request.partition("=")[0] for request in requests))


def _measured(manifest: Manifest) -> dict[str, dict]:
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


def table(headings: list[str], rows: list[list[str]], numbers: Collection[int] = ()) -> str:
    """A Markdown table; the columns in `numbers` are set to the right."""
    rules = ["---:" if place in numbers else "---" for place in range(len(headings))]
    lines = [headings, rules, *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: str) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def percent(value: float | None) -> str:
    return ABSENT if value is None else f"{100 * value:.1f} %"


def decimal(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.3f}"


def megabytes(value: int | None) -> str:
    return ABSENT if value is None else f"{value / 1e6:.1f} MB"


def _identity(manifest: Manifest) -> str:
    parent = f"made from `{manifest.parent}` with {manifest.corrections:,} corrections" if manifest.parent else ""
    return f"Version `{manifest.id}`, {parent or 'trained from the bases named below'}, {manifest.created}."


def _experts(manifest: Manifest) -> str:
    described = [_expert(manifest, language, expert) for language, expert in manifest.experts.items()]
    rows = [[name, *(column[name] for column in described)] for name in described[0]]
    return table(["", *(LANGUAGES[language] for language in manifest.experts)], rows, (1, 2))


def _expert(manifest: Manifest, language: str, expert: Expert) -> dict[str, str]:
    size = manifest.metrics.get(f"size {language}", {})
    bias = ", ".join(f"{label} {value:+.3f}" for label, value in zip(manifest.labels, expert.bias, strict=True))
    return {
        "made from": base_of(manifest, language)[0],
        "base needed beside it": expert.base.name if expert.base else "none: it brings all its weights",
        "layers": f"{size['layers']}" if "layers" in size else ABSENT,
        "layers in fp32 when served": str(expert.serving.float_layers),
        "parameters": f"{size['parameters']:,}" if "parameters" in size else ABSENT,
        "size in git": megabytes(size.get("git_bytes")),
        "size of the file that serves": megabytes(size.get("serving_bytes")),
        "longest text, in tokens": str(expert.max_tokens),
        "temperature": decimal(expert.temperature),
        "bias": bias,
    }


def _data(manifest: Manifest) -> list[str]:
    parts = []
    for language in manifest.experts:
        told = _of(manifest, manifest.data, language)
        parts.append(f"### {LANGUAGES[language]}")
        sources = [[request, origin] for request, origin in told.get("corpora", {}).items()]
        parts.append(table(["corpus", "origin"], sources) if sources else f"Corpora: {UNKNOWN}.")
        steps = told.get("steps", [])
        rows = [[step["name"], f"{step['kept']:,}", f"{step['dropped']:,}", step["why"]] for step in steps]
        parts.append(
            table(["preparation", "kept", "dropped", "why"], rows, (1, 2)) if rows else f"Preparation: {UNKNOWN}."
        )
    return [*parts, *_corrections(manifest)]


def _corrections(manifest: Manifest) -> list[str]:
    """What a retrained version's manifest says of its corrections, and how it was judged."""
    if not manifest.parent:
        return []
    learned, held = manifest.data.get("corrections", {}), manifest.data.get("held_back", UNKNOWN)
    shares = ", ".join(f"{LANGUAGES.get(name, name)} {count:,}" for name, count in learned.items()) or UNKNOWN
    verdict = manifest.verdict.get("reason", UNKNOWN)
    return [
        f"Learned from corrections: {shares}; held back to judge by: {held}. The judge said: {verdict}. What was "
        "learned before is in the card of the version that it started from."
    ]


def _licences(manifest: Manifest) -> list[str]:
    names = _trained_on(manifest)
    rows = [[f"data: {name}", _licence(name)] for name in names]
    bases = dict.fromkeys(base_of(manifest, language) for language in manifest.experts)
    rows += [[f"weights: {name}", licence] for name, licence in bases]
    rows.append(["weights: what this project trained", "Apache-2.0"])
    parts = [table(["what", "licence"], rows)]
    closed = [name for name in names if "BY-NC" in _licence(name)]
    if closed:
        parts.append(
            f"**Non-commercial data.** The texts of {', '.join(closed)} are published for non-commercial use. Whether "
            "weights trained on them are bound by that is not settled law; whoever uses this model commercially should "
            "decide with that in mind, or train another on data of their own."
        )
    return parts


def _licence(name: str) -> str:
    if name in CATALOGUE:
        return CATALOGUE[name].licence
    # Rows made from this project's own templates are in no catalogue.
    return "Apache-2.0" if name.startswith("behaviours-") else UNKNOWN


def _training(manifest: Manifest) -> list[str]:
    parts = []
    for language in manifest.experts:
        told = _of(manifest, manifest.training, language)
        minutes = f"{told['seconds'] / 60:,.0f}" if "seconds" in told else None
        rows = [
            ["rows", _told(told.get("rows"))],
            ["hardware", _told(told.get("machine"))],
            ["minutes", _told(minutes)],
            ["packages", _told(told.get("packages"))],
        ]
        if not told.get("stages"):
            rows += _flat(told.get("recipe") or {"recipe": UNKNOWN})
        rows += _flat({name: value for name, value in told.items() if name not in TOLD})
        parts += [f"### {LANGUAGES[language]}", table(["training", ""], rows)]
        parts += _stages(told["stages"]) if told.get("stages") else []
    return parts


TOLD = ("rows", "base", "machine", "seconds", "packages", "recipe", "history", "stages")
"""What a manifest's `training` has that a card tells in its own way, or, as the history of losses, not at all."""


def _stages(stages: list[dict]) -> list[str]:
    """The runs that led to a version, side by side; what is the same in all of them is said as well."""
    columns = [dict(_flat(_stage(stage))) for stage in stages]
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [[name, *(column.get(name, ABSENT_HERE) for column in columns)] for name in names]
    return [table(["", *(f"run {number}" for number in range(1, len(stages) + 1))], rows)]


ABSENT_HERE = "–"


def _stage(stage: dict) -> dict:
    told = {"corpora": ", ".join(stage["corpora"]), "rows": f"{stage['rows']:,}"}
    return told | {"minutes": f"{stage['seconds'] / 60:,.0f}"} | stage["options"] | stage["recipe"]


def _told(value: dict | str | int | None) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return UNKNOWN if value is None else str(value)


def _flat(told: dict, before: str = "") -> list[list[str]]:
    """A nested dictionary as rows of name and value."""
    rows = []
    for name, value in told.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{before}{name}.")
        elif not (isinstance(value, list) and value and isinstance(value[0], dict)):
            rows.append([f"{before}{name}".replace("_", " "), str(value)])
    return rows


def _figures(manifest: Manifest) -> list[str]:
    explained = """\
Accuracy is the share of right labels; macro-F1 counts each label the same; ECE is the mean distance between the stated
probability and the share that was right. Where a corpus has no neutral label, negative is measured against positive,
and the share that would have been answered neutral stands beside it. Routing: of N negative messages, the share met in
the first N when the most negative are read first."""
    known = {name: language for language, names in REPORTED.items() for name in names}
    found = _measured(manifest)
    rows = [_figure_row(name, measured) for name, measured in found.items()]
    for name, language in known.items():
        if name not in found:
            rows.append([name, _reason(manifest, f"{name} test", language), *[ABSENT] * 5])
    headings = ["test rows of", "rows", "accuracy", "macro-F1", "ECE (95 % interval)", "answered neutral", "routing"]
    return [explained, table(headings, rows, range(1, 7)), _slice_table(found)]


def _slice_table(found: dict[str, dict]) -> str:
    rows = [[name, part, *_quality(each)] for name, whole in found.items() for part, each in _slices(whole).items()]
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


def _slices(measured: dict) -> dict[str, dict]:
    """The slices that are a part of the rows, not all of them over again."""
    return {name: part for name, part in measured.get("slices", {}).items() if part["rows"] != measured["rows"]}


def _suites(manifest: Manifest) -> dict[str, dict]:
    return {language: manifest.metrics.get(f"behaviours {language}", {}) for language in LANGUAGES}


def _capabilities(suite: dict) -> dict[str, dict]:
    return {name: part for name, part in suite.items() if isinstance(part, dict)}


def _behaviours(manifest: Manifest) -> list[str]:
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


def _agreement(manifest: Manifest) -> list[str]:
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


def _calibration(manifest: Manifest) -> list[str]:
    intro = """\
Probabilities are softmax(logits / temperature + bias), fitted on validation rows by the file that serves; temperature
and bias are in the table of the experts. Expected calibration error on test rows:"""
    found = [f"- {name}: {_calibration_error(measured)}" for name, measured in _measured(manifest).items()]
    return [intro, "\n".join(found) or f"- {ABSENT}"]


def _weakest(manifest: Manifest) -> list[str]:
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
    for name, measured in _measured(manifest).items():
        if name not in CATALOGUE or language in CATALOGUE[name].languages:
            parts = {name: measured} | {f"{name}, {part}": value for part, value in _slices(measured).items()}
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
