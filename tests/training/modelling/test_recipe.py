import pytest
import torch

from training.modelling import distributed
from training.modelling.recipe import BadRun, Recipe, mixed_precision, rows_per_process


def test_an_unsupported_precision_is_refused_and_auto_selects_the_fastest(monkeypatch):
    with pytest.raises(
        BadRun, match="--precision 'int8' is not known; the known precisions are auto, bf16, fp16, fp32"
    ):
        mixed_precision("int8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BadRun, match="--precision fp16 needs a GPU; on a CPU, use bf16 or fp32"):
        mixed_precision("fp16")
    assert mixed_precision("fp32") == {"use_cpu": True, "bf16": False, "fp16": False}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False, "amx_bf16": True})
    assert mixed_precision() == {"use_cpu": True, "bf16": True, "fp16": False}
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert mixed_precision() == {"use_cpu": True, "bf16": False, "fp16": False}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert mixed_precision() == {"use_cpu": False, "bf16": False, "fp16": True}


def test_a_batch_size_that_does_not_divide_by_the_processes_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(BadRun, match="--batch-size 32 cannot be split evenly over 3 processes: use a multiple of 3"):
        rows_per_process(Recipe(batch_size=32))
    assert distributed.processes() == 3
