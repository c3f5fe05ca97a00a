"""Train a model on rows with the Hugging Face Trainer: the loss, the arguments and the run."""

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch.utils.data import Sampler, SequentialSampler
from transformers import (
    EarlyStoppingCallback,
    PreTrainedModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)

from product import progress
from product.sentiment import LABELS
from training.data.rows import NEUTRAL
from training.modelling.adapters import add_adapter
from training.modelling.batches import IGNORED_LABEL, SimilarLengths, collate, encode
from training.modelling.early_stopping import MASKED_LOGIT, EarlyStopping
from training.modelling.folders import last_checkpoint
from training.modelling.recipe import Recipe, mixed_precision, rows_per_process

log = logging.getLogger(__name__)

EVALUATION_BATCH = 64


class ReportProgress(TrainerCallback):
    """Reports each step and logs each evaluation, in place of the Trainer's own bars and printed dictionaries."""

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        if state.is_world_process_zero:
            progress.report("training", state.global_step, state.max_steps)
        return control

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **_: Any,
    ) -> TrainerControl:
        if state.is_world_process_zero and metrics and "eval_quality" in metrics:
            log.info("step %d of %d: quality %.4f", state.global_step, state.max_steps, metrics["eval_quality"])
        return control


class SentimentTrainer(Trainer):
    """A Trainer whose loss is the mean over rows of up to two terms.

    The first is the cross-entropy with the label or, in rows with target probabilities, the Kullback-Leibler divergence
    from these; rows of a corpus without a neutral class leave the neutral logit out. The second is the cosine distance
    from a teacher's hidden state, if there is one.
    """

    recipe: Recipe

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        labels, targets, polar = inputs.pop("labels"), inputs.pop("targets"), inputs.pop("polar")
        hidden = inputs.pop("hidden", None)
        outputs = model(**inputs, output_hidden_states=hidden is not None)
        losses = target_losses(outputs.logits.float().clone(), labels, targets, polar, self.recipe)
        if hidden is not None:
            state = outputs.hidden_states[-1][:, 0].float()
            losses = losses + self.recipe.hidden_share * (1 - torch.nn.functional.cosine_similarity(state, hidden))
            outputs.hidden_states = None
        loss = losses.mean()
        return (loss, outputs) if return_outputs else loss

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        dataset: Any = self.train_dataset
        return SimilarLengths(dataset["length"], self.recipe.batch_size, self.recipe.seed)

    def _get_eval_sampler(self, eval_dataset: Any) -> Sampler[int]:
        """In the order of the rows, because the metrics identify the corpus of a row by its position."""
        return SequentialSampler(eval_dataset)

    def prediction_step(
        self, model: Any, inputs: dict[str, Any], prediction_loss_only: bool, ignore_keys: Any = None
    ) -> tuple[Any, Any, Any]:
        labels = inputs["labels"]
        with torch.inference_mode(), self.compute_loss_context_manager():
            loss, outputs = self.compute_loss(model, self._prepare_inputs(inputs), return_outputs=True)
        return loss, outputs.logits.float(), labels


def target_losses(
    logits: torch.Tensor, labels: torch.Tensor, targets: torch.Tensor, polar: torch.Tensor, recipe: Recipe
) -> torch.Tensor:
    """The loss of each row, float [rows], from its logits [rows, 3], which are masked in place.

    Rows with IGNORED_LABEL are learned from `targets`, probabilities [rows, 3], the others from `labels`, int [rows].
    `polar`, bool [rows], marks the rows of corpora without a neutral class.
    """
    logits[polar, NEUTRAL] = MASKED_LOGIT
    soft = labels == IGNORED_LABEL
    losses = torch.zeros(len(labels), device=logits.device)
    if (~soft).any():
        expected = smoothed_labels(labels[~soft], polar[~soft], recipe.label_smoothing)
        losses[~soft] = -(expected * logits[~soft].log_softmax(-1)).sum(-1)
    if soft.any():
        divergence = torch.nn.functional.kl_div(logits[soft].log_softmax(-1), targets[soft], reduction="none")
        losses[soft] = recipe.divergence_weight * divergence.sum(-1)
    return losses


def smoothed_labels(labels: torch.Tensor, polar: torch.Tensor, share: float) -> torch.Tensor:
    """Target probabilities [rows, 3]: the label, with `share` spread evenly over the classes the corpus has.

    Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision", section 7.
    """
    possible = torch.ones((len(labels), len(LABELS)), device=labels.device)
    possible[polar, NEUTRAL] = 0
    one_hot = torch.nn.functional.one_hot(labels, len(LABELS))
    return (1 - share) * one_hot + share * possible / possible.sum(-1, keepdim=True)


