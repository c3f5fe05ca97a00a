"""Training: the loss and the measure by hand, real training on a few rows, in two processes, and after a kill."""

import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks.app_process import ROOT, clean_environment
from product.inference import checkpoint, packing
from product.inference import manifest as manifests
from product.inference.text import TextEncoder
from product.sentiment import LABELS
from tests.support import tiny
from training.compression.distillation import Teacher
from training.data.rows import BadRequest, Row
from training.modelling import distributed
from training.modelling.trainer import (
    IGNORED,
    BadRun,
    Recipe,
    SentimentTrainer,
    SimilarLengths,
    Targets,
    arguments,
    claim,
    collate,
    encode,
    interpolate_weights,
    mean_adapter,
    mixed_precision,
    prepare_model,
    quality_of,
    resumable,
    save,
    smoothed,
    steady_quality_of,
    train,
    with_adapter,
)
from training.release import checkpoints
from training.release import plan as plans
from training.release.finetune import finetune_version
from training.release.plan import Options

LEARNED = [
    Row(text, label, "test")
    for label, texts in {
        "negative": ("it broke again", "nobody answers me", "the worst service", "I want my money back"),
        "neutral": ("what time do you open", "send me the invoice", "my number is new", "where is the form"),
        "positive": ("thanks, it works", "great help today", "love the new app", "you were so kind"),
    }.items()
    for text in texts
]
SHORT = Recipe(rank=8, alpha=16, learning_rate=2e-3, epochs=10, batch_size=4)


@pytest.fixture(scope="module")
def base():
    return checkpoint.locate_base()


@pytest.fixture(scope="module")
def encoder(base):
    return TextEncoder(base / "tokenizer.json", 64)


def logits(model, rows: list[Row], encoder: TextEncoder) -> np.ndarray:
    batch = collate([dict(row) for row in encode(rows, encoder)])
    return checkpoint.torch_logits(model, batch["input_ids"], batch["attention_mask"])


def test_rows_held_to_probabilities_have_no_label_to_learn(encoder):
    targets = np.array([[np.nan] * 3, [0.2, 0.5, 0.3]], dtype=np.float32)
    data = encode(LEARNED[:2], encoder, targets)
    assert data["labels"] == [0, IGNORED]


def test_a_batch_is_padded_to_its_longest_row(encoder):
    batch = collate([dict(row) for row in encode(LEARNED[:2], encoder)])
    # [CLS] it broke again [SEP]; [CLS] nobody answers me [SEP]
    assert batch["input_ids"].shape == (2, 5)


