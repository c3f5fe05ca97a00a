"""Sections of the model card on the origin of a version: experts, data, licences and training runs."""

from typing import Any

from product.codes import Reason
from product.inference.manifest import Expert, Manifest
from product.texts import texts
from product.texts.rendering import reasons
from training.data.catalogue import CATALOGUE
from training.release.card.tables import NOT_APPLICABLE, NOT_MEASURED, NOT_RECORDED, decimal, megabytes, table

LANGUAGES = {"en": "English", "zh": "Chinese"}
BASES = {
    "all-MiniLM-L6-v2": ("sentence-transformers/all-MiniLM-L6-v2", "Apache-2.0"),
    "multilingual-e5-small": ("intfloat/multilingual-e5-small", "MIT"),
}
"""Hub id and licence of the published checkpoints, by a part of their name."""
PUBLISHED_BASES = [name for name, _ in BASES.values()]
SEPARATE_FIELDS = ("rows", "base", "machine", "seconds", "packages", "recipe", "history", "stages")
"""Fields of a manifest's `training` that the card shows elsewhere or, like the history of losses, leaves out."""


def base_model(manifest: Manifest, language: str) -> tuple[str, str]:
    """Name and licence of the model that an expert was trained from."""
    expert, training = manifest.experts[language], _part(manifest.training, language)
    name = expert.base.name if expert.base else str(training.get("base") or NOT_RECORDED)
    known = next((base for part, base in BASES.items() if part in name), None)
    return known or (name, NOT_RECORDED)


def trained_corpora(manifest: Manifest, language: str = "") -> list[str]:
    """The corpora that an expert was trained on, or all experts if `language` is empty; without the numbers of rows."""
    languages = [language] if language else manifest.experts
    requests = [request for name in languages for request in _part(manifest.data, name).get("corpora", {})]
    return list(dict.fromkeys(request.partition("=")[0] for request in requests))


def hub_ids(corpus: str) -> list[str]:
    """The data sets on the Hugging Face Hub that a corpus comes from."""
    return CATALOGUE[corpus].hub.split(", ") if corpus in CATALOGUE and CATALOGUE[corpus].hub else []


def corpus_languages(corpus: str) -> tuple[str, ...]:
    """Language codes of a corpus; empty if the catalogue does not have it."""
    return tuple(CATALOGUE[corpus].languages) if corpus in CATALOGUE else ()


def non_commercial(corpora: list[str]) -> list[str]:
    """Those of the corpora whose texts are published for non-commercial use."""
    return [name for name in corpora if "BY-NC" in _licence(name)]


def experts_section(manifest: Manifest) -> list[str]:
    columns = [_expert_column(manifest, language, expert) for language, expert in manifest.experts.items()]
    rows = [[name, *(column[name] for column in columns)] for name in columns[0]]
    return [table(["", *(LANGUAGES[language] for language in manifest.experts)], rows, (1, 2))]


def _expert_column(manifest: Manifest, language: str, expert: Expert) -> dict[str, str]:
    size = manifest.metrics.get(f"size {language}", {})
    bias = ", ".join(f"{label} {value:+.3f}" for label, value in zip(manifest.labels, expert.bias, strict=True))
    return {
        "base model": base_model(manifest, language)[0],
        "base model needed to load it": expert.base.name if expert.base else "none; all weights are included",
        "layers": f"{size['layers']}" if "layers" in size else NOT_MEASURED,
        "layers in fp32 when serving": str(expert.serving.float_layers),
        "parameters": f"{size['parameters']:,}" if "parameters" in size else NOT_MEASURED,
        "size in git": megabytes(size.get("git_bytes")),
        "size of the serving file": megabytes(size.get("serving_bytes")),
        "maximum length in tokens": str(expert.max_tokens),
        "temperature": decimal(expert.temperature),
        "bias": bias,
    }


def data_section(manifest: Manifest) -> list[str]:
    parts = []
    for language in manifest.experts:
        data = _part(manifest.data, language)
        parts += [f"### {LANGUAGES[language]}", _corpus_table(data), *_step_table(data)]
    return [*parts, *_corrections(manifest)]


def _corpus_table(data: dict[str, Any]) -> str:
    origins = [[request, origin] for request, origin in data.get("corpora", {}).items()]
    return table(["corpus", "origin"], origins) if origins else f"Corpora: {NOT_RECORDED}."


def _step_table(data: dict[str, Any]) -> list[str]:
    """The preparation steps, folded, because a version of several runs has hundreds of them."""
    steps = data.get("steps", [])
    if not steps:
        return [f"Preparation: {NOT_RECORDED}."]
    rows = [[step["name"], f"{step['kept']:,}", f"{step['dropped']:,}", step["why"]] for step in steps]
    heading = f"<details>\n<summary>Data preparation, {len(rows)} steps over all runs</summary>"
    return [heading, table(["step", "kept", "dropped", "reason"], rows, (1, 2)), "</details>"]


