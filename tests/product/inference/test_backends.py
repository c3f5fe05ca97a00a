from product.inference import backends


def test_a_backend_named_in_the_settings_is_used():
    name, why = backends.choose("torch")
    assert name == "torch"
    assert "ATTUNE_BACKEND" in why


def test_auto_without_a_gpu_uses_int8_on_the_cpu_and_gives_the_reason(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    name, why = backends.choose("auto", nvidia_device=tmp_path / "nvidia0")
    assert name == "onnx-int8"
    assert "no GPU" in why


def test_auto_with_hidden_gpus_uses_the_cpu(tmp_path, monkeypatch):
    (tmp_path / "nvidia0").touch()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert backends.choose("auto", nvidia_device=tmp_path / "nvidia0")[0] == "onnx-int8"


def test_auto_with_a_gpu_that_torch_cannot_use_uses_the_cpu_and_gives_the_reason(tmp_path, monkeypatch):
    import torch

    (tmp_path / "nvidia0").touch()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    name, why = backends.choose("auto", nvidia_device=tmp_path / "nvidia0")
    assert name == "onnx-int8"
    assert torch.__version__ in why


def test_auto_with_a_usable_gpu_uses_int8_on_the_gpu(tmp_path, monkeypatch):
    import torch

    (tmp_path / "nvidia0").touch()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Test GPU")
    assert backends.choose("auto", nvidia_device=tmp_path / "nvidia0") == ("bnb-int8", "GPU found: Test GPU")
