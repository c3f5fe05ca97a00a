"""Move outliers of activations into the weights, so that 8 bits hold both.

Some channels of a BERT's activations are many times larger than the others. Quantised together, the others lose most
of their 8 bits. Dividing a channel by a factor and multiplying the weights that read it by the same factor leaves the
product as it is (Xiao et al. 2023, "SmoothQuant", section 4). The factors are powers of two, so that the division is
exact. They are measured once, when a version is made, and stored beside its weights.
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from safetensors.numpy import load_file, save_file

from product.inference.text.encoding import pad

FILE = "smoothing.safetensors"
Exponents = dict[str, NDArray[np.int8]]
"""Name of a node to the exponents of its factors, int8 [input channels]."""
MIN_ACTIVATION, MIN_WEIGHT = 1e-3, 1e-5


def find(parts: list[Path]) -> Exponents | None:
    """The exponents that are stored in one of an expert's part folders, or None."""
    files = [part / FILE for part in parts if (part / FILE).is_file()]
    return load_file(files[0]) if files else None


def save(exponents: Exponents, folder: Path) -> None:
    save_file(exponents, folder / FILE)


def measure(graph: onnx.ModelProto, names: list[str], rows: list[list[int]], strength: float) -> Exponents:
    """Exponents for the named matrix products of a fused fp32 graph, measured on rows of token ids.

    `strength`, 0 to 1, is the share of the outliers that moves into the weights.
    """
    largest = _largest_activations(graph, names, rows)
    weights = _weights(graph)
    return {
        node.name: _exponents(largest[node.input[0]], np.abs(weights[node.input[1]]).max(axis=1), strength)
        for node in graph.graph.node
        if node.name in names
    }


def _exponents(activations: NDArray[np.float32], weights: NDArray[np.float32], strength: float) -> NDArray[np.int8]:
    """The binary logarithm of activations**strength / weights**(1 - strength), centred and rounded, int8 [channels]."""
    activation_bits = np.log2(np.maximum(activations, MIN_ACTIVATION))
    weight_bits = np.log2(np.maximum(weights, MIN_WEIGHT))
    bits = strength * activation_bits - (1 - strength) * weight_bits
    rounded: NDArray[np.int8] = np.round(bits - bits.mean()).astype(np.int8)
    return rounded


def apply(graph: onnx.ModelProto, exponents: Exponents) -> None:
    """Divide the inputs of the named nodes by their factors, and multiply their weights; changes the graph in place."""
    weights = {initializer.name: initializer for initializer in graph.graph.initializer}
    nodes = []
    for node in graph.graph.node:
        if node.name in exponents:
            factors = np.exp2(exponents[node.name].astype(np.float32))
            name = node.input[1]
            scaled = numpy_helper.to_array(weights[name]) * factors[:, None]
            weights[name].CopyFrom(numpy_helper.from_array(scaled.astype(np.float32), name))
            divisors = numpy_helper.from_array(1 / factors, f"{node.name}_smoothing")
            graph.graph.initializer.append(divisors)
            smoothed = f"{node.name}_smoothed"
            nodes.append(helper.make_node("Mul", [node.input[0], divisors.name], [smoothed], f"{node.name}_smooth"))
            node.input[0] = smoothed
        nodes.append(node)
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)


def _weights(graph: onnx.ModelProto) -> dict[str, NDArray[np.float32]]:
    return {initializer.name: numpy_helper.to_array(initializer) for initializer in graph.graph.initializer}


def _largest_activations(
    graph: onnx.ModelProto, names: list[str], rows: list[list[int]]
) -> dict[str, NDArray[np.float32]]:
    """Name of each tensor that the named nodes read to the largest absolute value in each channel."""
    watched = list(dict.fromkeys(node.input[0] for node in graph.graph.node if node.name in names))
    copy = onnx.ModelProto()
    copy.CopyFrom(graph)
    for tensor in watched:
        copy.graph.output.append(helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(copy.SerializeToString(), providers=["CPUExecutionProvider"])
    largest: dict[str, NDArray[np.float32]] = {}
    for row in rows:
        ids, mask = pad([row])
        for tensor, values in zip(
            watched, session.run(watched, {"input_ids": ids, "attention_mask": mask}), strict=True
        ):
            peak = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            largest[tensor] = np.maximum(largest.get(tensor, 0), peak)
    return largest
