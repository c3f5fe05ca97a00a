"""Compare models in any form (checkpoint, packed checkpoint, version) as their int8 exports serve."""

import logging
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from product.inference import checkpoint, export, packing
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.backends.onnx_int8 import OnnxInt8
from product.inference.text.encoding import TextEncoder
from training.compression.checkpoints import CHECKPOINT_FILES
from training.data.rows import BadRequest, Row
from training.evaluation.metrics import are_polar, score_metrics, targets
from training.modelling.packaging import MAX_TOKENS

log = logging.getLogger(__name__)

TIMED_TEXTS, ROUNDS = 256, 3
MEGABYTE = 1e6


@dataclass(frozen=True)
class ComparedModel:
    """A model as it serves. `stored` is the size of its weights and tokenizer, `serving` of its exports, in bytes.

    `layers` and `vocabulary` list the encoder layers and the pieces of each expert.
    """

    name: str
    scorer: models.Expert | models.Model
    layers: list[int]
    vocabulary: list[int]
    stored: int
    serving: int


def compare_models(folders: list[Path], data: dict[str, list[Row]], base_setting: str) -> list[dict[str, str]]:
    """A table row for each folder: sizes, accuracy on each data set, and speed relative to the first folder.

    Raises BadRequest, BadVersion, BadBase.
    """
    table, first_speed = [], 0.0
    texts = [row.text for row in next(iter(data.values()))][:TIMED_TEXTS]
    for folder in folders:
        with tempfile.TemporaryDirectory() as work:
            model = load_for_comparison(folder, Path(work), base_setting)
            accuracy = {name: f"{100 * accuracy_on(model, rows):.1f} %" for name, rows in data.items()}
            speed = messages_per_second(model, texts)
        first_speed = first_speed or speed
        table.append(
            {
                "model": model.name,
                "layers": "+".join(map(str, model.layers)),
                "vocabulary": "+".join(f"{count:,}" for count in model.vocabulary),
                "on disk": f"{model.stored / MEGABYTE:.1f} MB",
                "int8 export": f"{model.serving / MEGABYTE:.1f} MB",
                **accuracy,
                "speed": f"{speed / first_speed:.2f}",
            }
        )
    return table


def load_for_comparison(folder: Path, work: Path, base_setting: str) -> ComparedModel:
    """Load the model in a folder; a checkpoint is first exported to `work`. Raises BadRequest, BadVersion, BadBase."""
    if (folder / manifests.FILE).is_file():
        return _version(folder, base_setting)
    missing = next((name for name in CHECKPOINT_FILES if not (folder / name).is_file()), "")
    if missing and not (packing.is_packed(folder) and missing == "model.safetensors"):
        raise BadRequest(
            f"--model {folder}: {missing} is missing; a version has {manifests.FILE}, a checkpoint has "
            f"{', '.join(CHECKPOINT_FILES)}, a packed checkpoint has {packing.FILE} instead of the weights"
        )
    return _checkpoint(folder, work, base_setting)


def _checkpoint(folder: Path, work: Path, base_setting: str) -> ComparedModel:
    log.info("exporting %s", folder.name)
    base = None
    if packing.is_packed(folder) and packing.needs_base(folder):
        base = checkpoint.locate_base(base_setting)
    model, file = checkpoint.assemble(base, [folder]), work / "model.onnx"
    export.export_int8(model, file)
    encoder = TextEncoder(folder / models.TOKENIZER_FILE, min(MAX_TOKENS, model.config.max_position_embeddings))
    names = (*CHECKPOINT_FILES, packing.FILE)
    return ComparedModel(
        name=folder.name,
        scorer=models.Expert(encoder, OnnxInt8(file)),
        layers=[model.config.num_hidden_layers],
        vocabulary=[model.config.vocab_size],
        stored=sum((folder / name).stat().st_size for name in names if (folder / name).is_file()),
        serving=file.stat().st_size,
    )


def _version(folder: Path, base_setting: str) -> ComparedModel:
    model, manifest = models.load(folder, base_setting=base_setting), manifests.read(folder)
    experts = manifest.experts
    configs = [checkpoint.load_expert(folder, manifest, name, base_setting).config for name in experts]
    parts = [folder / part for expert in experts.values() for part in expert.parts]
    stored = [file for part in parts for file in part.iterdir()]
    stored += [folder / expert.tokenizer for expert in experts.values()]
    return ComparedModel(
        name=manifest.id,
        scorer=model,
        layers=[config.num_hidden_layers for config in configs],
        vocabulary=[config.vocab_size for config in configs],
        stored=sum(file.stat().st_size for file in stored),
        serving=sum((folder / expert.serving.file).stat().st_size for expert in experts.values()),
    )


def accuracy_on(model: ComparedModel, rows: list[Row]) -> float:
    """The accuracy, 0 to 1; over negative and positive only if the rows have no other label."""
    scores = model.scorer.probabilities([row.text for row in rows])
    return float(score_metrics(scores, targets(rows), are_polar(rows))["accuracy"])


def messages_per_second(model: ComparedModel, texts: list[str]) -> float:
    """The speed of the fastest of ROUNDS rounds, because other load on the machine can only slow a round down."""
    model.scorer.probabilities(texts[:8])
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        model.scorer.probabilities(texts)
        seconds.append(time.perf_counter() - started)
    return len(texts) / min(seconds)
