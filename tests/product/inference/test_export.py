import pytest
import torch

from product.inference.export import full_weight_range


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"architecture": "x86_64", "avx2": True, "avx512_f": True}, False),
        ({"architecture": "x86_64", "avx512_vnni": False, "avx_vnni": False, "amx_int8": False}, False),
        ({"architecture": "x86_64", "avx512_vnni": True}, True),
        ({"architecture": "x86_64", "avx_vnni": True}, True),
        ({"architecture": "x86_64", "amx_int8": True}, True),
        ({"architecture": "arm64"}, True),
        ({"architecture": "aarch64", "neon": True}, True),
    ],
)
def test_weights_get_8_bits_except_on_x86_processors_without_vnni(monkeypatch, capabilities, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert full_weight_range() is expected