def trainable(model: PreTrainedModel, recipe: Recipe) -> torch.nn.Module:
    """The model with the weights that the recipe trains: those of a new adapter, or all but the embeddings."""
    # Faster than the eager attention that the exporter needs, with the same results.
    model.set_attn_implementation("sdpa")
    if recipe.quantisation_aware:
        round_activations(model)
    if recipe.method == "lora":
        return add_adapter(model, recipe)
    model.base_model.embeddings.requires_grad_(False)
    return model


def round_activations(model: PreTrainedModel) -> None:
    """Round the input of every linear layer of the encoder to 8 bits, as dynamic quantisation does when serving.

    Gradients pass the rounding unchanged (the straight-through estimator of Bengio et al. 2013, "Estimating or
    Propagating Gradients Through Stochastic Neurons").
    """
    for module in model.base_model.get_submodule("encoder").modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_pre_hook(_rounded_input)


def _rounded_input(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    values = inputs[0].float()
    low, high = values.detach().amin().clamp(max=0), values.detach().amax().clamp(min=0)
    step = (high - low).clamp(min=1e-8) / 255
    rounded = (values / step).round() * step
    return (values + (rounded - values).detach(), *inputs[1:])


def train(
    model: PreTrainedModel,
    rows: Dataset,
    recipe: Recipe,
    work: Path,
    early_stopping: EarlyStopping | None = None,
    callbacks: Sequence[TrainerCallback] = (),
) -> tuple[torch.nn.Module, list[dict[str, Any]]]:
    """Train, in as many processes as torchrun started. Returns the model and the history of losses and scores.

    With early stopping, the model of the best evaluation is returned; without it or without rows to evaluate on,
    training runs to the end. Called again with the same `work` folder, an interrupted run resumes from its last
    evaluation.
    """
    set_seed(recipe.seed)
    if early_stopping and not early_stopping.rows:
        early_stopping = None
    # Neighbours of similar length need the least padding.
    evaluated = sorted(early_stopping.rows, key=lambda row: len(row.text)) if early_stopping else []
    stopping = [EarlyStoppingCallback(early_stopping_patience=recipe.patience)] if early_stopping else []
    trainer = SentimentTrainer(
        model=trainable(model, recipe),
        args=arguments(recipe, len(rows), bool(early_stopping), work),
        train_dataset=rows,
        eval_dataset=encode(evaluated, early_stopping.encoder) if early_stopping else None,
        data_collator=collate,
        compute_metrics=early_stopping.metric(evaluated) if early_stopping else None,
        callbacks=[ReportProgress(), *stopping, *callbacks],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.recipe = recipe
    trainer.train(resume_from_checkpoint=last_checkpoint(work))
    trained: torch.nn.Module = trainer.model  # type: ignore[assignment]
    return trained.eval(), trainer.state.log_history


def arguments(recipe: Recipe, rows: int, early_stopping: bool, work: Path) -> TrainingArguments:
    """The Trainer's arguments for a recipe on a number of rows."""
    steps = math.ceil(rows / recipe.batch_size)
    interval = max(1, steps // recipe.evaluations_per_epoch)
    saving: dict[str, Any] = {"save_strategy": "no"}
    if early_stopping:
        saving = {
            "eval_strategy": "steps",
            "eval_steps": interval,
            "save_strategy": "steps",
            "save_steps": interval,
            "save_total_limit": 1,
            "load_best_model_at_end": True,
            "metric_for_best_model": "quality",
            # A resumed run remembers how many evaluations brought no improvement.
            "restore_callback_states_from_checkpoint": True,
        }
    return TrainingArguments(
        output_dir=str(work),
        num_train_epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        per_device_train_batch_size=rows_per_process(recipe),
        per_device_eval_batch_size=EVALUATION_BATCH,
        warmup_steps=recipe.warmup,
        weight_decay=recipe.weight_decay,
        lr_scheduler_type="linear",
        # Every trained weight takes part in every step.
        ddp_find_unused_parameters=False,
        logging_steps=max(1, interval // 10),
        optim="adamw_torch_fused",
        remove_unused_columns=False,
        label_names=["labels"],
        report_to="none",
        disable_tqdm=True,
        seed=recipe.seed,
        **saving,
        **mixed_precision(recipe.precision),
    )
