"""Refusals of the compress commands."""

import shutil

from typer.testing import CliRunner

from training.cli.compress import app
from training.data.rows import BadRequest


def test_commands_refuse_incomplete_input_and_name_the_option_and_the_missing_part(zh_checkpoint, tmp_path):
    shutil.copytree(zh_checkpoint, tmp_path / "no-tokenizer")
    (tmp_path / "no-tokenizer" / "tokenizer.json").unlink()
    for arguments, reason in (
        (["layers", "--model", zh_checkpoint, "--keep", "0,7", "--out", tmp_path / "a"], "--keep 0,7: give the layers"),
        (
            ["layers", "--model", tmp_path / "no-tokenizer", "--keep", "0", "--out", tmp_path / "a"],
            "tokenizer.json is mis",
        ),
        (["layers", "--model", zh_checkpoint, "--keep", "0", "--out", zh_checkpoint], "is not empty"),
        (
            ["pack", "--model", zh_checkpoint, "--bits", "5", "--out", tmp_path / "a"],
            "--bits 5: weights can be packed in 4",
        ),
        (
            ["table", "--model", tmp_path / "no-tokenizer", "--data", "desk-zh"],
            "a version has manifest.json, a checkpoint",
        ),
    ):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert isinstance(result.exception, BadRequest), result.output
        assert reason in str(result.exception)
