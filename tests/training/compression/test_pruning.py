import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForSequenceClassification

from benchmarks.app_process import command
from product.inference import checkpoint
from training.compression.pruning import average_checkpoints, keep_layers, parse_layers, remove_layers
from training.data.rows import BadRequest


def tiny_model(layers: int) -> BertForSequenceClassification:
    config = BertConfig(
        vocab_size=8,
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=32,
        num_labels=3,
    )
    return BertForSequenceClassification(config).eval()


def test_only_the_named_layers_remain_in_their_order():
    model = tiny_model(4)
    layers = list(model.bert.encoder.layer)
    keep_layers(model, [0, 3])
    assert list(model.bert.encoder.layer) == [layers[0], layers[3]]
    assert (model.config.num_hidden_layers, model.config.kept_layers) == (2, [0, 3])
    assert model(input_ids=torch.tensor([[1, 2]])).logits.shape == (1, 3)
    # layer 1 of the pruned model was layer 3 of the original
    keep_layers(model, [1])
    assert model.config.kept_layers == [3]


@pytest.mark.parametrize("wrong", ["", "0,x", "1,0", "0,0", "0,2", "-1"])
def test_invalid_layers_are_refused_with_the_valid_ones(wrong):
    with pytest.raises(BadRequest, match="this model has 2 layers, 0 to 1"):
        parse_layers(wrong, 2)


def test_a_pruned_checkpoint_predicts_like_the_model_pruned_in_memory(zh_checkpoint, tmp_path):
    remove_layers(zh_checkpoint, "1", tmp_path)
    whole = keep_layers(checkpoint.load_base(zh_checkpoint), [1])
    ids, mask = np.array([[2, 5, 6, 3]]), np.ones((1, 4), dtype=np.int64)
    found = checkpoint.torch_logits(checkpoint.load_base(tmp_path).eval(), ids, mask)
    assert found == pytest.approx(checkpoint.torch_logits(whole.eval(), ids, mask), abs=1e-5)
    assert (tmp_path / "tokenizer.json").is_file()


def test_an_average_is_weighted_and_records_the_runs_of_its_checkpoints(zh_checkpoint, tmp_path):
    other = shutil.copytree(zh_checkpoint, tmp_path / "other")
    tensors = load_file(zh_checkpoint / "model.safetensors")
    save_file({name: tensor + 1 for name, tensor in tensors.items()}, other / "model.safetensors")
    (other / "result.json").write_text(json.dumps({"rows": 7, "history": []}))
    given = ["compress", "average", "--model", zh_checkpoint, "--weight", 0.75, "--model", other, "--weight", 0.25]
    command("training", *map(str, given), "--out", str(tmp_path / "mean"), data_dir=tmp_path)
    mean = load_file(tmp_path / "mean" / "model.safetensors")
    name = "classifier.weight"
    assert torch.allclose(mean[name].float(), tensors[name].float() + 0.25, atol=1e-3)
    assert json.loads((tmp_path / "mean" / "result.json").read_text())["before"][-1]["rows"] == 7


@pytest.mark.parametrize(("weights", "error"), [([0.5], "a weight for each"), ([0.5, 0.6], "sum to 1")])
def test_missing_weights_and_weights_that_do_not_sum_to_one_are_refused(zh_checkpoint, tmp_path, weights, error):
    with pytest.raises(BadRequest, match=error):
        average_checkpoints([zh_checkpoint, zh_checkpoint], weights, tmp_path / "mean")
