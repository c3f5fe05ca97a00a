import copy

import torch

from product.inference import checkpoint
from tests.support import tiny
from training.modelling.adapters import add_adapter, interpolate_weights, mean_adapter
from training.modelling.recipe import Recipe


def with_random_adapter(folder, recipe: Recipe, seed: int):
    """The checkpoint in the folder with an adapter of random weights."""
    model = add_adapter(checkpoint.load_base(folder, dtype=torch.float32), recipe)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora" in name or "modules_to_save" in name:
                weight.add_(torch.randn(weight.shape, generator=generator))
    return model


def test_the_mean_adapter_updates_every_weight_by_the_mean_of_the_updates(tmp_path):
    folder, recipe = tiny.write_checkpoint(tmp_path / "tiny"), Recipe(rank=2, alpha=4)
    models = [with_random_adapter(folder, recipe, seed) for seed in (3, 4)]
    began = checkpoint.load_base(folder, dtype=torch.float32)
    mean = mean_adapter(models, checkpoint.load_base(folder, dtype=torch.float32), recipe)
    found = mean.merge_and_unload().state_dict()
    one, other = (model.merge_and_unload().state_dict() for model in models)
    moved = [name for name in found if not torch.equal(found[name], began.state_dict()[name])]
    assert {"classifier.weight", "bert.encoder.layer.0.attention.self.query.weight"} <= set(moved)
    for name in found:
        torch.testing.assert_close(found[name], (one[name] + other[name]) / 2, rtol=1e-4, atol=1e-5)


def test_an_interpolated_adapter_keeps_that_share_of_the_weight_update(tmp_path):
    folder = tiny.write_checkpoint(tmp_path / "tiny")
    model = add_adapter(checkpoint.load_base(folder, dtype=torch.float32), Recipe(rank=2, alpha=4))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name or "modules_to_save" in name:
                weight.add_(torch.randn(weight.shape, generator=generator))
    began = checkpoint.load_base(folder, dtype=torch.float32).state_dict()
    whole = copy.deepcopy(model).merge_and_unload().state_dict()
    interpolate_weights(model, 0.7)
    found = model.merge_and_unload().state_dict()
    moved = [name for name in began if not torch.equal(began[name], whole[name])]
    assert {"classifier.weight", "bert.encoder.layer.0.attention.self.query.weight"} <= set(moved)
    for name in began:
        expected = began[name] + 0.7 * (whole[name] - began[name])
        torch.testing.assert_close(found[name], expected, rtol=1e-4, atol=1e-5)
