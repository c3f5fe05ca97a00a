"""LoRA adapters: add, average, shrink and save them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils import ModulesToSaveWrapper
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from training.modelling.recipe import Recipe


def add_adapter(model: PreTrainedModel, recipe: Recipe) -> PeftModel:
    """LoRA on every linear layer of the encoder; the classification head is trained whole and saved with it.

    Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large Language Models".
    """
    config = LoraConfig(
        task_type="SEQ_CLS", r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=0.05, target_modules="all-linear"
    )
    return get_peft_model(model, config)


@torch.no_grad()
def mean_adapter(models: Sequence[torch.nn.Module], base: PreTrainedModel, recipe: Recipe) -> PeftModel:
    """The mean of adapters that were trained on the same weights, added to `base`, another copy of these weights.

    Its weight update is exactly the mean of theirs, and its rank the sum of theirs.
    """
    count = len(models)
    mean = add_adapter(base, replace(recipe, rank=count * recipe.rank, alpha=count * recipe.alpha))
    trained = [dict(model.named_parameters()) for model in models]
    for name, weight in mean.named_parameters():
        if "lora_A" in name:
            weight.copy_(torch.cat([parameters[name] for parameters in trained]))
        elif "lora_B" in name:
            weight.copy_(torch.cat([parameters[name] for parameters in trained], dim=1) / count)
        elif "modules_to_save" in name:
            weight.copy_(torch.stack([parameters[name] for parameters in trained]).mean(dim=0))
    return mean.eval()


@torch.no_grad()
def interpolate_weights(model: PeftModel, share: float) -> None:
    """Keep only a share (0 to 1) of the adapter's weight update, in place.

    Wortsman et al. 2022, "Robust fine-tuning of zero-shot models".
    """
    for name, weight in model.named_parameters():
        if "lora_B" in name:  # the update is B times A, so scaling B scales it
            weight.mul_(share)
    for module in model.modules():
        if isinstance(module, ModulesToSaveWrapper):
            trained = module.modules_to_save[module.active_adapters[0]]
            for new, old in zip(trained.parameters(), module.original_module.parameters(), strict=True):
                new.lerp_(old, 1 - share)


def save_half(model: torch.nn.Module, folder: Path) -> None:
    """Write the adapter, or all weights, as safetensors in half precision: what is merged, exported and evaluated."""
    model.save_pretrained(folder)  # type: ignore[operator]
    convert_to_half(folder)


def convert_to_half(folder: Path) -> None:
    """Convert the weights in a folder to half precision and delete the README that PEFT writes."""
    (folder / "README.md").unlink(missing_ok=True)
    for file in folder.glob("*.safetensors"):
        tensors = {name: tensor.half().contiguous() for name, tensor in load_file(file).items()}
        save_file(tensors, file, metadata={"format": "pt"})
