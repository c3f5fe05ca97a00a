"""The runs that led to a checkpoint or a version: recorded beside checkpoints, kept in manifests."""

import json
from dataclasses import asdict
from pathlib import Path

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference.manifest import Manifest
from training.compression.distillation import (
    Teacher,
)
from training.data import catalogue
from training.data.preparation import parse_request
from training.modelling.packaging import package_versions
from training.modelling.run_folder import machine
from training.release.plan import Options, Plan

TRAINED, HISTORY, RESULT_FILE = "trained", "history.json", "result.json"
STAGE_FIELDS = ("corpora", "recipe", "options", "rows", "seconds")
"""What a version's manifest keeps of each run that led to it."""


def run_record(plan: Plan, origins: dict[str, str], seconds: float) -> dict:
    """What a run was: for its result file, and for the manifest of what comes of it. `before` are the runs that made
    the teachers and the start, the earliest first."""
    before = previous_runs(plan.options)
    return {
        "base": before[0]["base"] if before else base_name(plan),
        "corpora": origins,
        "steps": [vars(step) for step in plan.steps],
        "recipe": asdict(plan.recipe),
        "options": {name: _display_name(value) for name, value in vars(plan.options).items() if value},
        "rows": len(plan.rows),
        "seconds": round(seconds, 1),
        "machine": machine(),
        "before": before,
    }


def previous_runs(options: Options) -> list[dict]:
    """The runs behind the teachers and the start, as their result files tell them; none where there is no such file."""
    return recorded_runs([*(one.folder for one in options.teachers), *([options.start] if options.start else [])])


def recorded_runs(folders: list[Path]) -> list[dict]:
    """The runs that led to checkpoints, each once, as the result files beside them tell it."""
    found: list[dict] = []
    for folder in folders:
        if (folder / RESULT_FILE).is_file():
            result = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
            result.pop("history", None)
            # An average of checkpoints is no run: it has only runs before it.
            found += [run for run in [*result.pop("before", []), result] if run and run not in found]
    return found


def base_name(plan: Plan) -> str:
    """How a card calls the model that a run began with: by what its config says, else by its folder."""
    folder = plan.base or plan.options.start
    weights = folder / "model.safetensors"
    if weights.is_file() and manifests.sha256(weights) == checkpoint.BASE_SHA256:
        return checkpoint.HUB_ID
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return config.get("made_from") or folder.name


def _display_name(value: Path | str | int | tuple[Teacher, ...]) -> str:
    """A folder by its name alone: where it lies is of this machine."""
    if isinstance(value, tuple):
        return ", ".join(f"{one.corpus}={one.folder.name}" if one.corpus else one.folder.name for one in value)
    return value.name if isinstance(value, Path) else str(value)


def version_lineage(stages: list[dict]) -> dict:
    """What a manifest keeps of the runs that led to a version, the earliest first."""
    return {
        "data": {
            "corpora": {request: origin for stage in stages for request, origin in stage["corpora"].items()},
            "steps": [step for stage in stages for step in stage["steps"]],
        },
        "training": {
            "base": stages[0]["base"],
            "machine": stages[-1]["machine"],
            "seconds": sum(stage["seconds"] for stage in stages),
            "packages": package_versions(),
            "stages": [{name: stage[name] for name in STAGE_FIELDS} for stage in stages],
        },
    }


def expert_runs(manifest: Manifest, language: str) -> list[dict]:
    """The runs that led to one expert of a version, read back from its manifest; only the last has its steps."""
    training, data = (kept.get(language, kept) for kept in (manifest.training, manifest.data))
    if "stages" not in training:
        return []
    common = {"base": training["base"], "machine": training["machine"], "steps": []}
    stages = [common | stage for stage in training["stages"]]
    return [*stages[:-1], stages[-1] | {"steps": data["steps"]}]


def corpus_origins(requests: list[str]) -> dict[str, str]:
    """Where the rows of each request come from, as a manifest tells it."""
    return {request: catalogue.find(parse_request(request)[0]).origin for request in requests}
