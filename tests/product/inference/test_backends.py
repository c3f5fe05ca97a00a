from product.inference import backends


def test_a_backend_that_is_asked_for_is_taken():
    assert backends.choose("torch") == ("torch", "ATTUNE_BACKEND asks for it")


def test_auto_without_a_gpu_serves_int8_on_the_cpu_and_says_why(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    name, why = backends.choose("auto", nvidia_device=tmp_path / "nvidia0")
    assert name == "onnx-int8"
    assert "no GPU" in why


def test_auto_with_hidden_gpus_serves_on_the_cpu(tmp_path, monkeypatch):
    (tmp_path / "nvidia0").touch()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert backends.choose("auto", nvidia_device=tmp_path / "nvidia0")[0] == "onnx-int8"


def test_auto_with_a_gpu_that_torch_cannot_use_falls_back_and_says_so(tmp_path, monkeypatch):
    import torch

    (tmp_path / "nvidia0").touch()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    name, why = backends.choose("auto", nvidia_device=tmp_path / "nvidia0")
    assert name == "onnx-int8"
    assert torch.__version__ in why


def test_auto_with_a_usable_gpu_serves_in_8_bit(tmp_path, monkeypatch):
    import torch

    (tmp_path / "nvidia0").touch()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Test GPU")
    assert backends.choose("auto", nvidia_device=tmp_path / "nvidia0") == ("bnb-int8", "GPU found: Test GPU")
