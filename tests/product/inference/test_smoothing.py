import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from product.inference import smoothing

EMBEDDINGS = np.array([[0.0, 0.0], [8.0, 0.25], [-2.0, 0.5]], dtype=np.float32)
WEIGHTS = np.array([[1.0, -0.5], [0.25, 1.0]], dtype=np.float32)


@pytest.fixture
def graph():
    """Looks up an embedding of two channels for each token and multiplies it by WEIGHTS."""
    nodes = [
        helper.make_node("Gather", ["embeddings", "input_ids"], ["embedded"]),
        helper.make_node("MatMul", ["embedded", "weights"], ["logits"], "product"),
        helper.make_node("Shape", ["attention_mask"], ["shape"]),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, [1, "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)]
    constants = [numpy_helper.from_array(EMBEDDINGS, "embeddings"), numpy_helper.from_array(WEIGHTS, "weights")]
    made = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def logits(graph: onnx.ModelProto, ids: list[int]) -> np.ndarray:
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    given = {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), dtype=np.int64)}
    return session.run(["logits"], given)[0]


@pytest.mark.parametrize(("strength", "exponents"), [(1.0, [2, -2]), (0.5, [1, -1]), (0.0, [0, 0])])
def test_exponents_follow_the_largest_activations_and_weights(graph, strength, exponents):
    # Largest activations 8 and 0.5, largest weights 1 and 1: binary logarithms 3, -1, 0 and 0.
    # Strength 1: 3, -1, centred 2, -2. Strength 0.5: 1.5, -0.5, centred 1, -1.
    found = smoothing.measure(graph, ["product"], [[1], [2, 1]], strength)
    assert found["product"].tolist() == exponents


def test_smoothing_leaves_the_product_as_it_is_and_evens_out_its_input(graph):
    before = logits(graph, [1, 2])
    smoothing.apply(graph, {"product": np.array([2, -2], dtype=np.int8)})
    assert logits(graph, [1, 2]).tolist() == before.tolist()
    stored = {part.name: numpy_helper.to_array(part) for part in graph.graph.initializer}
    assert stored["weights"].tolist() == [[4.0, -2.0], [0.0625, 0.25]]
    assert stored["product_smoothing"].tolist() == [0.25, 4.0]


def test_saved_exponents_are_found_among_the_part_folders(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    assert smoothing.find([tmp_path / "first", tmp_path / "second"]) is None
    smoothing.save({"product": np.array([2, -2], dtype=np.int8)}, tmp_path / "second")
    found = smoothing.find([tmp_path / "first", tmp_path / "second"])
    assert found["product"].tolist() == [2, -2]
