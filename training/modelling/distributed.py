"""Several processes that train one model (torchrun): the first one does what is done once, the others wait for it."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import torch
from torch import distributed

Made = TypeVar("Made")
PATIENCE = timedelta(days=1)
"""How long the others wait for the first: on a CPU a teacher reads a corpus for hours. One that dies is noticed by
torchrun, which then ends the rest."""


def processes() -> int:
    """How many there are; 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", 1))


def is_first() -> bool:
    return int(os.environ.get("RANK", 0)) == 0


def join() -> None:
    """Meet the other processes, over NCCL where there are GPUs, else over gloo; nothing without torchrun."""
    if processes() == 1 or distributed.is_initialized():
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)


def leave() -> None:
    if distributed.is_initialized():
        distributed.destroy_process_group()


def from_first(make: Callable[[], Made]) -> Made:
    """What `make` gives in the first process, in every process; only the first one calls it."""
    if processes() == 1:
        return make()
    made = [make() if is_first() else None]
    distributed.broadcast_object_list(made, src=0)
    return made[0]
