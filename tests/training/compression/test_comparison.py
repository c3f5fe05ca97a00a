from product.inference import packing
from training.compression.checkpoints import pack_checkpoint
from training.compression.comparison import compare_models
from training.data.rows import Row


def test_models_in_every_form_can_be_compared(zh_checkpoint, zh_version, tmp_path):
    pack_checkpoint(zh_checkpoint, 4, tmp_path / "packed")
    assert packing.is_packed(tmp_path / "packed") and not packing.needs_base(tmp_path / "packed")
    rows = [Row("谢谢你们", "positive", "a file"), Row("坏了", "negative", "a file")]
    first, second, third = compare_models([zh_checkpoint, tmp_path / "packed", zh_version], {"file": rows}, "")
    assert [line["layers"] for line in (first, second, third)] == ["2", "2", "2"]
    assert first["speed"] == "1.00"
    assert first["vocabulary"] == third["vocabulary"]
    assert {first["file"], second["file"], third["file"]} <= {"0.0 %", "50.0 %", "100.0 %"}
    sizes = [float(line["on disk"].removesuffix(" MB")) for line in (first, second)]
    assert sizes[1] < sizes[0]