def _corrections(manifest: Manifest) -> list[str]:
    """For a retrained version: how many corrections it learned from, and how it was evaluated."""
    if not manifest.parent:
        return []
    learned, holdout = manifest.data.get("corrections", {}), _holdout(manifest.data)
    counts = ", ".join(f"{LANGUAGES.get(name, name)} {count:,}" for name, count in learned.items()) or NOT_RECORDED
    return [
        f"Corrections used for training: {counts}. Corrections in the holdout: {holdout}. Gate verdict: "
        f"{_verdict(manifest)} The card of the parent version describes its earlier training."
    ]


def _holdout(data: dict[str, Any]) -> int | str:
    """The number of corrections in the holdout; manifests of earlier versions call it `held_back`."""
    count: int | str = data.get("holdout", data.get("held_back", NOT_RECORDED))
    return count


def _verdict(manifest: Manifest) -> str:
    """The reasons of the gate's decision, in English sentences."""
    found = [Reason.from_dict(reason) for reason in manifest.verdict.get("reasons", [])]
    return reasons(found, texts("en")) if found else f"{NOT_RECORDED}."


def licences_section(manifest: Manifest) -> list[str]:
    corpora = trained_corpora(manifest)
    rows = [[f"data: {name}", _licence(name)] for name in corpora]
    bases = dict.fromkeys(base_model(manifest, language) for language in manifest.experts)
    rows += [[f"weights: {name}", licence] for name, licence in bases]
    rows.append(["weights: what this project trained", "Apache-2.0"])
    parts = [table(["what", "licence"], rows)]
    restricted = non_commercial(corpora)
    if restricted:
        parts.append(
            f"**Non-commercial data.** The texts of {', '.join(restricted)} are published for non-commercial use. "
            "Whether this binds weights trained on them is not settled law. Take this into account before commercial "
            "use, or train a model on your own data."
        )
    return parts


def _licence(corpus: str) -> str:
    return CATALOGUE[corpus].licence if corpus in CATALOGUE else NOT_RECORDED


def training_section(manifest: Manifest) -> list[str]:
    parts = []
    for language in manifest.experts:
        training = _part(manifest.training, language)
        parts += [f"### {LANGUAGES[language]}", table(["training", ""], _training_rows(training))]
        parts += _run_table(training["stages"]) if training.get("stages") else []
    return parts


def _training_rows(training: dict[str, Any]) -> list[list[str]]:
    minutes = f"{training['seconds'] / 60:,.0f}" if "seconds" in training else None
    rows = [
        ["rows", _display(training.get("rows"))],
        ["hardware", _display(training.get("machine"))],
        ["minutes", _display(minutes)],
        ["packages", _display(training.get("packages"))],
    ]
    if not training.get("stages"):
        rows += _flatten(training.get("recipe") or {"recipe": NOT_RECORDED})
    return rows + _flatten({name: value for name, value in training.items() if name not in SEPARATE_FIELDS})


def _run_table(stages: list[dict[str, Any]]) -> list[str]:
    """The runs that led to a version, side by side, with their settings."""
    columns = [dict(_flatten(_run_column(stage))) for stage in stages]
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [[name, *(column.get(name, NOT_APPLICABLE) for column in columns)] for name in names]
    return [table(["", *(f"run {number}" for number in range(1, len(stages) + 1))], rows)]


def _run_column(stage: dict[str, Any]) -> dict[str, Any]:
    size = {"corpora": ", ".join(stage["corpora"]), "rows": f"{stage['rows']:,}"}
    minutes = f"{stage['seconds'] / 60:,.0f}"
    return {**size, "minutes": minutes, **stage["options"], **stage["recipe"]}


def _part(content: dict[str, Any], language: str) -> dict[str, Any]:
    """One expert's part of a manifest's `data` or `training`; combined versions keep a part for each language."""
    if content and set(content) <= set(LANGUAGES):
        return dict(content.get(language, {}))
    return content


def _display(value: dict[str, Any] | str | int | None) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return NOT_RECORDED if value is None else str(value)


def _flatten(content: dict[str, Any], prefix: str = "") -> list[list[str]]:
    """A nested dictionary as rows of name and value; lists of dictionaries are left out."""
    rows = []
    for name, value in content.items():
        if isinstance(value, dict):
            rows += _flatten(value, f"{prefix}{name}.")
        elif not (isinstance(value, list) and value and isinstance(value[0], dict)):
            rows.append([f"{prefix}{name}".replace("_", " "), str(value)])
    return rows
