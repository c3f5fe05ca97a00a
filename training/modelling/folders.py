"""Folders of a run: the work folder, from which it resumes, and the output folder, written as a draft first."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch

from training.data.rows import BadRequest
from training.modelling.recipe import BadRun

REQUEST_FILE = "request.json"


def open_run_folder(work: Path, request: dict[str, Any]) -> None:
    """Create the folder for a run, or resume in it. Raises BadRun if it belongs to a run with another request."""
    file, content = work / REQUEST_FILE, json.dumps(request, sort_keys=True, indent=1)
    if file.is_file() and file.read_text(encoding="utf-8") != content:
        raise BadRun(f"{work} belongs to a run with other options; delete it, or choose another --out")
    work.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")


def last_checkpoint(work: Path) -> str | None:
    """The last complete checkpoint in a run's folder; the Trainer writes its state last."""
    complete = [folder for folder in work.glob("checkpoint-*") if _is_json(folder / "trainer_state.json")]
    return str(max(complete, key=lambda folder: int(folder.name.split("-")[1]))) if complete else None


def _is_json(file: Path) -> bool:
    try:
        return bool(json.loads(file.read_bytes()))
    except (OSError, ValueError):
        return False


def delete_run_folder(work: Path) -> None:
    """Delete a work folder, if it exists."""
    shutil.rmtree(work, ignore_errors=True)


def check_new_folder(out: Path) -> None:
    """Raises BadRequest if the folder has content that would be overwritten."""
    if out.exists() and any(out.iterdir()):
        raise BadRequest(f"--out {out} is not empty; name a new or empty folder")


def new_draft(out: Path) -> Path:
    """The path beside `out` where its content is written until it is complete; an earlier draft is deleted."""
    draft = out.with_name(f".{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    return draft


def move_into_place(draft: Path, out: Path) -> None:
    """Give a finished draft its final name; `out` must not exist, or be empty."""
    if out.exists():
        out.rmdir()
    draft.rename(out)


def machine() -> dict[str, Any]:
    """The hardware and the PyTorch version of this run."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {"cpus": os.cpu_count(), "gpu": gpu, "torch": torch.__version__}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a record of a run, indented for readers."""
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
