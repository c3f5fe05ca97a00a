"""Packed checkpoints: restored weights, worked out by hand, and the tensors that are left out."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForSequenceClassification

from product.inference import packing
from product.inference.manifest import BadVersion

WORDS = "bert.embeddings.word_embeddings.weight"
FIRST = "bert.encoder.layer.0.output.dense.weight"
HEAD = "classifier.weight"


def tiny_bert(layers: int = 2) -> BertForSequenceClassification:
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=48,
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=16,
        num_labels=3,
    )
    return BertForSequenceClassification(config)


@pytest.fixture
def base(tmp_path):
    """A base as published: without a head, tensor names without a prefix."""
    model = tiny_bert()
    model.bert.save_pretrained(tmp_path / "base")
    return tmp_path / "base"


def on_base(base) -> BertForSequenceClassification:
    model = tiny_bert()
    weights = load_file(base / "model.safetensors")
    model.bert.load_state_dict(weights)
    return model


@pytest.mark.parametrize("largest", [-8, 7, 5, 4, 1])
def test_a_matrix_of_4_bit_values_is_restored_exactly(largest):
    # Two blocks of 32 columns per row, with steps 1/4 and 3. The largest code in use need not be the largest possible.
    codes = torch.arange(64).reshape(1, 64) % (abs(largest) + 1) * (1 if largest > 0 else -1)
    weight = codes * torch.tensor([0.25] * 32 + [3.0] * 32)
    stored, steps = packing.quantise(weight, 4)
    assert (stored.dtype, stored.shape, steps.shape) == (torch.uint8, (1, 32), (1, 2))
    assert packing.restore(stored, steps).tolist() == weight.tolist()


def test_two_4_bit_codes_share_a_byte():
    # Codes -8 and 7 are stored as 0 and 15; of a block's 32 columns, column 0 and column 16 share the first byte.
    weight = torch.zeros(1, 32)
    weight[0, 0], weight[0, 16] = -8.0, 7.0
    stored, steps = packing.quantise(weight, 4)
    assert steps.tolist() == [[1.0]]
    assert stored[0, 0].item() == 0 | 15 << 4
    assert stored[0, 1].item() == 8 | 8 << 4


def test_8_bit_codes_are_off_by_half_a_step_at_most():
    torch.manual_seed(0)
    weight = torch.randn(20, 64)
    stored, steps = packing.quantise(weight, 8)
    assert (stored.dtype, stored.shape) == (torch.int8, (20, 64))
    largest = weight.reshape(20, 2, 32).abs().amax(-1, keepdim=True)
    # A step is at most the largest weight / 127. Half precision changes it by up to 2^-11 of its value, times code 127.
    allowed = largest / 127 / 2 + largest * 2**-11
    assert ((packing.restore(stored, steps) - weight).reshape(20, 2, 32).abs() <= allowed).all()


def test_packing_a_4_bit_model_again_changes_nothing(tmp_path):
    packing.pack(tiny_bert(), tmp_path / "once", bits=4, embedding_bits=4)
    once = packing.load(tmp_path / "once")
    packing.pack(once, tmp_path / "twice", bits=4, embedding_bits=4)
    twice = packing.load(tmp_path / "twice").state_dict()
    for name, weight in once.state_dict().items():
        assert weight.tolist() == twice[name].tolist(), name


def test_packing_on_a_base_stores_only_the_difference(base, tmp_path):
    model = on_base(base)
    with torch.no_grad():
        # multiples of 1/8, so that they are restored exactly
        change = (torch.arange(32 * 64).reshape(32, 64) % 8) / 8
        model.state_dict()[FIRST].add_(change)
    packing.pack(model, tmp_path / "packed", bits=4, embedding_bits=4, base=base)
    stored = load_file(tmp_path / "packed" / packing.FILE)
    head = {name for name in stored if name.startswith("classifier.")}
    assert set(stored) == {FIRST + packing.CODES, FIRST + packing.STEPS} | head
    assert packing.needs_base(tmp_path / "packed")
    restored = packing.load(tmp_path / "packed", base).state_dict()
    assert restored[FIRST] == pytest.approx(model.state_dict()[FIRST], abs=1e-6)
    assert restored[WORDS].tolist() == model.state_dict()[WORDS].tolist()
    with pytest.raises(BadVersion, match="holds differences from a base, and no base was given"):
        packing.load(tmp_path / "packed")


def test_rounding_a_base_to_half_precision_is_not_a_difference(base, tmp_path):
    model = on_base(base).half().float()
    packing.pack(model, tmp_path / "packed", bits=4, embedding_bits=4, base=base)
    assert {name.split(".")[0] for name in load_file(tmp_path / "packed" / packing.FILE)} == {"classifier"}


def test_layers_of_a_shortened_model_are_compared_with_the_base_layers_they_came_from(base, tmp_path):
    model = on_base(base)
    model.bert.encoder.layer = torch.nn.ModuleList([model.bert.encoder.layer[1]])
    model.config.num_hidden_layers, model.config.kept_layers = 1, [1]
    packing.pack(model, tmp_path / "packed", bits=4, embedding_bits=4, base=base)
    assert {name.split(".")[0] for name in load_file(tmp_path / "packed" / packing.FILE)} == {"classifier"}
    restored = packing.load(tmp_path / "packed", base)
    second = load_file(base / "model.safetensors")["encoder.layer.1.output.dense.weight"]
    assert restored.state_dict()[FIRST].tolist() == second.tolist()


def test_a_packed_file_without_a_tensor_is_refused(tmp_path):
    packing.pack(tiny_bert(), tmp_path, bits=8, embedding_bits=4)
    stored = load_file(tmp_path / packing.FILE)
    del stored[HEAD]
    save_file(stored, tmp_path / packing.FILE)
    with pytest.raises(BadVersion, match=r"packed\.safetensors lacks classifier\.weight"):
        packing.load(tmp_path)
