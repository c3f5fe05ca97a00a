"""A base model and labelled rows to a checkpoint: LoRA adapters (or all weights) with the Hugging Face Trainer."""

import json
import logging
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from sklearn.metrics import accuracy_score, f1_score
from transformers import EarlyStoppingCallback, PreTrainedModel, Trainer, TrainingArguments, set_seed

from product.inference.backends.torch_float import TorchFloat
from product.inference.model import Model
from product.inference.text import TextEncoder, pad
from product.sentiment import LABELS
from training.corpora import Row

log = logging.getLogger(__name__)
IGNORED = -100


@dataclass(frozen=True)
class Recipe:
    """Hyper-parameters of a run.

    `hold` weighs the divergence from given probabilities. There is a round of training for each learning rate. Each
    next model starts from the base again and learns a mixture of the labels and, to `soft_share`, of what the last
    model says: crowd labels are noisy, and a model trained on many of them knows where (Furlanello et al. 2018,
    "Born-Again Neural Networks").
    """

    method: str = "lora"
    rank: int = 32
    alpha: int = 64
    learning_rates: tuple[float, ...] = (2.5e-4, 3e-4)
    epochs: float = 3
    batch_size: int = 16
    warmup: float = 0.1
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    evaluations_per_epoch: int = 1
    patience: int = 3
    hold: float = 1.0
    soft_share: float = 0.5
    seed: int = 13


FULL = {"method": "full", "learning_rates": (5e-5,)}


def mixed_precision() -> dict:
    """bf16 where the machine computes in it, fp16 on an older GPU, fp32 elsewhere, as arguments of the Trainer."""
    if torch.cuda.is_available():
        return {"bf16": True} if torch.cuda.is_bf16_supported() else {"fp16": True}
    fast = torch.cpu.get_capabilities().get("avx512_bf16") or torch.cpu.get_capabilities().get("amx_bf16")
    return {"bf16": bool(fast), "use_cpu": True}


def encode(rows: list[Row], encoder: TextEncoder, targets: np.ndarray | None = None) -> Dataset:
    """A data set with `input_ids`, `labels`, and for rows to be held to given probabilities [rows, 3], `targets`.

    A row whose target is not NaN is learned from it alone: its label is then IGNORED.
    """
    held = np.full((len(rows), len(LABELS)), np.nan, dtype=np.float32) if targets is None else targets
    free = np.isnan(held[:, 0])
    labels = [LABELS.index(row.label) if own else IGNORED for row, own in zip(rows, free, strict=True)]
    ids = [encoded.ids for encoded in encoder.encode([row.text for row in rows])]
    lengths = [len(row) for row in ids]
    return Dataset.from_dict({"input_ids": ids, "labels": labels, "targets": held.tolist(), "length": lengths})


def collate(examples: list[dict]) -> dict[str, torch.Tensor]:
    """Padded to the longest of the batch, not to the 512 the base could take."""
    ids, mask = pad([example["input_ids"] for example in examples])
    return {
        "input_ids": torch.from_numpy(ids),
        "attention_mask": torch.from_numpy(mask),
        "labels": torch.tensor([example["labels"] for example in examples]),
        "targets": torch.tensor([example["targets"] for example in examples], dtype=torch.float32),
    }


class SentimentTrainer(Trainer):
    """Cross-entropy on labelled rows, and the Kullback-Leibler divergence from given probabilities on held ones."""

    recipe: Recipe

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        labels, targets = inputs.pop("labels"), inputs.pop("targets")
        outputs = model(**inputs)
        logits = outputs.logits.float()
        held = labels == IGNORED
        losses = torch.zeros(len(labels), device=logits.device)
        if (~held).any():
            losses[~held] = torch.nn.functional.cross_entropy(
                logits[~held], labels[~held], reduction="none", label_smoothing=self.recipe.label_smoothing
            )
        if held.any():
            divergence = torch.nn.functional.kl_div(logits[held].log_softmax(-1), targets[held], reduction="none")
            losses[held] = self.recipe.hold * divergence.sum(-1)
        loss = losses.mean()
        return (loss, outputs) if return_outputs else loss

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        labels = inputs["labels"]
        with torch.inference_mode(), self.compute_loss_context_manager():
            loss, outputs = self.compute_loss(model, self._prepare_inputs(inputs), return_outputs=True)
        return loss, outputs.logits.float(), labels


