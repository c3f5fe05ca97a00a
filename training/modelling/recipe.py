"""The hyper-parameters of a training run, checked against what this machine can do."""

from dataclasses import dataclass
from typing import Any

import torch

from product.sentiment import AttuneError
from training.modelling import distributed

PRECISIONS = ("auto", "bf16", "fp16", "fp32")
FULL: dict[str, Any] = {"method": "full", "learning_rate": 1e-4}
"""The fields that differ from the defaults when all weights are trained."""


class BadRun(AttuneError):
    """A training run cannot start or resume; the message says why and what to do."""


@dataclass(frozen=True)
class Recipe:
    """Hyper-parameters of a run; `batch_size` is the number of rows in a step, over all processes.

    `divergence_weight` weighs the Kullback-Leibler divergence from target probabilities. `soft_share` is the teacher's
    share of a row's target; the rest is its label. `hidden_share` weighs the cosine distance to a teacher's last hidden
    state of [CLS]. `misspelled` is the share of short rows that get typing errors, while their targets stay those of
    the original. `quantisation_aware` rounds what every layer reads to 8 bits while training, as serving does. `warmup`
    is the share of the steps in which the learning rate rises. Embeddings stay frozen even with method `full`: the
    embeddings of words that no training row contains could not follow the rest of the model.
    """

    method: str = "lora"
    rank: int = 32
    alpha: int = 64
    learning_rate: float = 3e-4
    epochs: float = 3
    batch_size: int = 32
    warmup: float = 0.1
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    misspelled: float = 0.0
    quantisation_aware: bool = False
    evaluations_per_epoch: int = 1
    patience: int = 3
    divergence_weight: float = 1.0
    soft_share: float = 0.5
    hidden_share: float = 0.0
    max_tokens: int = 256
    precision: str = "auto"
    seed: int = 13


def mixed_precision(precision: str = "auto") -> dict[str, Any]:
    """Arguments of the Trainer for a precision; `auto` is the fastest with hardware support.

    That is bf16 if the machine supports it, else fp16 on a GPU and fp32 on a CPU. Raises BadRun if the precision is
    unknown or this machine does not support it.
    """
    if precision not in PRECISIONS:
        raise BadRun(f"--precision {precision!r} is not known; the known precisions are {', '.join(PRECISIONS)}")
    cuda = torch.cuda.is_available()
    if precision == "fp16" and not cuda:
        raise BadRun("--precision fp16 needs a GPU; on a CPU, use bf16 or fp32")
    if precision == "auto":
        capabilities = torch.cpu.get_capabilities()
        fast = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
        precision = ("bf16" if torch.cuda.is_bf16_supported() else "fp16") if cuda else "bf16" if fast else "fp32"
    return {"use_cpu": not cuda, "bf16": precision == "bf16", "fp16": precision == "fp16"}


def rows_per_process(recipe: Recipe) -> int:
    """Rows of a batch for each process. Raises BadRun if the batch cannot be divided evenly."""
    processes = distributed.processes()
    if recipe.batch_size % processes:
        raise BadRun(
            f"--batch-size {recipe.batch_size} cannot be split evenly over {processes} processes: use a multiple of "
            f"{processes}"
        )
    return recipe.batch_size // processes
