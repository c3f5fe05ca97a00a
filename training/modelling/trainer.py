"""A base model and labelled rows to a checkpoint: all weights or LoRA adapters, with the Hugging Face Trainer."""

import json
import logging
import math
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils import ModulesToSaveWrapper
from safetensors.torch import load_file, save_file
from sklearn.metrics import f1_score
from torch.utils.data import Sampler, SequentialSampler
from transformers import (
    EarlyStoppingCallback,
    PreTrainedModel,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from product.inference.text import TextEncoder, pad
from product.sentiment import LABELS, AttuneError
from training.data.catalogue import CATALOGUE
from training.data.rows import Row
from training.modelling import distributed

log = logging.getLogger(__name__)
IGNORED = -100
NEUTRAL = LABELS.index("neutral")
ABSENT = -1e4
"""A logit that counts for nothing in a softmax, also in half precision."""


class BadRun(AttuneError):
    """A training run cannot be begun or gone on with; the message says why and what to do."""


@dataclass(frozen=True)
class Recipe:
    """Hyper-parameters of a run; `batch_size` is that of all processes together.

    `hold` weighs the divergence from given probabilities, `soft_share` says how much of a row's target they are, the
    rest being its label; `hidden_share` weighs the cosine distance to a teacher's last hidden state of [CLS].
    `misspelled` is the share of short rows that are read with slips in them, held to what was said of them without.
    Embeddings are frozen with all weights trained as well: words that no training row has would else be left behind.
    """

    method: str = "lora"
    rank: int = 32
    alpha: int = 64
    learning_rate: float = 3e-4
    epochs: float = 3
    batch_size: int = 32
    warmup: float = 0.1
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    misspelled: float = 0.0
    evaluations_per_epoch: int = 1
    patience: int = 3
    hold: float = 1.0
    soft_share: float = 0.5
    hidden_share: float = 0.0
    max_tokens: int = 256
    precision: str = "auto"
    seed: int = 13


FULL = {"method": "full", "learning_rate": 1e-4}
PRECISIONS = ("auto", "bf16", "fp16", "fp32")


def mixed_precision(asked: str = "auto") -> dict:
    """`auto`: bf16 where the machine computes in it, fp16 on an older GPU, fp32 elsewhere; as arguments of the Trainer.

    Raises BadRun for what is not known or what the machine cannot do.
    """
    if asked not in PRECISIONS:
        raise BadRun(f"--precision {asked!r} is not known; known are {', '.join(PRECISIONS)}")
    cuda = torch.cuda.is_available()
    if asked == "fp16" and not cuda:
        raise BadRun("--precision fp16 needs a GPU; on a CPU there are bf16 and fp32")
    if asked == "auto":
        capabilities = torch.cpu.get_capabilities()
        fast = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
        asked = ("bf16" if torch.cuda.is_bf16_supported() else "fp16") if cuda else "bf16" if fast else "fp32"
    return {"use_cpu": not cuda, "bf16": asked == "bf16", "fp16": asked == "fp16"}


@dataclass(frozen=True)
class Targets:
    """What rows are held to: probabilities [rows, 3], NaN where a row is free; last hidden states [rows, hidden]."""

    probabilities: np.ndarray
    hidden: np.ndarray | None = None


def encode(rows: list[Row], encoder: TextEncoder, targets: np.ndarray | Targets | None = None) -> Dataset:
    """A data set with `input_ids`, `labels`, `polar` (no neutral class in the corpus), `targets` and, with a teacher's
    hidden states, `hidden`.

    A row whose target is not NaN is learned from it alone: its label is then IGNORED.
    """
    held = targets if isinstance(targets, Targets) else Targets(_free(rows) if targets is None else targets)
    free = np.isnan(held.probabilities[:, 0])
    labels = [LABELS.index(row.label) if own else IGNORED for row, own in zip(rows, free, strict=True)]
    ids = [encoded.ids for encoded in encoder.encode([row.text for row in rows])]
    columns = {
        "input_ids": ids,
        "labels": labels,
        "polar": [is_polar(row) for row in rows],
        "targets": held.probabilities.astype(np.float32).tolist(),
        "length": [len(row) for row in ids],
    }
    if held.hidden is not None:
        columns["hidden"] = held.hidden.astype(np.float32).tolist()
    return Dataset.from_dict(columns)


def _free(rows: list[Row]) -> np.ndarray:
    return np.full((len(rows), len(LABELS)), np.nan, dtype=np.float32)


def is_polar(row: Row) -> bool:
    """Whether the row's corpus has no neutral class, so that its label says nothing about neutral."""
    return row.source in CATALOGUE and CATALOGUE[row.source].polar


def collate(examples: list[dict]) -> dict[str, torch.Tensor]:
    """Padded to the longest of the batch, not to the 512 the base could take."""
    ids, mask = pad([example["input_ids"] for example in examples])
    batch = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
    for name, kind in (("labels", torch.int64), ("polar", torch.bool), ("targets", torch.float32)):
        batch[name] = torch.tensor([example[name] for example in examples], dtype=kind)
    if "hidden" in examples[0]:
        batch["hidden"] = torch.tensor([example["hidden"] for example in examples], dtype=torch.float32)
    return batch


class SimilarLengths(Sampler):
    """Row indices, batch by batch of rows of like length, the batches in an order of their own each epoch.

    The Trainer's own sampler hands out a pool of batches from its longest rows to its shortest, so that corpora of
    different length take turns in leading the model. This order depends on the seed and the epoch alone: a run that
    is taken up again reads just the rows it has not seen, and two processes share the very batches that one would see.
    """

    POOL = 50

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int):
        self.lengths, self.batch_size, self.seed, self.epoch = np.asarray(lengths), batch_size, seed, 0

    def __len__(self) -> int:
        return len(self.lengths)

    def set_epoch(self, epoch: int) -> None:
        """Called by the Trainer."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = np.random.default_rng((self.seed, self.epoch))
        order, size = generator.permutation(len(self.lengths)), self.batch_size * self.POOL
        pools = [order[start : start + size] for start in range(0, len(order), size)]
        ordered = np.concatenate([pool[np.argsort(self.lengths[pool], kind="stable")] for pool in pools])
        batches = [ordered[start : start + self.batch_size] for start in range(0, len(ordered), self.batch_size)]
        # The batch that is not full stays last: every other one begins at a multiple of the batch size.
        for index in [*generator.permutation(len(batches) - 1), len(batches) - 1]:
            yield from batches[index].tolist()


class SentimentTrainer(Trainer):
    """Cross-entropy on labelled rows, Kullback-Leibler divergence from given probabilities on held ones, cosine
    distance from a teacher's hidden state where there is one. In rows of a corpus without a neutral class the neutral
    logit is left out of all of it."""

    recipe: Recipe

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        labels, targets, polar = inputs.pop("labels"), inputs.pop("targets"), inputs.pop("polar")
        hidden = inputs.pop("hidden", None)
        outputs = model(**inputs, output_hidden_states=hidden is not None)
        logits = outputs.logits.float().clone()
        logits[polar, NEUTRAL] = ABSENT
        held = labels == IGNORED
        losses = torch.zeros(len(labels), device=logits.device)
        if (~held).any():
            wanted = smoothed(labels[~held], polar[~held], self.recipe.label_smoothing)
            losses[~held] = -(wanted * logits[~held].log_softmax(-1)).sum(-1)
        if held.any():
            divergence = torch.nn.functional.kl_div(logits[held].log_softmax(-1), targets[held], reduction="none")
            losses[held] = self.recipe.hold * divergence.sum(-1)
        if hidden is not None:
            mine = outputs.hidden_states[-1][:, 0].float()
            losses = losses + self.recipe.hidden_share * (1 - torch.nn.functional.cosine_similarity(mine, hidden))
            outputs.hidden_states = None
        loss = losses.mean()
        return (loss, outputs) if return_outputs else loss

    def _get_train_sampler(self, train_dataset=None) -> Sampler:
        return SimilarLengths(self.train_dataset["length"], self.recipe.batch_size, self.recipe.seed)

    def _get_eval_sampler(self, eval_dataset) -> Sampler:
        """In the order of the rows, by which `quality_of` tells the corpora apart."""
        return SequentialSampler(eval_dataset)

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        labels = inputs["labels"]
        with torch.inference_mode(), self.compute_loss_context_manager():
            loss, outputs = self.compute_loss(model, self._prepare_inputs(inputs), return_outputs=True)
        return loss, outputs.logits.float(), labels


def smoothed(labels: torch.Tensor, polar: torch.Tensor, share: float) -> torch.Tensor:
    """Targets [rows, 3]: the label, with `share` of it spread evenly over the classes that the row could have."""
    possible = torch.ones((len(labels), len(LABELS)), device=labels.device)
    possible[polar, NEUTRAL] = 0
    one = torch.nn.functional.one_hot(labels, len(LABELS))
    return (1 - share) * one + share * possible / possible.sum(-1, keepdim=True)


def quality_of(rows: list[Row]):
    """The measure that watches a run on these rows, whose predictions come in their order: per corpus macro-F1, over
    two classes where there is no neutral one; `quality` is their mean, each corpus counting the same."""
    sources = np.array([row.source for row in rows])
    polar = np.array([is_polar(row) for row in rows])

    def quality(prediction) -> dict[str, float]:
        logits, labels = prediction.predictions.copy(), prediction.label_ids
        logits[polar, NEUTRAL] = ABSENT
        chosen, found = logits.argmax(-1), {}
        for source in np.unique(sources):
            part = sources == source
            classes = [0, 2] if polar[part][0] else [0, 1, 2]
            found[str(source)] = float(
                f1_score(labels[part], chosen[part], labels=classes, average="macro", zero_division=0)
            )
        return found | {"quality": float(np.mean(list(found.values())))}

    return quality


CLEARLY = 2.0
"""Standard errors by which a look must be worse than the best before it to count as worse."""


def steady_quality_of(rows: list[Row]):
    """What watches a run on rows that may be few: `quality` is accuracy, each corpus counting the same, and falls only
    where a look is clearly worse than the best before, rows compared one by one; else the later look is the better.

    On sixty rows what training changes from look to look is mostly chance, and the best look of four would as a rule be
    one that stopped too soon.
    """
    sources = np.array([row.source for row in rows])
    polar = np.array([is_polar(row) for row in rows])
    names, of, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weights = 1 / (len(names) * counts[of])
    best, told = None, 0.0

    def quality(prediction) -> dict[str, float]:
        nonlocal best, told
        logits = prediction.predictions.copy()
        logits[polar, NEUTRAL] = ABSENT
        right = (logits.argmax(-1) == prediction.label_ids).astype(float)
        best = right if best is None else best
        change = weights * (right - best)
        worse = change.sum() < -CLEARLY * np.sqrt(np.square(change).sum())
        best = right if change.sum() > 0 else best
        found = float(weights @ right)
        if not worse:  # a hair more than before: what is told as better is what the Trainer goes on from
            found = told = max(told + 1e-9, found)
        each = {str(name): float(right[sources == name].mean()) for name in names}
        return each | {"quality": found}

    return quality


def with_adapter(model: PreTrainedModel, recipe: Recipe) -> PeftModel:
    """LoRA on every linear layer of the encoder; the head is trained whole and saved with the adapter."""
    config = LoraConfig(
        task_type="SEQ_CLS", r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=0.05, target_modules="all-linear"
    )
    return get_peft_model(model, config)


def prepare_model(model: PreTrainedModel, recipe: Recipe) -> torch.nn.Module:
    """What is to be trained: the model with adapters, or all of it but its embeddings."""
    # Faster than the eager attention that the exporter needs; the sums are the same.
    model.set_attn_implementation("sdpa")
    if recipe.method == "lora":
        return with_adapter(model, recipe)
    model.base_model.embeddings.requires_grad_(False)
    return model


def train(
    model: PreTrainedModel,
    rows: Dataset,
    validation: list[Row] | None,
    recipe: Recipe,
    work: Path,
    encoder: TextEncoder | None = None,
    callbacks: Sequence[TrainerCallback] = (),
    watch: Callable[[list[Row]], Callable] = quality_of,
) -> tuple:
    """One run of training, in as many processes as torchrun started. Returns (the model, the history of losses and
    scores).

    With rows to validate on it stops early and returns the model of the best `quality`, which `watch` makes of them;
    else it goes to the end. A run that was killed goes on from the last evaluation when it is called again with the
    same `work`.
    """
    set_seed(recipe.seed)
    watched = bool(validation)
    # Rows of like length side by side: padding is work for nothing.
    validation = sorted(validation or [], key=lambda row: len(row.text))
    stopping = [EarlyStoppingCallback(early_stopping_patience=recipe.patience)] if watched else []
    trainer = SentimentTrainer(
        model=prepare_model(model, recipe),
        args=arguments(recipe, len(rows), watched, work),
        train_dataset=rows,
        eval_dataset=encode(validation, encoder) if watched else None,
        data_collator=collate,
        compute_metrics=watch(validation) if watched else None,
        callbacks=[*stopping, *callbacks],
    )
    trainer.recipe = recipe
    trainer.train(resume_from_checkpoint=resumable(work))
    return trainer.model.eval(), trainer.state.log_history


def share_of_batch(recipe: Recipe) -> int:
    """Rows of a batch for each process. Raises BadRun where they cannot all have the same number."""
    if recipe.batch_size % distributed.processes():
        raise BadRun(
            f"--batch-size {recipe.batch_size} cannot be shared by {distributed.processes()} processes: "
            f"name a multiple of {distributed.processes()}"
        )
    return recipe.batch_size // distributed.processes()


def arguments(recipe: Recipe, rows: int, watched: bool, work: Path) -> TrainingArguments:
    steps = math.ceil(rows / recipe.batch_size)
    interval = max(1, steps // recipe.evaluations_per_epoch)
    watching = {
        "eval_strategy": "steps",
        "eval_steps": interval,
        "save_strategy": "steps",
        "save_steps": interval,
        "save_total_limit": 1,
        "load_best_model_at_end": True,
        "metric_for_best_model": "quality",
        # How long there was no progress is not forgotten when a run is taken up again.
        "restore_callback_states_from_checkpoint": True,
    }
    return TrainingArguments(
        output_dir=str(work),
        num_train_epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        per_device_train_batch_size=share_of_batch(recipe),
        per_device_eval_batch_size=64,
        warmup_steps=recipe.warmup,
        weight_decay=recipe.weight_decay,
        lr_scheduler_type="linear",
        # Every weight that is trained takes part in every step.
        ddp_find_unused_parameters=False,
        logging_steps=max(1, interval // 10),
        optim="adamw_torch_fused",
        remove_unused_columns=False,
        label_names=["labels"],
        report_to="none",
        disable_tqdm=False,
        seed=recipe.seed,
        **(watching if watched else {"save_strategy": "no"}),
        **mixed_precision(recipe.precision),
    )


def resumable(work: Path) -> str | None:
    """The last whole checkpoint in a run's folder: the Trainer writes its state last."""
    found = [folder for folder in work.glob("checkpoint-*") if _is_json(folder / "trainer_state.json")]
    return str(max(found, key=lambda folder: int(folder.name.split("-")[1]))) if found else None


