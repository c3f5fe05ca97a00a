"""Sections of the model card on what a version was made of: experts, data, licences, training."""

from product.inference.manifest import Expert, Manifest
from training.data.catalogue import CATALOGUE
from training.release.card.results import LANGUAGES
from training.release.card.tables import ABSENT, UNKNOWN, decimal, megabytes, table

BASES = {
    "all-MiniLM-L6-v2": ("sentence-transformers/all-MiniLM-L6-v2", "Apache-2.0"),
    "multilingual-e5-small": ("intfloat/multilingual-e5-small", "MIT"),
}
"""Published checkpoints by a part of their name: what the Hub calls them and their licence."""
PUBLISHED = [name for name, _ in BASES.values()]


def hub_ids(name: str) -> list[str]:
    return CATALOGUE[name].hub.split(", ") if name in CATALOGUE and CATALOGUE[name].hub else []


def base_of(manifest: Manifest, language: str) -> tuple[str, str]:
    """(name, licence) of what an expert was made from: the base it needs, else the one its training names."""
    expert, told = manifest.experts[language], _language_part(manifest, manifest.training, language)
    name = expert.base.name if expert.base else str(told.get("base") or UNKNOWN)
    known = next((found for part, found in BASES.items() if part in name), None)
    return known or (name, UNKNOWN)


def _language_part(manifest: Manifest, told: dict, language: str) -> dict:
    """An expert's part of `data` or `training`: a combined version keeps them by language."""
    if told and set(told) <= set(LANGUAGES):
        return told.get(language, {})
    return told


def _requests(manifest: Manifest, language: str) -> list[str]:
    return list(_language_part(manifest, manifest.data, language).get("corpora", {}))


def trained_corpora(manifest: Manifest) -> list[str]:
    """Names of the corpora, without the number of rows that was asked for."""
    requests = [request for language in manifest.experts for request in _requests(manifest, language)]
    return list(dict.fromkeys(request.partition("=")[0] for request in requests))


def experts_section(manifest: Manifest) -> str:
    described = [_expert_column(manifest, language, expert) for language, expert in manifest.experts.items()]
    rows = [[name, *(column[name] for column in described)] for name in described[0]]
    return table(["", *(LANGUAGES[language] for language in manifest.experts)], rows, (1, 2))


def _expert_column(manifest: Manifest, language: str, expert: Expert) -> dict[str, str]:
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


def data_section(manifest: Manifest) -> list[str]:
    parts = []
    for language in manifest.experts:
        told = _language_part(manifest, manifest.data, language)
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


def licences_section(manifest: Manifest) -> list[str]:
    names = trained_corpora(manifest)
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


def training_section(manifest: Manifest) -> list[str]:
    parts = []
    for language in manifest.experts:
        told = _language_part(manifest, manifest.training, language)
        minutes = f"{told['seconds'] / 60:,.0f}" if "seconds" in told else None
        rows = [
            ["rows", _display(told.get("rows"))],
            ["hardware", _display(told.get("machine"))],
            ["minutes", _display(minutes)],
            ["packages", _display(told.get("packages"))],
        ]
        if not told.get("stages"):
            rows += _flat(told.get("recipe") or {"recipe": UNKNOWN})
        rows += _flat({name: value for name, value in told.items() if name not in HANDLED_FIELDS})
        parts += [f"### {LANGUAGES[language]}", table(["training", ""], rows)]
        parts += _stages(told["stages"]) if told.get("stages") else []
    return parts


HANDLED_FIELDS = ("rows", "base", "machine", "seconds", "packages", "recipe", "history", "stages")
"""What a manifest's `training` has that a card tells in its own way, or, as the history of losses, not at all."""


def _stages(stages: list[dict]) -> list[str]:
    """The runs that led to a version, side by side; what is the same in all of them is said as well."""
    columns = [dict(_flat(_stage(stage))) for stage in stages]
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [[name, *(column.get(name, NOT_USED) for column in columns)] for name in names]
    return [table(["", *(f"run {number}" for number in range(1, len(stages) + 1))], rows)]


NOT_USED = "–"


def _stage(stage: dict) -> dict:
    told = {"corpora": ", ".join(stage["corpora"]), "rows": f"{stage['rows']:,}"}
    return told | {"minutes": f"{stage['seconds'] / 60:,.0f}"} | stage["options"] | stage["recipe"]


def _display(value: dict | str | int | None) -> str:
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
