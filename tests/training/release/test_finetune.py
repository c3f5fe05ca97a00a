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
from product.inference import model as models
from training.compression.distillation import Teacher
from training.data.rows import BadRequest
from training.modelling.folders import last_checkpoint
from training.modelling.recipe import Recipe
from training.release import parts, training_run
from training.release.finetune import (
    CheckpointRequest,
    finetune_version,
    reported_corpora,
    version_from_checkpoint,
)
from training.release.plan import Options, Request, recipe_for

ARGUMENTS = (
    "--corpus",
    "replay-zh=60",
    "--language",
    "zh",
    "--method",
    "full",
    "--tokens",
    "16",
    "--precision",
    "fp32",
)
OVERRIDES = {"max_tokens": 16, "precision": "fp32"}


@pytest.fixture
def zh(settings, zh_checkpoint, tmp_path):
    """Trains the tiny Chinese model on sixty rows; only the order of the rows is random."""
    folder = shutil.copytree(zh_checkpoint, tmp_path / "base")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    no_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config | no_dropout), encoding="utf-8")

    def run(name: str, method: str = "full", options: Options | None = None, **more):
        corpora, base = more.pop("corpora", ["replay-zh=60"]), more.pop("base", str(folder))
        recipe = recipe_for(method, OVERRIDES | more)
        request = Request(corpora, recipe, tmp_path / name, base, "zh", options or Options())
        return finetune_version(settings, request, "zh-3")

    run.folder, run.base = tmp_path, folder
    return run


def evaluations(folder) -> list[dict]:
    """Step, loss and quality of each evaluation, from the result file of a finished checkpoint."""
    history = json.loads((folder / "result.json").read_text(encoding="utf-8"))["history"]
    entries = [entry for entry in history if "eval_quality" in entry]
    return [{name: entry[name] for name in ("step", "eval_loss", "eval_quality")} for entry in entries]


