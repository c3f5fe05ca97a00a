"""What weeks are compared with: a file of counts, shipped with the model or made from an installation's first weeks."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from product.codes import Reason, ReferenceProblem
from product.drift.counts import BINS, EXPERTS, LANGUAGES, Counts
from product.sentiment import AttuneError

REFERENCE = "reference.json"
"""Beside the shipped model."""
SCHEME = 1
"""Changes with everything that makes older counts incomparable: bins, buckets, the definition of a word."""
ORIGINS = ("training", "traffic")


class BadReference(AttuneError):
    """A reference cannot be used; `reason` says why."""

    def __init__(self, problem: ReferenceProblem, **values: str | int):
        self.reason = Reason(problem, values)
        super().__init__(f"{problem} {values or ''}".strip())


@dataclass(frozen=True)
class Reference:
    """Counts of the messages that weeks are compared with. `model` is the shipped version they belong to.

    Versions retrained from it are compared with it too: the gate makes sure that they predict nearly all messages the
    same. `origin` is `training`, or `traffic` for an installation's first weeks, of which `until` is the last.
    """

    model: str
    origin: str
    counts: Counts
    until: str = ""

    def to_dict(self) -> dict[str, object]:
        # Existing files call the experts `sides`.
        counts = {"language": self.counts.language, "sides": self.counts.experts}
        return {"scheme": SCHEME, "model": self.model, "origin": self.origin, "counts": counts, "until": self.until}


def reference_from(content: dict[str, Any]) -> Reference:
    """The inverse of `Reference.to_dict`. Raises BadReference."""
    try:
        if content["scheme"] != SCHEME:
            raise BadReference(ReferenceProblem.other_scheme, found=content["scheme"], expected=SCHEME)
        counts = Counts(content["counts"]["language"], content["counts"]["sides"])
        shapes = [(counts.language, len(LANGUAGES))]
        shapes += [(counts.experts[expert][name], size) for expert in EXPERTS for name, size in BINS.items()]
        reference = Reference(content["model"], content["origin"], counts, content["until"])
    except (KeyError, TypeError) as error:
        raise BadReference(ReferenceProblem.malformed, error=repr(error)) from None
    if reference.origin not in ORIGINS or not all(_are_counts(bins, size) for bins, size in shapes):
        raise BadReference(ReferenceProblem.invalid_counts)
    return reference


def _are_counts(bins: object, size: int) -> bool:
    return isinstance(bins, list) and len(bins) == size and all(type(count) is int and count >= 0 for count in bins)


def read_reference(path: Path, model: str) -> Reference:
    """Read a file. Raises BadReference if it is missing, unusable or of another model."""
    try:
        reference = reference_from(json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise BadReference(ReferenceProblem.missing) from None
    except (OSError, ValueError) as error:
        raise BadReference(ReferenceProblem.unreadable, error=str(error)) from None
    if reference.model != model:
        raise BadReference(ReferenceProblem.other_model, found=reference.model, expected=model)
    return reference


def write_reference(path: Path, reference: Reference) -> None:
    """Write a file completely or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    draft.write_text(json.dumps(reference.to_dict()) + "\n", encoding="utf-8")
    draft.replace(path)
