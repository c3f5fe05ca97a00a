"""Runs of finetuning: refused requests, two processes, resuming after a kill, teachers, packed checkpoints."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import torch

from benchmarks.app_process import ROOT, clean_environment
from product.inference import checkpoint, packing
from product.inference import manifest as manifests
from training.compression.distillation import Teacher
from training.data.rows import BadRequest
from training.modelling.recipe import Recipe
from training.modelling.run_folder import last_checkpoint
from training.release import checkpoints
from training.release.finetune import finetune_version, version_from_checkpoint
from training.release.plan import Options

FEW = ("--corpus", "replay-zh=60", "--language", "zh", "--method", "full", "--tokens", "16", "--precision", "fp32")
FEW_OVERRIDES = {"max_tokens": 16, "precision": "fp32"}


@pytest.fixture
def zh(settings, zh_checkpoint, tmp_path):
    """Trains the tiny Chinese model, with nothing random in it but its rows' order, on sixty rows."""
    folder = shutil.copytree(zh_checkpoint, tmp_path / "base")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config | still), encoding="utf-8")

    def run(name: str, method: str = "full", options: Options | None = None, **more):
        told = {"corpora": ["replay-zh=60"], "base": str(folder)}
        told |= {key: more.pop(key) for key in tuple(more) if key in told}
        return finetune_version(
            settings,
            **told,
            out=tmp_path / name,
            method=method,
            version="zh-3",
            overrides=FEW_OVERRIDES | more,
            language="zh",
            options=options or Options(),
            say=print,
        )

    run.folder, run.base = tmp_path, folder
    return run


def evaluations(folder) -> list[dict]:
    """Step, loss and quality of each evaluation that a finished checkpoint's run had."""
    history = json.loads((folder / "result.json").read_text(encoding="utf-8"))["history"]
    told = [entry for entry in history if "eval_quality" in entry]
    return [{name: entry[name] for name in ("step", "eval_loss", "eval_quality")} for entry in told]