def test_an_adapter_learns_its_rows_and_comes_back_from_disk_as_it_was(base, encoder, tmp_path):
    model, history = train(checkpoint.load_base(base), encode(LEARNED, encoder), None, SHORT, tmp_path / "work")
    learned = logits(model, LEARNED, encoder)
    assert (learned.argmax(1) == [0] * 4 + [1] * 4 + [2] * 4).mean() >= 11 / 12
    save(model, tmp_path / "adapter")
    assert sorted(file.name for file in (tmp_path / "adapter").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    restored = checkpoint.assemble(base, [tmp_path / "adapter"])
    # saved in half precision: three significant digits
    assert logits(restored, LEARNED, encoder) == pytest.approx(learned, abs=0.05)


def test_rows_held_to_what_the_model_said_keep_it_there_while_another_row_is_learned(base, encoder, tmp_path):
    torch.manual_seed(0)
    start = checkpoint.load_base(base).eval()
    said = torch.softmax(torch.from_numpy(logits(start, LEARNED[1:], encoder)), -1).numpy()
    targets = np.vstack([[[np.nan] * 3], said]).astype(np.float32)
    model, _ = train(start, encode(LEARNED, encoder, targets), None, SHORT, tmp_path / "work")
    after = torch.softmax(torch.from_numpy(logits(model, LEARNED, encoder)), -1).numpy()
    assert after[0].argmax() == 0
    assert np.abs(after[1:] - said).mean() < 0.1


PLAIN = Recipe()


def loss_of(logits: list[list[float]], recipe: Recipe = PLAIN, mine: list | None = None, **given) -> float:
    """What the trainer makes of a model that answers `logits` and has the last hidden states `mine`."""
    rows = len(logits)
    inputs = {
        "labels": torch.tensor(given.get("labels", [IGNORED] * rows)),
        "polar": torch.tensor(given.get("polar", [False] * rows)),
        "targets": torch.tensor(given.get("targets", [[torch.nan] * 3] * rows)),
    }
    if "hidden" in given:
        inputs["hidden"] = torch.tensor(given["hidden"])
    states = (None, torch.tensor(mine)[:, None] if mine else None)
    output = SimpleNamespace(logits=torch.tensor(logits), hidden_states=states)
    trainer = SimpleNamespace(recipe=recipe)
    return float(SentimentTrainer.compute_loss(trainer, lambda **_: output, inputs))


LOG2, LOG4 = float(np.log(2)), float(np.log(4))


def test_the_loss_of_labelled_rows_is_their_mean_cross_entropy():
    # probabilities 1/4, 1/4, 1/2: -ln 1/2 for positive, -ln 1/4 for negative
    rows = [[0.0, 0.0, LOG2]] * 2
    assert loss_of(rows, labels=[2, 0]) == pytest.approx((LOG2 + LOG4) / 2)


def test_in_a_row_without_a_neutral_class_the_neutral_logit_counts_for_nothing():
    # negative and positive are left with 1/2 each, whatever is said of neutral
    assert loss_of([[0.0, 9.0, 0.0]], labels=[2], polar=[True]) == pytest.approx(LOG2)
    smooth = Recipe(label_smoothing=0.2)
    assert loss_of([[0.0, 9.0, 0.0]], smooth, labels=[2], polar=[True]) == pytest.approx(LOG2)


def test_smoothing_spreads_over_the_classes_that_a_row_could_have():
    found = smoothed(torch.tensor([0, 0]), torch.tensor([False, True]), 0.3)
    assert found.tolist() == [pytest.approx([0.8, 0.1, 0.1]), pytest.approx([0.85, 0.0, 0.15])]


def test_a_held_row_costs_its_divergence_from_what_was_given():
    # KL((1/2, 1/4, 1/4) || (1/4, 1/4, 1/2)) = 1/2 ln 2 + 0 - 1/4 ln 2 = 1/4 ln 2, weighed by hold
    given = [[0.5, 0.25, 0.25]]
    assert loss_of([[0.0, 0.0, LOG2]], Recipe(hold=2.0), targets=given) == pytest.approx(LOG2 / 2)
    # and it is nothing where the answer is the target, on a row without a neutral class too
    assert loss_of([[0.0, 5.0, LOG2]], targets=[[1 / 3, 0.0, 2 / 3]], polar=[True]) == pytest.approx(0.0, abs=1e-6)


def test_a_hidden_state_costs_its_cosine_distance_from_the_teachers():
    # held rows that are right cost nothing else; at a right angle the distance is 1, at 60 degrees 1/2
    given = {"targets": [[0.25, 0.25, 0.5]] * 2, "hidden": [[0.0, 3.0], [1.0, 3**0.5]]}
    found = loss_of([[0.0, 0.0, LOG2]] * 2, Recipe(hidden_share=0.4), mine=[[2.0, 0.0], [5.0, 0.0]], **given)
    assert found == pytest.approx(0.4 * (1 + 0.5) / 2)


def test_quality_is_the_mean_over_corpora_of_macro_f1_with_two_classes_where_there_are_two():
    rows = [Row("a", "negative", "imdb"), Row("b", "positive", "imdb")]
    rows += [Row(text, label, "airline") for text, label in zip("cdef", LABELLED, strict=True)]
    # imdb: neutral is highest and does not count; one of two right: F1 of negative 2/3, of positive 0: 1/3.
    logits = [[1.0, 9.0, 0.0], [1.0, 9.0, 0.0]]
    # airline: given 0 1 1 2 for 0 1 2 2: F1 1, 2/3, 2/3: 7/9.
    logits += [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    prediction = SimpleNamespace(predictions=np.array(logits), label_ids=np.array([0, 2, 0, 1, 2, 2]))
    found = quality_of(rows)(prediction)
    assert found["imdb"] == pytest.approx(1 / 3)
    assert found["airline"] == pytest.approx(7 / 9)
    assert found["quality"] == pytest.approx(5 / 9)


LABELLED = ("negative", "neutral", "positive", "positive")


def looks_at(rows: list[Row], looks: list[list[int]]) -> list[float]:
    """The quality of each look, whose answers for the rows are these labels."""
    watch = steady_quality_of(rows)
    labels = np.array([LABELS.index(row.label) for row in rows])
    return [
        watch(SimpleNamespace(predictions=np.eye(3)[answers] * 9.0, label_ids=labels))["quality"] for answers in looks
    ]


def test_a_look_counts_as_worse_only_where_it_is_clearly_so():
    # 10 corrections and 40 rows still known: one row of the former weighs 1/20, of the latter 1/80
    rows = [Row(f"a {number}", "negative", "corrections") for number in range(10)]
    rows += [Row(f"b {number}", "negative", "airline") for number in range(40)]

    def answers(corrected: int, known: int) -> list[int]:
        """So many of each read as negative."""
        return [0] * corrected + [2] * (10 - corrected) + [0] * known + [2] * (40 - known)

    first, second, third, fourth = looks_at(rows, [answers(8, 40), answers(5, 40), answers(3, 40), answers(9, 38)])
    assert first == pytest.approx((0.8 + 1) / 2)
    # three broken are 3/20 at a standard error of sqrt(3)/20: less than two of them, so the later look is the better
    assert first < second == pytest.approx(0.9)
    # five broken are 5/20 at sqrt(5)/20: more than two
    assert third == pytest.approx((0.3 + 1) / 2)
    # one fixed, two broken, 1/20 - 2/80
    assert second < fourth == pytest.approx((0.9 + 0.95) / 2)


def test_a_look_at_rows_without_a_neutral_class_chooses_between_two():
    watch = steady_quality_of([Row("a film", "negative", "imdb")])
    seen = SimpleNamespace(predictions=np.array([[1.0, 9.0, 0.0]]), label_ids=np.array([0]))
    assert watch(seen) == {"imdb": 1.0, "quality": 1.0}


def test_rows_that_watch_a_run_are_read_in_their_order(base, encoder, tmp_path):
    """By their order `quality_of` tells the corpora apart; the Trainer's own sampler would shuffle them."""
    recipe = Recipe(epochs=1, batch_size=4, rank=2, precision="fp32")
    mixed = [Row(f"{row.text} {index}", row.label, "imdb" if index % 2 else "airline") for index, row in HELD]
    trainer = SentimentTrainer(
        model=prepare_model(checkpoint.load_base(base), recipe),
        args=arguments(recipe, 12, True, tmp_path),
        train_dataset=encode(LEARNED, encoder),
        eval_dataset=encode(mixed, encoder),
        data_collator=collate,
    )
    trainer.recipe = recipe
    assert list(trainer._get_eval_sampler(encode(mixed, encoder))) == list(range(len(mixed)))
    ids = [len(row) for row in trainer.train_dataset["input_ids"]]
    batches = [sorted(ids[index] for index in batch) for batch in trainer.get_train_dataloader().batch_sampler]
    # sorted by length these 12 make three batches of like length
    assert sorted(batches) == [sorted(ids)[:4], sorted(ids)[4:8], sorted(ids)[8:]]


HELD = [(index, row) for index, row in enumerate(LEARNED) if row.label != "neutral"]


def test_an_epoch_reads_each_row_once_in_an_order_of_its_own_and_the_same_again():
    lengths = [5, 1, 4, 1, 3, 9, 2, 6, 5, 3, 5]
    sampler = SimilarLengths(lengths, batch_size=4, seed=1)
    first = list(sampler)
    assert sorted(first) == list(range(11)) and list(sampler) == first
    sampler.set_epoch(1)
    assert sorted(sampler) == list(range(11)) and list(sampler) != first
    # the batch of three stays last, so that the others are whole
    batches = [[lengths[index] for index in first[start : start + 4]] for start in (0, 4)]
    assert sorted(sorted(batch) for batch in batches) == [[1, 1, 2, 3], [3, 4, 5, 5]]


def test_precisions_that_are_not_known_or_not_possible_here_are_refused(monkeypatch):
    with pytest.raises(BadRun, match="--precision 'int8' is not known; known are auto, bf16, fp16, fp32"):
        mixed_precision("int8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BadRun, match="--precision fp16 needs a GPU; on a CPU there are bf16 and fp32"):
        mixed_precision("fp16")
    assert mixed_precision("fp32") == {"use_cpu": True, "bf16": False, "fp16": False}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False, "amx_bf16": True})
    assert mixed_precision() == {"use_cpu": True, "bf16": True, "fp16": False}
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert mixed_precision() == {"use_cpu": True, "bf16": False, "fp16": False}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert mixed_precision() == {"use_cpu": False, "bf16": False, "fp16": True}


def test_a_folder_belongs_to_the_request_that_claimed_it(tmp_path):
    claim(tmp_path / "work", {"corpora": ["airline"]})
    claim(tmp_path / "work", {"corpora": ["airline"]})
    with pytest.raises(BadRun, match="holds a run of another request; delete it, or name another --out"):
        claim(tmp_path / "work", {"corpora": ["imdb"]})


def test_a_run_goes_on_from_the_last_checkpoint_that_is_whole(tmp_path):
    assert resumable(tmp_path) is None
    for step, state in ((9, "{}"), (10, '{"global_step": 10}'), (100, '{"global_'), (200, None)):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if state:
            (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
    assert resumable(tmp_path) == str(tmp_path / "checkpoint-10")


def test_a_batch_that_processes_cannot_share_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(BadRun, match="--batch-size 32 cannot be shared by 3 processes: name a multiple of 3"):
        plans.recipe_for("full", {"batch_size": 32})
    assert distributed.processes() == 3


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
def test_what_cannot_be_done_is_said_before_any_row_is_read(zh, method, overrides, options, reason):
    with pytest.raises(BadRequest, match=reason):
        zh("refused", method=method, options=Options(**options), corpora=["replay-zh"], **overrides)
    assert not list(zh.folder.glob(".refused*"))


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


def test_two_processes_come_to_what_one_comes_to(zh, settings):
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


def test_a_run_that_was_killed_goes_on_from_its_last_evaluation(zh, settings):
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
    while not resumable(work) and run.poll() is None:
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL, (zh.folder / "log").read_text()
    kept = json.loads((work / resumable(work).rsplit("/")[-1] / "trainer_state.json").read_text())
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


def test_a_run_goes_on_from_a_packed_checkpoint_and_an_adapter_brings_what_it_stands_on(zh, zh_version):
    made = zh("further", "lora", Options(start=zh_version / "zh" / "packed", validation_rows=5), epochs=1, rank=4)
    expert = made.experts["zh"]
    assert (expert.base, expert.parts) == (None, ["zh/start", "zh/adapter"])
    assert made.training["stages"][-1]["recipe"]["alpha"] == 8


def test_a_version_on_the_products_own_base_is_packed_as_what_differs_from_it(base, settings, tmp_path):
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


def test_targets_with_hidden_states_travel_with_their_rows(encoder):
    targets = Targets(np.full((2, 3), np.nan, dtype=np.float32), np.array([[1.0, 2.0], [3.0, 4.0]]))
    batch = collate([dict(row) for row in encode(LEARNED[:2], encoder, targets)])
    assert batch["hidden"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert "hidden" not in collate([dict(row) for row in encode(LEARNED[:2], encoder)])


def test_all_weights_but_the_embeddings_are_trained_with_attention_that_is_fast(base):
    model = prepare_model(checkpoint.load_base(base), Recipe(method="full"))
    frozen = {name.split(".")[1] for name, weight in model.named_parameters() if not weight.requires_grad}
    assert frozen == {"embeddings"}
    assert model.config._attn_implementation == "sdpa"


def stirred(folder, recipe: Recipe, seed: int):
    """Adapters of random weights on the checkpoint in the folder."""
    model = with_adapter(checkpoint.load_base(folder, dtype=torch.float32), recipe)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora" in name or "modules_to_save" in name:
                weight.add_(torch.randn(weight.shape, generator=generator))
    return model


def test_the_mean_of_adapters_changes_every_weight_by_the_mean_of_their_changes(tmp_path):
    folder, recipe = tiny.write_checkpoint(tmp_path / "tiny"), Recipe(rank=2, alpha=4)
    models = [stirred(folder, recipe, seed) for seed in (3, 4)]
    began = checkpoint.load_base(folder, dtype=torch.float32)
    mean = mean_adapter(models, checkpoint.load_base(folder, dtype=torch.float32), recipe)
    found = mean.merge_and_unload().state_dict()
    one, other = (model.merge_and_unload().state_dict() for model in models)
    moved = [name for name in found if not torch.equal(found[name], began.state_dict()[name])]
    assert {"classifier.weight", "bert.encoder.layer.0.attention.self.query.weight"} <= set(moved)
    for name in found:
        torch.testing.assert_close(found[name], (one[name] + other[name]) / 2, rtol=1e-4, atol=1e-5)


def test_a_shortened_adapter_goes_that_part_of_the_way_from_the_weights_it_began_with(tmp_path):
    folder = tiny.write_checkpoint(tmp_path / "tiny")
    model = with_adapter(checkpoint.load_base(folder, dtype=torch.float32), Recipe(rank=2, alpha=4))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name or "modules_to_save" in name:
                weight.add_(torch.randn(weight.shape, generator=generator))
    began = checkpoint.load_base(folder, dtype=torch.float32).state_dict()
    whole = copy.deepcopy(model).merge_and_unload().state_dict()
    interpolate_weights(model, 0.7)
    found = model.merge_and_unload().state_dict()
    moved = [name for name in began if not torch.equal(began[name], whole[name])]
    assert {"classifier.weight", "bert.encoder.layer.0.attention.self.query.weight"} <= set(moved)
    for name in began:
        expected = began[name] + 0.7 * (whole[name] - began[name])
        torch.testing.assert_close(found[name], expected, rtol=1e-4, atol=1e-5)
