"""From a base and parts to a version folder that can serve: put together, exported, calibrated on what serves,
canaries, manifest."""

import importlib.metadata
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from product.inference import checkpoint, export
from product.inference import manifest as manifests
from product.inference import model as models
from product.inference.backends.onnx_int8 import OnnxInt8
from product.inference.manifest import Base, Canary, Expert, Manifest, Serving
from product.inference.text import TextEncoder
from product.sentiment import LABELS
from training.data.catalogue import is_polar
from training.data.rows import NEUTRAL, Row
from training.evaluation.metrics import targets
from training.modelling.calibration import fit_calibration, fit_temperature

MAX_TOKENS = 256
PACKAGES = ("torch", "transformers", "peft", "onnx", "onnxruntime", "tokenizers")

Calibration = tuple[float, tuple[float, ...]]
"""The temperature, and the bias of each class."""
UNCALIBRATED: Calibration = (1.0, (0.0,) * len(LABELS))

# Read at every load: what they score says whether a machine computes what the judge saw. Of all three labels, short
# and long, and near a border, where a wrong weight shows first.
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


def calibrate(raw: models.Expert, rows: list[Row]) -> Calibration:
    """Fitted on what an expert says of rows; a class that no row could have has no bias, and without rows none has."""
    if not rows:
        return UNCALIBRATED
    possible = with_neutral_where_known(raw.logits([row.text for row in rows]), rows)
    temperature, bias = fit_calibration(possible, targets(rows))
    return temperature, tuple(np.where(np.isfinite(possible).any(axis=0), bias, 0.0).tolist())


def calibrate_beside(served: models.Expert, raw: models.Expert, rows: list[Row]) -> Calibration:
    """An expert (`raw`) that has learned keeps the biases of the shipped one; the temperature is fitted on rows, where
    there are any.

    Fitted on these rows alone, biases would take back what corrections taught of how often a label is right.
    """
    if not rows:
        return served.temperature, served.bias
    possible = with_neutral_where_known(raw.logits([row.text for row in rows]), rows)
    return fit_temperature(possible, targets(rows), served.bias), served.bias


def build_expert(
    draft: Path,
    language: str,
    *,
    base: Path | None,
    base_name: str = "",
    parts: list[str],
    tokenizer: Path,
    validation: list[Row],
    calibration: Callable[[models.Expert, list[Row]], Calibration] = calibrate,
    max_tokens: int = MAX_TOKENS,
    float_layers: int = export.FLOAT_LAYERS,
    say: Callable,
) -> Expert:
    """Tokenizer, export and calibration of the expert whose part folders lie in `draft`, named relative to it.

    `base` is the folder that the parts belong to, None where the first part brings all weights; `base_name` how it is
    found again (a folder or a Hub id), needed for another base than the product's own. `calibration` is handed the
    exported file, as quantisation moves confidences too, and `validation`, which may be empty.
    """
    say(f"{language}: exporting the merged model and quantising it to int8")
    (draft / language).mkdir(parents=True, exist_ok=True)
    names = {"tokenizer": f"{language}/{models.TOKENIZER_FILE}", "serving": f"{language}/model.onnx"}
    copy_tokenizer(tokenizer, draft / names["tokenizer"], compact=base is None)
    merged = checkpoint.assemble(base, [draft / part for part in parts])
    export.export_int8(merged, draft / names["serving"], float_layers)
    digest = manifests.sha256(draft / names["serving"])
    say(f"{language}: calibrating on {len(validation):,} validation rows")
    encoder = TextEncoder(draft / names["tokenizer"], max_tokens)
    temperature, bias = calibration(models.Expert(encoder, OnnxInt8(draft / names["serving"])), validation)
    return Expert(
        base=describe_base(base, base_name),
        parts=parts,
        tokenizer=names["tokenizer"],
        max_tokens=max_tokens,
        temperature=temperature,
        bias=list(bias),
        serving=Serving(file=names["serving"], sha256=digest, evaluated_sha256=digest, float_layers=float_layers),
    )


def copy_tokenizer(tokenizer: Path, target: Path, compact: bool) -> None:
    """The same tokenizer; `compact` without the indentation of its JSON, which is half of its size."""
    if not compact:
        shutil.copy(tokenizer, target)
        return
    content = json.loads(tokenizer.read_text(encoding="utf-8"))
    target.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def describe_base(base: Path | None, name: str) -> Base | None:
    """What a manifest says of a base: the product's own by its Hub id, another one by `name` or its folder."""
    if base is None:
        return None
    digest = manifests.sha256(base / "model.safetensors")
    return Base(name=checkpoint.HUB_ID if digest == checkpoint.BASE_SHA256 else name or str(base), sha256=digest)


def with_neutral_where_known(scores: np.ndarray, rows: list[Row]) -> np.ndarray:
    """Scores [rows, 3] with minus infinity for neutral in the rows of a corpus that has no neutral class."""
    possible = scores.astype(np.float64)
    possible[[is_polar(row) for row in rows], NEUTRAL] = -np.inf
    return possible


def finish(draft: Path, id: str, experts: dict[str, Expert], details: dict) -> Manifest:
    """Complete the version whose experts lie in `draft`; `details` are further fields of its manifest."""
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
    """An expert of the version in `source` as it stands, in `draft` under `language`; hashes stay."""

    def copy(name: str) -> str:
        target = f"{language}/{name.removeprefix(f'{language}/')}"
        (draft / target).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (source / name).is_dir() else shutil.copy)(source / name, draft / target)
        return target

    moved = {
        "parts": [copy(part) for part in expert.parts],
        "tokenizer": copy(expert.tokenizer),
        "serving": expert.serving.model_copy(update={"file": copy(expert.serving.file)}),
    }
    return expert.model_copy(update=moved)


def package_versions() -> dict[str, str]:
    return {package: importlib.metadata.version(package) for package in PACKAGES}