def _is_json(file: Path) -> bool:
    try:
        return bool(json.loads(file.read_bytes()))
    except (OSError, ValueError):
        return False


def claim(work: Path, request: dict) -> None:
    """Make the folder this run's own, or go on in it; raises BadRun when it belongs to another request."""
    note, told = work / "request.json", json.dumps(request, sort_keys=True, indent=1)
    if note.is_file() and note.read_text(encoding="utf-8") != told:
        raise BadRun(f"{work} holds a run of another request; delete it, or name another --out")
    work.mkdir(parents=True, exist_ok=True)
    note.write_text(told, encoding="utf-8")


def save(model, folder: Path) -> None:
    """The adapter (or all weights) as safetensors in half precision: what is merged, exported and evaluated."""
    model.save_pretrained(folder)
    halve(folder)


@torch.no_grad()
def mean_adapter(models: Sequence[PeftModel], into: PeftModel, recipe: Recipe) -> PeftModel:
    """The mean of adapters that were trained on the same weights, on another copy of these: the change that it makes is
    exactly the mean of theirs, its rank the sum of theirs."""
    count = len(models)
    joined = with_adapter(into, replace(recipe, rank=count * recipe.rank, alpha=count * recipe.alpha))
    trained = [dict(model.named_parameters()) for model in models]
    for name, weight in joined.named_parameters():
        if "lora_A" in name:
            weight.copy_(torch.cat([each[name] for each in trained]))
        elif "lora_B" in name:
            weight.copy_(torch.cat([each[name] for each in trained], dim=1) / count)
        elif "modules_to_save" in name:
            weight.copy_(torch.stack([each[name] for each in trained]).mean(dim=0))
    return joined.eval()


@torch.no_grad()
def interpolate_weights(model: PeftModel, step: float) -> None:
    """Take the adapter's weights back to `step` of the way that training took them from the model's own."""
    for name, weight in model.named_parameters():
        if "lora_B" in name:  # B is what begins at 0, and the change is B times A
            weight.mul_(step)
    for module in model.modules():
        if isinstance(module, ModulesToSaveWrapper):
            trained = module.modules_to_save[module.active_adapters[0]]
            for new, old in zip(trained.parameters(), module.original_module.parameters(), strict=True):
                new.lerp_(old, 1 - step)


def halve(folder: Path) -> None:
    """A saved model's weights in half precision; what PEFT writes beside them goes."""
    (folder / "README.md").unlink(missing_ok=True)
    for file in folder.glob("*.safetensors"):
        halves = {name: tensor.half().contiguous() for name, tensor in load_file(file).items()}
        save_file(halves, file, metadata={"format": "pt"})


def machine() -> dict:
    """What a run was computed on."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {"cpus": os.cpu_count(), "gpu": gpu, "torch": torch.__version__}


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def discard(work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
