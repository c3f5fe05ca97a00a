"""A version's expert as a checkpoint again."""

import json

import pytest
import torch

from benchmarks.app_process import command
from product.inference import checkpoint
from product.settings.configuration import SHIPPED_MODEL
from training.compression.checkpoints import require_checkpoint
from training.data.rows import BadRequest
from training.release.lineage import version_lineage
from training.release.parts import unpack_expert


def test_a_shipped_expert_is_unpacked_with_the_runs_that_led_to_it(tmp_path):
    given = ["compress", "unpack", "--model", SHIPPED_MODEL, "--out", tmp_path / "en"]
    command("training", *map(str, given), data_dir=tmp_path)
    recorded = json.loads((SHIPPED_MODEL / "manifest.json").read_text())["training"]["en"]
    result = json.loads((tmp_path / "en" / "result.json").read_text())
    assert [run["seconds"] for run in result["before"]] == [stage["seconds"] for stage in recorded["stages"]]
    assert version_lineage(result["before"])["training"]["stages"] == recorded["stages"]
    packed = checkpoint.assemble(checkpoint.locate_base(), [SHIPPED_MODEL / "en" / "packed"])
    unpacked = checkpoint.load_base(require_checkpoint(tmp_path / "en", "--model"), dtype=torch.float32)
    for name, weight in packed.named_parameters():
        assert torch.allclose(weight, unpacked.get_parameter(name), atol=1e-3, rtol=1e-3), name


def test_unpacking_refuses_a_language_without_an_expert(zh_version, settings, tmp_path):
    with pytest.raises(BadRequest, match="--language en: .* has zh"):
        unpack_expert(settings, zh_version, "en", tmp_path / "en")
