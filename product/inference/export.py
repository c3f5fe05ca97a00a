"""Exports a merged model as the ONNX file that serves: attention fused, matrix products in int8."""

import logging
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model
from transformers import PreTrainedModel

from product.inference import smoothing
from product.inference.smoothing import Exponents


class _Logits(torch.nn.Module):
    """Takes and returns plain tensors, as the tracer requires."""

    def __init__(self, model: PreTrainedModel):
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return logits


def export_onnx(model: PreTrainedModel, target: Path) -> None:
    """Write the fp32 graph: inputs `input_ids` and `attention_mask` int64 [rows, tokens], output `logits`."""
    example = torch.ones((2, 8), dtype=torch.int64)
    axes = {0: "rows", 1: "tokens"}
    # The legacy exporter: the optimiser cannot fuse the attention in graphs of the new one.
    with _quiet():
        torch.onnx.export(
            _Logits(model.cpu().eval()),
            (example, example),
            str(target),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "rows"}},
            opset_version=17,
            dynamo=False,
        )


QUANTISED = ("MatMul", "Attention")
"""The operators whose weights are quantised."""
FLOAT_LAYERS = 0
"""How many of the first layers stay in fp32. Keeping some there raises the agreement with fp32, not the accuracy, and
costs speed; `python -m benchmarks.quantisation` prints the table."""
VNNI = ("avx512_vnni", "avx_vnni", "amx_int8")
"""Instructions of x86 processors that add up products of 8-bit numbers in 32 bits."""


def full_weight_range() -> bool:
    """Whether this processor multiplies 8-bit weights exactly.

    On x86 processors without VNNI, sums of two products overflow 16 bits, so weights get only 7 bits there and labels
    do not depend on the processor (ONNX Runtime documentation, "Quantize ONNX models").
    """
    capabilities = torch.cpu.get_capabilities()
    return capabilities.get("architecture") != "x86_64" or any(capabilities.get(name) for name in VNNI)


@dataclass(frozen=True)
class Quantisation:
    """What stays in fp32 or is smoothed: `float_layers` counts the first layers that stay in fp32."""

    float_layers: int = FLOAT_LAYERS
    smoothing: Exponents | None = None


def fuse(source: Path, heads: int, hidden: int) -> onnx.ModelProto:
    """The fp32 graph with fused attention."""
    with _quiet():
        graph: onnx.ModelProto = optimize_model(
            str(source), model_type="bert", num_heads=heads, hidden_size=hidden
        ).model
    return graph


def matrix_products(graph: onnx.ModelProto, float_layers: int = FLOAT_LAYERS) -> list[str]:
    """The names of the matrix products with weights that serve in int8.

    Embeddings, pooler and classifier stay in fp32: quantising them saves little time and costs much accuracy.
    """
    weights = {initializer.name for initializer in graph.graph.initializer}
    return [
        node.name
        for node in graph.graph.node
        if node.op_type in QUANTISED
        and node.input[1] in weights
        and not _in_head(node)
        and _layer(node.name) >= float_layers
    ]


def quantise(graph: onnx.ModelProto, target: Path, quantisation: Quantisation) -> None:
    """Write a fused graph with its matrix products in int8, weights per output channel."""
    chosen = set(matrix_products(graph, quantisation.float_layers))
    if quantisation.smoothing:
        smoothing.apply(graph, {name: part for name, part in quantisation.smoothing.items() if name in chosen})
    keep = [node.name for node in graph.graph.node if node.op_type in QUANTISED and node.name not in chosen]
    with _quiet(), tempfile.TemporaryDirectory() as work:
        fused_file = Path(work) / "fused.onnx"
        onnx.save(graph, str(fused_file))
        quantize_dynamic(
            str(fused_file),
            str(target),
            op_types_to_quantize=list(QUANTISED),
            per_channel=True,
            reduce_range=not full_weight_range(),
            weight_type=QuantType.QInt8,
            nodes_to_exclude=keep,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences the exporter and the optimiser, which log every node."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def _in_head(node: onnx.NodeProto) -> bool:
    return any(part in name for name in (node.name, *node.input) for part in ("pooler", "classifier"))


def _layer(name: str) -> int:
    """The encoder layer of a node, from its name after fusing; `sys.maxsize` for a node outside the layers."""
    found = re.search(r"layer\.(\d+)/|^Attention_(\d+)$", name)
    return int(found[1] or found[2]) if found else sys.maxsize


def fused_graph(model: PreTrainedModel) -> onnx.ModelProto:
    """The fp32 graph of a merged model, with fused attention."""
    with tempfile.TemporaryDirectory() as work:
        plain = Path(work) / "plain.onnx"
        export_onnx(model, plain)
        return fuse(plain, model.config.num_attention_heads, model.config.hidden_size)


def export_int8(model: PreTrainedModel, target: Path, quantisation: Quantisation = Quantisation()) -> None:  # noqa: B008
    """Write the file that serves, from a merged fp32 model."""
    quantise(fused_graph(model), target, quantisation)
