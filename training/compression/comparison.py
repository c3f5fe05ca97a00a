"""What a smaller model costs: models of any form side by side, each as its int8 export serves."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from product.inference import checkpoint, export, packing
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.backends.onnx_int8 import OnnxInt8
from product.inference.text import TextEncoder
from training.compression.distillation import CHECKPOINT
from training.data.rows import BadRequest, Row
from training.evaluation.metrics import measures, polar_rows, targets
from training.modelling.packaging import MAX_TOKENS

TIMED, ROUNDS = 256, 3
MEGABYTE = 1e6


@dataclass(frozen=True)
class Subject:
    """A model as it serves. Sizes in bytes: what is kept of it (weights, tokenizer), and the exports that serve.

    `layers` and `vocabulary` have a number for each expert of a version.
    """

    name: str
    reads: models.Expert | models.Model
    layers: list[int]
    vocabulary: list[int]
    kept: int
    serving: int


def compare(folders: list[Path], data: dict[str, list[Row]], base_setting: str, say: Callable) -> list[dict]:
    """A row for each folder, in order; speed as a ratio to the first. Raises BadRequest, BadVersion, BadBase."""
    rows, first = [], 0.0
    texts = [row.text for row in next(iter(data.values()))][:TIMED]
    for folder in folders:
        with tempfile.TemporaryDirectory() as work:
            subject = prepare(folder, Path(work), base_setting, say)
            accuracy = {name: f"{100 * accuracy_on(subject, part):.1f} %" for name, part in data.items()}
            speed = messages_per_second(subject, texts)
        first = first or speed
        rows.append(
            {
                "model": subject.name,
                "layers": "+".join(map(str, subject.layers)),
                "vocabulary": "+".join(f"{count:,}" for count in subject.vocabulary),
                "on disk": f"{subject.kept / MEGABYTE:.1f} MB",
                "int8 export": f"{subject.serving / MEGABYTE:.1f} MB",
                **accuracy,
                "speed": f"{speed / first:.2f}",
            }
        )
    return rows


def prepare(folder: Path, work: Path, base_setting: str, say: Callable) -> Subject:
    """The model in a folder, whichever form it has there; what has no export yet is exported to `work`."""
    if (folder / manifests.FILE).is_file():
        return _version(folder, base_setting)
    lacking = next((name for name in CHECKPOINT if not (folder / name).is_file()), "")
    if lacking and not (packing.is_packed(folder) and lacking == "model.safetensors"):
        raise BadRequest(
            f"--model {folder}: {lacking} is missing; a version has {manifests.FILE}, a checkpoint "
            f"{', '.join(CHECKPOINT)}, a packed one {packing.FILE} in place of the weights"
        )
    say(f"exporting {folder.name}")
    base = None
    if packing.is_packed(folder) and packing.needs_base(folder):
        base = checkpoint.locate_base(base_setting)
    model, file = checkpoint.assemble(base, [folder]), work / "model.onnx"
    export.export_int8(model, file)
    encoder = TextEncoder(folder / models.TOKENIZER_FILE, min(MAX_TOKENS, model.config.max_position_embeddings))
    names = (*CHECKPOINT, packing.FILE)
    return Subject(
        name=folder.name,
        reads=models.Expert(encoder, OnnxInt8(file)),
        layers=[model.config.num_hidden_layers],
        vocabulary=[model.config.vocab_size],
        kept=sum((folder / name).stat().st_size for name in names if (folder / name).is_file()),
        serving=file.stat().st_size,
    )


def _version(folder: Path, base_setting: str) -> Subject:
    served, manifest = models.load(folder, base_setting=base_setting), manifests.read(folder)
    experts = manifest.experts
    configs = [checkpoint.load_expert(folder, manifest, name, base_setting).config for name in experts]
    homes = [folder / part for expert in experts.values() for part in expert.parts]
    kept = [file for home in homes for file in home.iterdir()]
    kept += [folder / expert.tokenizer for expert in experts.values()]
    return Subject(
        name=manifest.id,
        reads=served,
        layers=[config.num_hidden_layers for config in configs],
        vocabulary=[config.vocab_size for config in configs],
        kept=sum(file.stat().st_size for file in kept),
        serving=sum((folder / expert.serving.file).stat().st_size for expert in experts.values()),
    )


def accuracy_on(subject: Subject, rows: list[Row]) -> float:
    """The share of right answers; between negative and positive where the rows have no more."""
    scores = subject.reads.probabilities([row.text for row in rows])
    return measures(scores, targets(rows), polar_rows(rows))["accuracy"]


def messages_per_second(subject: Subject, texts: list[str]) -> float:
    """The best of some rounds: the others were disturbed by something else."""
    subject.reads.probabilities(texts[:8])
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subject.reads.probabilities(texts)
        took.append(time.perf_counter() - started)
    return len(texts) / min(took)