def quality(prediction) -> dict[str, float]:
    """Accuracy and macro-F1 of an EvalPrediction whose logits are [rows, 3]."""
    chosen, labels = prediction.predictions.argmax(-1), prediction.label_ids
    f1 = f1_score(labels, chosen, labels=range(len(LABELS)), average="macro", zero_division=0)
    return {"accuracy": accuracy_score(labels, chosen), "macro_f1": f1}


def soft_targets(model, rows: list[Row], encoder: TextEncoder, share: float) -> np.ndarray:
    """The labels' one-hot rows mixed with the model's probabilities, float32 [rows, 3]."""
    said = Model("teacher", encoder, TorchFloat(model)).probabilities([row.text for row in rows])
    labelled = np.eye(len(LABELS))[[LABELS.index(row.label) for row in rows]]
    return (share * said + (1 - share) * labelled).astype(np.float32)


def with_adapter(model: PreTrainedModel, recipe: Recipe) -> PeftModel:
    """LoRA on every linear layer of the encoder; the head is trained whole and saved with the adapter."""
    config = LoraConfig(
        task_type="SEQ_CLS", r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=0.05, target_modules="all-linear"
    )
    return get_peft_model(model, config)


def train(
    model: PreTrainedModel, rows: Dataset, validation: Dataset | None, recipe: Recipe, work: Path, number: int = 0
) -> tuple:
    """One round of training. Returns (the model, the history of losses and scores).

    With rows to validate on it stops early and returns the model of the best macro-F1, else it goes to the end.
    """
    set_seed(recipe.seed)
    model = with_adapter(model, recipe) if recipe.method == "lora" else model
    interval = max(1, -(-len(rows) // recipe.batch_size) // recipe.evaluations_per_epoch)
    watching = {
        "eval_strategy": "steps",
        "eval_steps": interval,
        "save_strategy": "steps",
        "save_steps": interval,
        "save_total_limit": 1,
        "load_best_model_at_end": True,
        "metric_for_best_model": "macro_f1",
    }
    arguments = TrainingArguments(
        output_dir=str(work),
        num_train_epochs=recipe.epochs,
        learning_rate=recipe.learning_rates[number],
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=64,
        warmup_steps=recipe.warmup,
        weight_decay=recipe.weight_decay,
        train_sampling_strategy="group_by_length",
        length_column_name="length",
        logging_steps=interval,
        optim="adamw_torch",
        remove_unused_columns=False,
        label_names=["labels"],
        report_to="none",
        disable_tqdm=False,
        seed=recipe.seed,
        **(watching if validation else {"save_strategy": "no"}),
        **mixed_precision(),
    )
    trainer = SentimentTrainer(
        model=model,
        args=arguments,
        train_dataset=rows,
        eval_dataset=validation,
        data_collator=collate,
        compute_metrics=quality,
        callbacks=[EarlyStoppingCallback(early_stopping_patience=recipe.patience)] if validation else [],
    )
    trainer.recipe = recipe
    trainer.train()
    return trainer.model.eval(), trainer.state.log_history


def save(model, folder: Path) -> None:
    """The adapter (or all weights) as safetensors in half precision: what is merged, exported and evaluated."""
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    for file in folder.glob("*.safetensors"):
        halves = {name: tensor.half().contiguous() for name, tensor in load_file(file).items()}
        save_file(halves, file, metadata={"format": "pt"})


def write_result(path: Path, recipe: Recipe, history: list[dict], seconds: float, **more) -> None:
    """The result file of a run: what was asked, what came of it, how long it took on what."""
    machine = {"cpus": os.cpu_count(), "cuda": torch.cuda.is_available(), "torch": torch.__version__}
    content = {"recipe": asdict(recipe), "seconds": round(seconds, 1), "machine": machine, "history": history, **more}
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def timed(call, *arguments):
    """(result, seconds) of a call."""
    start = time.monotonic()
    return call(*arguments), time.monotonic() - start