def close(found: list[dict], expected: list[dict]) -> bool:
    return len(found) == len(expected) and all(
        one == pytest.approx(other, abs=0.02) for one, other in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize(
    ("method", "overrides", "options", "reason"),
    [
        ("half", {}, {}, "--method 'half' is not known; known are lora, full"),
        ("lora", {}, {"pack": 4}, "--pack goes with --method full"),
        ("full", {}, {"pack": 3}, "--pack 3: weights are packed in 4 or 8 bits"),
        ("full", {"hidden_share": 0.5}, {}, "name it with --teacher"),
        ("full", {"soft_share": 2.0}, {}, "soft share 2.0: 0 to 1 is allowed"),
        ("full", {"batch_size": 0}, {}, "batch size 0: 1 or more is allowed"),
        ("full", {"max_tokens": 9999}, {}, "--tokens 9999: this model reads 512 at most"),
        ("full", {}, {"layers": "0,2"}, "this model has 2 layers, 0 to 1"),
        ("full", {}, {"teachers": (Teacher(ROOT, "imdb"),)}, "--teacher imdb=…: that corpus is not asked for"),
        ("full", {}, {"start": ROOT}, "--start .*: neither model.safetensors nor packed.safetensors is in it"),
        ("full", {}, {"validation_rows": 0}, "--validation-rows 0: 1 or more is allowed"),
    ],
)
def test_an_impossible_request_is_refused_before_any_row_is_read(zh, method, overrides, options, reason):
    with pytest.raises(BadRequest, match=reason):
        zh("refused", method=method, options=Options(**options), corpora=["replay-zh"], **overrides)
    assert not list(zh.folder.glob(".refused*"))


def test_two_processes_reach_the_validation_results_of_one(zh, settings):
    """Two processes (torchrun, gloo) on a tiny model come to the validation results of one, within noise: the same
    seed, the same 8 rows a step, frozen embeddings. Without dropout, in fp32, what is left is the order of sums."""
    zh("one", options=Options(checkpoint_only=True, validation_rows=15), epochs=2, batch_size=8, precision="fp32")
    words = (*FEW, "--base", str(zh.base), "--epochs", "2", "--batch-size", "8", "--validation-rows", "15")
    words += ("--precision", "fp32")
    launcher = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    done = subprocess.run(
        [*launcher, "-m", "training", "finetune", *words, "--checkpoint-only", "--out", str(zh.folder / "two")],
        cwd=ROOT,
        env=clean_environment(settings.data_dir, OMP_NUM_THREADS="1", CUDA_VISIBLE_DEVICES=""),
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    # only the first process speaks
    assert done.stderr.count("training on 60 rows") == 1 and done.stdout.count("written to") == 1
    assert [entry["step"] for entry in evaluations(zh.folder / "one")] == [8, 16]
    assert close(evaluations(zh.folder / "two"), evaluations(zh.folder / "one"))
    assert not list(zh.folder.glob(".two*"))


def test_a_killed_run_resumes_from_its_last_evaluation(zh, settings):
    """Killed (SIGKILL) after its first checkpoint and called again, it ends where one that was left alone ends."""
    words = (*FEW, "--base", str(zh.base), "--epochs", "4", "--batch-size", "8", "--validation-rows", "15")
    command = [sys.executable, "-m", "training", "finetune", *words, "--checkpoint-only", "--out"]
    environment = clean_environment(settings.data_dir, OMP_NUM_THREADS="1", CUDA_VISIBLE_DEVICES="")
    work = zh.folder / ".killed.work"
    with (zh.folder / "log").open("wb") as log:
        run = subprocess.Popen(
            [*command, str(zh.folder / "killed")],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    while not last_checkpoint(work) and run.poll() is None:
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL, (zh.folder / "log").read_text()
    kept = json.loads((work / last_checkpoint(work).rsplit("/")[-1] / "trainer_state.json").read_text())
    asked = {"options": Options(checkpoint_only=True, validation_rows=15), "epochs": 4.0, "batch_size": 8}
    zh("killed", **asked)
    history = json.loads((zh.folder / "killed" / "result.json").read_text())["history"]
    # What was there stayed, times included: none of it was done again.
    assert history[: len(kept["log_history"])] == kept["log_history"]
    zh("left-alone", **asked)
    assert history[-1]["step"] == 32
    assert close(evaluations(zh.folder / "killed"), evaluations(zh.folder / "left-alone"))


def test_a_student_with_fewer_layers_learns_from_a_teacher_and_is_packed(zh):
    zh("teacher", options=Options(checkpoint_only=True), epochs=1)
    assert sorted(file.name for file in (zh.folder / "teacher").iterdir()) == [
        "config.json",
        "model.safetensors",
        "result.json",
        "tokenizer.json",
    ]
    options = Options(layers="1", teachers=(Teacher(zh.folder / "teacher"),), pack=4, validation_rows=5)
    made = zh("student", options=options, epochs=1, hidden_share=0.1)
    expert = made.experts["zh"]
    # Chinese characters have no base that every installation has: it is packed whole
    assert (expert.base, expert.parts, expert.max_tokens) == (None, ["zh/packed"], 256)
    restored = packing.load(zh.folder / "student" / "zh" / "packed")
    assert restored.config.num_hidden_layers == 1
    assert len(list((zh.folder / ".teacher-cache").glob("*.npz"))) == 1
    told = manifests.verify(zh.folder / "student").training
    teacher, student = told["stages"]
    assert (student["options"]["layers"], student["options"]["teachers"]) == ("1", "teacher")
    assert "teachers" not in teacher["options"]
    assert told["seconds"] == pytest.approx(teacher["seconds"] + student["seconds"])


def test_an_adapter_trained_on_a_packed_checkpoint_is_saved_with_that_checkpoint(zh, zh_version):
    made = zh("further", "lora", Options(start=zh_version / "zh" / "packed", validation_rows=5), epochs=1, rank=4)
    expert = made.experts["zh"]
    assert (expert.base, expert.parts) == (None, ["zh/start", "zh/adapter"])
    assert made.training["stages"][-1]["recipe"]["alpha"] == 8


def test_a_version_on_the_products_base_is_packed_as_the_difference_from_it(tmp_path):
    base = checkpoint.locate_base()
    model = checkpoint.load_base(base, dtype=torch.float32)
    options = Options(pack=4)
    plan = SimpleNamespace(
        base=base,
        options=options,
        tokenizer=base / "tokenizer.json",
        recipe=Recipe(method="full"),
        work=tmp_path,
    )
    model.save_pretrained(tmp_path / checkpoints.TRAINED)
    found, parts = checkpoints.write_expert_parts(plan, "en", tmp_path / "draft")
    assert (found, parts) == (base, ["en/packed"])
    # the head alone is new
    assert (tmp_path / "draft" / "en" / "packed" / packing.FILE).stat().st_size < 20_000
    small = tmp_path / "small"
    small.mkdir()
    (small / "tokenizer.json").write_text("{}")
    plan.tokenizer = small / "tokenizer.json"
    assert checkpoints.shared_base(base, plan.tokenizer, model) is None


def test_a_checkpoint_becomes_a_version_that_is_packed_and_calibrated(zh_checkpoint, settings, tmp_path):
    made = version_from_checkpoint(
        settings,
        zh_checkpoint,
        language="zh",
        bits=8,
        corpora=["replay-zh"],
        out=tmp_path / "version",
        version="packed-7",
        say=print,
    )
    assert made.experts["zh"].parts == ["zh/packed"]
    assert made.experts["zh"].temperature != 1.0
    assert made.metrics["desk-zh test"]["rows"] == 200
    assert manifests.verify(tmp_path / "version").id == "packed-7"
