"""Train a model in several processes, started by torchrun. The first prepares and saves; the others wait for it."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import torch
from torch import distributed

Result = TypeVar("Result")
PATIENCE = timedelta(days=1)
"""How long the other processes wait for the first: on a CPU, a teacher takes hours to read a corpus. If a process dies,
torchrun ends the others."""


def processes() -> int:
    """The number of processes; 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", 1))


def is_first() -> bool:
    """Whether this is the first process, which prepares and saves."""
    return int(os.environ.get("RANK", 0)) == 0


def join() -> None:
    """Connect to the other processes, over NCCL with GPUs and over gloo without; does nothing without torchrun."""
    if processes() == 1 or distributed.is_initialized():
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)


def leave() -> None:
    """Disconnect from the other processes."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def broadcast_from_first(make: Callable[[], Result]) -> Result:
    """The result of `make` in every process; only the first process calls it."""
    if processes() == 1:
        return make()
    results = [make() if is_first() else None]
    distributed.broadcast_object_list(results, src=0)
    return results[0]  # type: ignore[return-value]