def close(found: list[dict], expected: list[dict]) -> bool:
    return len(found) == len(expected) and all(
        entry == pytest.approx(other, abs=0.001) for entry, other in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize(
    ("method", "overrides", "options", "reason"),
    [
        ("half", {}, {}, "--method 'half' is unknown; choose one of lora, full"),
        ("lora", {}, {"pack": 4}, "--pack needs --method full"),
        ("full", {}, {"pack": 3}, "--pack 3: weights can be packed in 4 or 8 bits"),
        ("full", {"hidden_share": 0.5}, {}, "--hidden-share needs exactly one --teacher"),
        ("full", {"soft_share": 2.0}, {}, "soft share 2.0 is not allowed; choose 0 to 1"),
        ("full", {"batch_size": 0}, {}, "batch size 0 is too small; the minimum is 1"),
        ("full", {"max_tokens": 9999}, {}, "--tokens 9999 is too many; this model reads 512 at most"),
        ("full", {}, {"layers": "0,2"}, "this model has 2 layers, 0 to 1"),
        ("full", {}, {"teachers": (Teacher(ROOT, "imdb"),)}, "--teacher imdb=…: not one of the corpora to train on"),
        ("full", {}, {"start": ROOT}, "--start .*: the folder has neither model.safetensors nor packed.safetensors"),
        ("full", {}, {"validation_rows": 0}, "--validation-rows 0 is too small; the minimum is 1"),
    ],
)
def test_an_invalid_request_is_refused_before_any_row_is_read(zh, method, overrides, options, reason):
    with pytest.raises(BadRequest, match=reason):
        zh("refused", method=method, options=Options(**options), corpora=["replay-zh"], **overrides)
    assert not list(zh.folder.glob(".refused*"))


def test_two_processes_reach_the_validation_results_of_a_single_process(zh, settings):
    """Two processes (torchrun, gloo) use the same seed and the same 8 rows per step as one; without dropout and in fp32
    only the order of sums differs. The numbers of rows divide evenly, because a process short of rows repeats some."""
    more = {"corpora": ["replay-zh=64"], "epochs": 2, "batch_size": 8, "precision": "fp32"}
    zh("one", options=Options(checkpoint_only=True, validation_rows=16), **more)
    arguments = (
        "--corpus",
        "replay-zh=64",
        *ARGUMENTS[2:],
        "--base",
        str(zh.base),
        "--epochs",
        "2",
        "--batch-size",
        "8",
        "--validation-rows",
        "16",
    )
    arguments += ("--precision", "fp32")
    launcher = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    done = subprocess.run(
        [*launcher, "-m", "training", "finetune", *arguments, "--checkpoint-only", "--out", str(zh.folder / "two")],
        cwd=ROOT,
        env=clean_environment(settings.data_dir, OMP_NUM_THREADS="1", CUDA_VISIBLE_DEVICES=""),
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    # only the first process logs
    assert done.stderr.count("training on 64 rows") == 1 and done.stdout.count("written to") == 1
    assert [entry["step"] for entry in evaluations(zh.folder / "one")] == [8, 16]
    assert close(evaluations(zh.folder / "two"), evaluations(zh.folder / "one"))
    assert not list(zh.folder.glob(".two*"))


def test_a_killed_run_resumes_from_its_last_evaluation(zh, settings):
    """After SIGKILL and a second call it ends with the results of an uninterrupted run."""
    arguments = (*ARGUMENTS, "--base", str(zh.base), "--epochs", "4", "--batch-size", "8", "--validation-rows", "15")
    command = [sys.executable, "-m", "training", "finetune", *arguments, "--checkpoint-only", "--out"]
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
    saved = json.loads((work / last_checkpoint(work).rsplit("/")[-1] / "trainer_state.json").read_text())
    more = {"options": Options(checkpoint_only=True, validation_rows=15), "epochs": 4.0, "batch_size": 8}
    zh("killed", **more)
    history = json.loads((zh.folder / "killed" / "result.json").read_text())["history"]
    # The saved history is unchanged, times included: nothing was trained twice.
    assert history[: len(saved["log_history"])] == saved["log_history"]
    zh("uninterrupted", **more)
    assert history[-1]["step"] == 32
    assert close(evaluations(zh.folder / "killed"), evaluations(zh.folder / "uninterrupted"))


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
    # no base is part of every installation for Chinese, so all weights are packed
    assert (expert.base, expert.parts, expert.max_tokens) == (None, ["zh/packed"], 256)
    restored = packing.load(zh.folder / "student" / "zh" / "packed")
    assert restored.config.num_hidden_layers == 1
    assert len(list((zh.folder / ".teacher-cache").glob("*.npz"))) == 1
    training = manifests.verify(zh.folder / "student").training
    teacher, student = training["stages"]
    assert (student["options"]["layers"], student["options"]["teachers"]) == ("1", "teacher")
    assert "teachers" not in teacher["options"]
    assert training["seconds"] == pytest.approx(teacher["seconds"] + student["seconds"])


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
        language="en",
        tokenizer=base / "tokenizer.json",
        recipe=Recipe(method="full"),
        work=tmp_path,
    )
    model.save_pretrained(tmp_path / training_run.TRAINED)
    found, names = parts.write_expert_parts(plan, tmp_path / "draft")
    assert (found, names) == (base, ["en/packed"])
    # only the head differs
    assert (tmp_path / "draft" / "en" / "packed" / packing.FILE).stat().st_size < 20_000
    small = tmp_path / "small"
    small.mkdir()
    (small / "tokenizer.json").write_text("{}")
    plan.tokenizer = small / "tokenizer.json"
    assert parts.shared_base(base, plan.tokenizer, model) is None


def test_a_checkpoint_becomes_a_version_that_is_packed_and_calibrated(zh_checkpoint, settings, tmp_path):
    request = CheckpointRequest(zh_checkpoint, ["replay-zh"], tmp_path / "version", language="zh")
    made = version_from_checkpoint(settings, request, "packed-7")
    assert made.experts["zh"].parts == ["zh/packed"]
    assert made.experts["zh"].temperature != 1.0
    assert made.metrics["desk-zh test"]["rows"] == 200
    assert manifests.verify(tmp_path / "version").id == "packed-7"


@pytest.mark.parametrize(("method", "part"), [("lora", "zh/adapter"), ("full", "zh/checkpoint")])
def test_a_chinese_expert_is_trained_from_another_base(zh_checkpoint, settings, tmp_path, method, part):
    made = finetune_version(
        settings,
        Request(
            corpora=["replay-zh=60"],
            recipe=recipe_for(method, {"epochs": 1, "max_tokens": 32}),
            out=tmp_path / "zh-2",
            base=str(zh_checkpoint),
            language="zh",
        ),
        "zh-2",
    )
    expert = made.experts["zh"]
    # trained on 32 tokens, it still reads 256 when serving
    assert (list(made.experts), expert.parts, expert.max_tokens) == (["zh"], [part], 256)
    assert list(made.metrics) == ["desk-zh test", "support-zh test", "composed-zh test"]
    # a full checkpoint has all weights; an adapter needs the base
    assert (expert.base.name if expert.base else None) == (str(zh_checkpoint) if method == "lora" else None)
    texts = ["Where is my parcel?", "我的包裹在哪里？", "坏了，没人管。"]
    served = models.load(tmp_path / "zh-2").probabilities(texts)
    assert models.load(tmp_path / "zh-2", "torch").probabilities(texts) == pytest.approx(served, abs=0.1)


def test_hub_corpora_are_measured_only_if_they_were_trained_on():
    assert reported_corpora("en", ["airline"], "") == ["airline", "desk-en", "composed-en"]
    trained = ["airline", "imdb", "replay-en"]
    assert reported_corpora("en", trained, "") == ["airline", "desk-en", "imdb", "composed-en"]
    assert reported_corpora("zh", ["replay-zh"], "/corpora") == ["desk-zh", "zh-reviews", "support-zh", "composed-zh"]
