"""A version's manifest: written last, so a folder with one is complete; names the hash of every file beside it."""

import hashlib
import json
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from product.sentiment import AttuneError

FILE = "manifest.json"


class BadVersion(AttuneError):
    """A version folder cannot be trusted; the message says what is wrong with it."""


class Base(BaseModel):
    """The published checkpoint that an expert's parts belong to, and the SHA-256 of its weights."""

    name: str
    sha256: str


class Serving(BaseModel):
    """The exported file that serves, the hash of the one that was evaluated, and how many layers it keeps in fp32."""

    file: str
    sha256: str
    evaluated_sha256: str
    float_layers: int = 2


class Expert(BaseModel):
    """The model of one language. Paths are relative to the version's folder.

    `parts` are folders, put together in their order: adapters, full checkpoints, packed checkpoints. Without a `base`
    the first of them brings all weights.
    """

    model_config = ConfigDict(extra="forbid")

    base: Base | None
    parts: list[str]
    tokenizer: str
    max_tokens: int
    temperature: float = Field(gt=0)
    bias: list[float] = Field(min_length=3, max_length=3)
    serving: Serving


class Canary(BaseModel):
    """A text and the scores the evaluated model gave it, in the order of the labels."""

    text: str
    scores: list[float]


class Manifest(BaseModel):
    """Everything that is known of a version: an expert for each language it has learned, and how it was judged."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")
    parent: str | None = None
    created: str
    experts: dict[Literal["en", "zh"], Expert] = Field(min_length=1)
    labels: list[str]
    corrections: int = 0
    canaries: list[Canary]
    metrics: dict = Field(default_factory=dict)
    verdict: dict = Field(default_factory=dict)
    data: dict = Field(default_factory=dict)
    training: dict = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _with_experts(cls, content):
        """A version of before there were experts is one for English, whose files lie in the version's own folder."""
        if not isinstance(content, dict) or "experts" in content or "adapters" not in content:
            return content
        own = {name: content[name] for name in ("base", "max_tokens", "temperature", "bias", "serving")}
        english = own | {"parts": content["adapters"], "tokenizer": "tokenizer.json"}
        kept = {name: value for name, value in content.items() if name not in own and name != "adapters"}
        return kept | {"experts": {"en": english}}


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read(folder: Path) -> Manifest:
    """Raises BadVersion when the manifest is missing or cannot be understood."""
    path = folder / FILE
    if not path.is_file():
        raise BadVersion(f"{folder.name}: {FILE} is missing, so the version was never completed")
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise BadVersion(f"{folder.name}: {FILE} cannot be read: {error}") from None


def verify(folder: Path) -> Manifest:
    """Compare the hash of every file the manifest names; raises BadVersion naming the first that differs."""
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
    """Hash every file in the folder, then write the manifest, whole or not at all."""
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
