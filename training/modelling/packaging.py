"""From a base and trained parts to a version folder that can serve: export, calibration, canaries, manifest."""

import importlib.metadata
import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from product.inference import checkpoint, export, smoothing
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.backends.onnx_int8 import OnnxInt8
from product.inference.export import Quantisation
from product.inference.manifest import Base, Canary, Expert, Manifest, Serving
from product.inference.text.encoding import TextEncoder
from product.sentiment import LABELS
from training.data.preparation import subsample
from training.data.rows import Row
from training.modelling.calibration import Calibration, calibrate, fit_long_text_head

log = logging.getLogger(__name__)

MAX_TOKENS = 256
SMOOTHING_ROWS = 200
"""Rows that the activations are measured on."""
PACKAGES = ("torch", "transformers", "peft", "onnx", "onnxruntime", "tokenizers")

# Scored whenever a version is loaded, to check that this machine computes what was evaluated. They cover all three
# labels, short and long texts, and close decisions, where a wrong weight shows first.
CANARY_TEXTS = {
    "en": (
        "Thank you so much, the new card came within two days and it works.",
        "This is the third week without internet and nobody calls back.",
        "Which documents do I need to change the name on my contract?",
        "The parcel came a day late, but the driver was very kind about it.",
        "ok",
        "I wrote to you on Monday about the invoice. It shows two nights, I stayed one. Please correct it and send me "
        "a new one by Friday, my employer needs it for the expense report.",
    ),
    "zh": (
        "非常感谢，新卡两天就寄到了，可以正常使用。",
        "已经第三个星期没有网络了，也没有人回电话。",
        "合同改名需要准备哪些材料？",
        "包裹晚到了一天，不过快递员态度很好。",
        "好的",
        "我周一就发票的事给你们写过信。发票上开了两晚，我只住了一晚。请在周五之前改好重新寄给我，公司报销要用。",
    ),
}


@dataclass(frozen=True)
class ExpertParts:
    """What an expert is assembled from.

    `names`: the part folders, relative to the draft. `base`: the folder of the base they belong to, or None if the
    first part has all weights. `base_name`: a folder or Hub id to find the base again, needed for any base but the
    product's own. `float_layers`: the number of encoder layers that stay in fp32. `long_text_head`: the head to keep,
    if the expert has one already.
    """

    base: Path | None
    names: list[str]
    tokenizer: Path
    base_name: str = ""
    max_tokens: int = MAX_TOKENS
    float_layers: int = export.FLOAT_LAYERS
    long_text_head: list[list[float]] | None = None


def build_expert(
    draft: Path,
    language: str,
    parts: ExpertParts,
    validation: list[Row],
    calibration: Callable[[models.Expert, list[Row]], Calibration] = calibrate,
) -> Expert:
    """Write the tokenizer and the int8 export of an expert whose parts are in `draft`, and calibrate it.

    `calibration` gets the exported expert, because quantisation changes confidences too, and the validation rows, which
    may be empty.
    """
    log.info("%s: exporting the merged model as int8", language)
    (draft / language).mkdir(parents=True, exist_ok=True)
    tokenizer, serving = f"{language}/{models.TOKENIZER_FILE}", f"{language}/model.onnx"
    copy_tokenizer(parts.tokenizer, draft / tokenizer, compact=parts.base is None)
    merged = checkpoint.assemble(parts.base, [draft / name for name in parts.names])
    folders = [draft / name for name in parts.names]
    export.export_int8(merged, draft / serving, Quantisation(parts.float_layers, smoothing.find(folders)))
    digest = manifests.sha256(draft / serving)
    log.info("%s: calibrating on %s validation rows", language, f"{len(validation):,}")
    encoder = TextEncoder(draft / tokenizer, parts.max_tokens)
    temperature, bias = calibration(models.Expert(encoder, OnnxInt8(draft / serving)), validation)
    return Expert(
        base=describe_base(parts.base, parts.base_name),
        parts=parts.names,
        tokenizer=tokenizer,
        max_tokens=parts.max_tokens,
        temperature=temperature,
        bias=list(bias),
        serving=Serving(file=serving, sha256=digest, evaluated_sha256=digest, float_layers=parts.float_layers),
        long_text_head=parts.long_text_head,
    )


def measure_smoothing(draft: Path, parts: ExpertParts, rows: list[Row], strength: float) -> None:
    """Measure the smoothing of an expert whose parts are in `draft`, and store it in the first part.

    `strength`: see `smoothing.measure`.
    """
    merged = checkpoint.assemble(parts.base, [draft / name for name in parts.names])
    graph = export.fused_graph(merged)
    texts = [row.text for row in subsample(rows, SMOOTHING_ROWS, seed=0)]
    encoded = TextEncoder(parts.tokenizer, parts.max_tokens).encode(texts)
    names = export.matrix_products(graph, parts.float_layers)
    found = smoothing.measure(graph, names, [text.ids for text in encoded], strength)
    smoothing.save(found, draft / parts.names[0])


def with_long_text_head(draft: Path, expert: Expert, rows: list[Row]) -> Expert:
    """The exported and calibrated expert in `draft` with a head for long texts that is fitted to rows."""
    encoder = TextEncoder(draft / expert.tokenizer, expert.max_tokens)
    served = models.Expert(encoder, OnnxInt8(draft / expert.serving.file), expert.temperature, tuple(expert.bias))
    return expert.model_copy(update={"long_text_head": fit_long_text_head(served, rows)})


def copy_tokenizer(tokenizer: Path, target: Path, compact: bool) -> None:
    """Copy a tokenizer file; `compact` removes the indentation of its JSON, which is half of its size."""
    if not compact:
        shutil.copy(tokenizer, target)
        return
    content = json.loads(tokenizer.read_text(encoding="utf-8"))
    target.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def describe_base(base: Path | None, name: str) -> Base | None:
    """The base as a manifest records it: the product's own by its Hub id, any other by `name` or its folder."""
    if base is None:
        return None
    digest = manifests.sha256(base / "model.safetensors")
    return Base(name=checkpoint.HUB_ID if digest == checkpoint.BASE_SHA256 else name or str(base), sha256=digest)


def complete_version(draft: Path, id: str, experts: dict[str, Expert], details: dict[str, Any]) -> Manifest:
    """Score the canaries and write the manifest of the version whose experts are in `draft`.

    `details` are further fields of the manifest.
    """
    manifest = Manifest(
        id=id,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        experts=experts,
        labels=list(LABELS),
        canaries=[],
        **details,
    )
    texts = [text for language in experts for text in CANARY_TEXTS[language]]
    scores = models.assemble(draft, manifest).probabilities(texts).round(6).tolist()
    canaries = [Canary(text=text, scores=row) for text, row in zip(texts, scores, strict=True)]
    return manifests.write(draft, manifest.model_copy(update={"canaries": canaries}))


def copy_expert(source: Path, expert: Expert, language: str, draft: Path) -> Expert:
    """Copy an expert of the version in `source` unchanged to `language` in `draft`; its hashes stay the same."""

    def copy(name: str) -> str:
        target = f"{language}/{name.removeprefix(f'{language}/')}"
        (draft / target).parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, draft / target)
        else:
            shutil.copy(source / name, draft / target)
        return target

    moved = {
        "parts": [copy(part) for part in expert.parts],
        "tokenizer": copy(expert.tokenizer),
        "serving": expert.serving.model_copy(update={"file": copy(expert.serving.file)}),
    }
    return expert.model_copy(update=moved)


def package_versions() -> dict[str, str]:
    """The installed versions of the packages that a training result depends on."""
    return {package: importlib.metadata.version(package) for package in PACKAGES}
