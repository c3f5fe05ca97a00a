"""One training run of a plan, from the model it starts from to the trained weights in its work folder."""

import json
from typing import Any

import torch
from transformers import PreTrainedModel

from product.inference import checkpoint
from product.inference.text.encoding import TextEncoder
from training.compression.pruning import keep_layers
from training.data.generation.augmentation import misspell
from training.modelling import distributed
from training.modelling.batches import encode
from training.modelling.early_stopping import EarlyStopping
from training.modelling.trainer import train
from training.release.plan import Plan

TRAINED, HISTORY = "trained", "history.json"
"""In a run's work folder: the trained weights, and the history of losses and scores."""


def starting_model(plan: Plan) -> PreTrainedModel:
    """The model that training starts from, in fp32. Each call returns the same weights, even of a fresh head."""
    torch.manual_seed(plan.recipe.seed)
    if plan.options.start:
        model = checkpoint.assemble(plan.base, [plan.options.start])
    else:
        assert plan.base is not None  # a plan without a start has a base
        model = checkpoint.load_base(plan.base, dtype=torch.float32)
    if plan.layers:
        keep_layers(model, plan.layers)
    # An adapter is merged later into weights kept in half precision, so it must be trained on those.
    return model if plan.recipe.method == "full" or plan.on_base else model.half().float()


def train_plan(plan: Plan) -> list[dict[str, Any]]:
    """Train, save the result in the work folder, and return the history. Every process of a run calls this.

    A run that is already trained only returns its history.
    """
    history = plan.work / HISTORY
    if history.is_file():
        return list(json.loads(history.read_text(encoding="utf-8")))
    encoder = TextEncoder(plan.tokenizer, plan.recipe.max_tokens)
    # After the plan is made, because teachers score the rows without misspellings.
    rows = misspell(plan.rows, plan.recipe.misspelled, plan.recipe.seed)
    data = encode(rows, encoder, plan.targets)
    early_stopping = EarlyStopping(plan.early_stopping_rows, encoder)
    model, losses = train(starting_model(plan), data, plan.recipe, plan.work, early_stopping)
    _save_trained(plan, model, losses)
    return list(losses)


def _save_trained(plan: Plan, model: Any, history: list[dict[str, Any]]) -> None:
    """Save weights and history, so that a run that is killed later does not train again."""
    if distributed.is_first():
        model.save_pretrained(plan.work / TRAINED)
        (plan.work / HISTORY).write_text(json.dumps(history), encoding="utf-8")


def trained_model(plan: Plan) -> PreTrainedModel:
    """The trained model in fp32, adapters merged."""
    if plan.recipe.method == "full":
        return checkpoint.load_base(plan.work / TRAINED, dtype=torch.float32)
    return checkpoint.merge(starting_model(plan), plan.work / TRAINED)
