"""From adapters to a version folder that can serve: merged, exported, calibrated on what serves, canaries, manifest."""

import importlib.metadata
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from product import manifest as manifests
from product.inference import checkpoint, export
from product.inference import model as models
from product.inference.model import Model
from product.manifest import Canary, Manifest, Serving
from product.sentiment import LABELS
from training.calibrate import fit_calibration
from training.corpora import Row
from training.evaluate import targets

MAX_TOKENS = 256
PACKAGES = ("torch", "transformers", "peft", "onnx", "onnxruntime", "tokenizers")

# Read at every load: what they score says whether a machine computes what the judge saw. Of all three labels, short
# and long, and near a border, where a wrong weight shows first.
CANARY_TEXTS = (
    "Thank you so much, the new card came within two days and it works.",
    "This is the third week without internet and nobody calls back.",
    "Which documents do I need to change the name on my contract?",
    "The parcel came a day late, but the driver was very kind about it.",
    "ok",
    "I wrote to you on Monday about the invoice. It shows two nights, I stayed one. Please correct it and send me a "
    "new one by Friday, my employer needs it for the expense report.",
)


def build(
    draft: Path, *, id: str, base: Path, adapters: list[str], validation: list[Row], details: dict, say: Callable
) -> Manifest:
    """Complete the version whose adapter folders lie in `draft`; `details` are further fields of its manifest.

    Temperature and biases are fitted on `validation` by the exported file: quantisation moves confidences too.
    """
    say("exporting the merged model and quantising it to int8")
    shutil.copy(base / models.TOKENIZER_FILE, draft / models.TOKENIZER_FILE)
    merged = checkpoint.assemble(base, [draft / adapter for adapter in adapters])
    export.export_int8(merged, draft / "model.onnx")
    digest = manifests.sha256(draft / "model.onnx")
    manifest = Manifest(
        id=id,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        base={"name": checkpoint.HUB_ID, "sha256": manifests.sha256(base / "model.safetensors")},
        adapters=adapters,
        labels=list(LABELS),
        max_tokens=MAX_TOKENS,
        temperature=1.0,
        bias=[0.0] * len(LABELS),
        serving=Serving(sha256=digest, evaluated_sha256=digest),
        canaries=[],
        **details,
    )
    say(f"calibrating on {len(validation):,} validation rows")
    raw = unproven(manifests.write(draft, manifest), draft)
    temperature, bias = fit_calibration(raw.logits([row.text for row in validation]), targets(validation))
    manifest = manifest.model_copy(update={"temperature": temperature, "bias": bias})
    calibrated = unproven(manifest, draft)
    scores = calibrated.probabilities(list(CANARY_TEXTS)).round(6).tolist()
    canaries = [Canary(text=text, scores=row) for text, row in zip(CANARY_TEXTS, scores, strict=True)]
    return manifests.write(draft, manifest.model_copy(update={"canaries": canaries}))


def unproven(manifest: Manifest, folder: Path) -> Model:
    """A model that is still being built, without the checks that a finished one must pass."""
    encoder = models.TextEncoder(folder / models.TOKENIZER_FILE, manifest.max_tokens)
    return Model(
        manifest.id, encoder, models.backends.load("onnx-int8", folder), manifest.temperature, tuple(manifest.bias)
    )


def package_versions() -> dict[str, str]:
    return {package: importlib.metadata.version(package) for package in PACKAGES}
