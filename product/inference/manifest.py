"""The manifest of a version folder: its experts, its evaluation, and the hash of every file in the folder.

The manifest is written last: a folder that has one is complete.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from product.sentiment import AttuneError

FILE = "manifest.json"
Language = Annotated[str, Field(pattern=r"^(en|zh)$")]


class BadVersion(AttuneError):
    """A version folder is incomplete, damaged, or its scores differ from the evaluated ones; the message says which."""


class Base(BaseModel):
    """The published checkpoint that an expert's parts build on, and the SHA-256 of its weights."""

    name: str
    sha256: str


class Serving(BaseModel):
    """The exported file that serves and its SHA-256.

    `evaluated_sha256` is the hash of the export that was evaluated; `float_layers` counts the layers left in fp32.
    """

    file: str
    sha256: str
    evaluated_sha256: str
    float_layers: int = 2


class Expert(BaseModel):
    """The model of one language. Paths are relative to the version's folder.

    `parts` are folders, applied in order: adapters, full checkpoints or packed checkpoints. Without a `base` the
    first part has all weights.
    """

    model_config = ConfigDict(extra="forbid")

    base: Base | None
    parts: list[str]
    tokenizer: str
    max_tokens: int
    temperature: float = Field(gt=0)
    bias: list[float] = Field(min_length=3, max_length=3)
    serving: Serving
    long_text_head: list[list[float]] | None = None
    """Weights [3, features + 1] of the head that reads long texts in windows; without it, they are read once."""


class Canary(BaseModel):
    """A text, and the scores that the evaluated model gave it, in the order of the labels."""

    text: str
    scores: list[float]


class Manifest(BaseModel):
    """Describes a version: an expert for each language, and how it was trained and evaluated."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")
    parent: str | None = None
    created: str
    experts: dict[Language, Expert] = Field(min_length=1)
    labels: list[str]
    corrections: int = 0
    canaries: list[Canary]
    metrics: dict[str, Any] = Field(default_factory=dict)
    verdict: dict[str, Any] = Field(default_factory=dict)
    data: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _with_experts(cls, content: Any) -> Any:
        """Read a manifest from before there were experts: the version is one English expert, without a subfolder."""
        if not isinstance(content, dict) or "experts" in content or "adapters" not in content:
            return content
        expert = {name: content[name] for name in ("base", "max_tokens", "temperature", "bias", "serving")}
        english = expert | {"parts": content["adapters"], "tokenizer": "tokenizer.json"}
        rest = {name: value for name, value in content.items() if name not in expert and name != "adapters"}
        return rest | {"experts": {"en": english}}


def sha256(path: Path) -> str:
    """The SHA-256 of a file as 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read(folder: Path) -> Manifest:
    """The manifest in a version folder. Raises BadVersion when it is missing or not valid."""
    path = folder / FILE
    if not path.is_file():
        raise BadVersion(f"{folder.name}: {FILE} is missing, so the version is not complete")
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise BadVersion(f"{folder.name}: {FILE} cannot be read: {error}") from None


def verify(folder: Path) -> Manifest:
    """The manifest, after checking the hash of every file it names. Raises BadVersion naming the first that differs."""
    manifest = read(folder)
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BadVersion(f"{folder.name}: {name} lies outside the version's folder")
        if not path.is_file():
            raise BadVersion(f"{folder.name}: {name} is missing")
        if sha256(path) != expected:
            raise BadVersion(f"{folder.name}: {name} is not the file that was evaluated (its SHA-256 differs)")
    return manifest


def write(folder: Path, manifest: Manifest) -> Manifest:
    """Hash every file in the folder, then write the manifest atomically. Returns it with the hashes."""
    present = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != FILE)
    manifest = manifest.model_copy(update={"files": {str(path.relative_to(folder)): sha256(path) for path in present}})
    draft = folder / f".{FILE}.tmp"
    with draft.open("w", encoding="utf-8") as stream:
        json.dump(manifest.model_dump(), stream, ensure_ascii=False, indent=1, sort_keys=True)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    draft.rename(folder / FILE)
    return manifest
