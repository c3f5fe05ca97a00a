"""Result files: written completely or not at all."""

import stat

import pytest

from product.files.writing import check_writable, replacing_file
from product.sentiment import InvalidInput


def names(folder) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_an_existing_file_is_overwritten_only_with_force(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(InvalidInput, match="a already exists: .* --force"):
        check_writable(tmp_path / "a", force=False)
    check_writable(tmp_path / "a", force=True)
    check_writable(tmp_path / "b", force=False)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InvalidInput, match="there is no folder .*none"):
        check_writable(tmp_path / "none" / "a", force=True)


def test_a_result_replaces_the_old_file_at_the_end_and_only_its_owner_can_read_it(tmp_path):
    (tmp_path / "a").write_text("old")
    with replacing_file(tmp_path / "a") as unfinished:
        unfinished.write_text("new")
        assert (tmp_path / "a").read_text() == "old"
    assert (tmp_path / "a").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert names(tmp_path) == ["a"]


def test_an_interrupted_result_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing_file(tmp_path / "a") as unfinished:
        unfinished.write_text("half")
        raise KeyboardInterrupt
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_a_full_disk_is_reported_with_the_file_name(tmp_path):
    with pytest.raises(InvalidInput, match="a cannot be written: No space left"), replacing_file(tmp_path / "a"):
        raise OSError(28, "No space left on device")
