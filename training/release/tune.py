"""Search hyper-parameters in trials on validation rows, stored in a database so that a later call can continue."""

import json
import logging
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from product.inference.text.encoding import TextEncoder
from product.progress import report
from product.settings.configuration import Settings
from training.data.rows import BadRequest
from training.modelling.batches import encode
from training.modelling.early_stopping import EarlyStopping
from training.modelling.folders import delete_run_folder
from training.modelling.recipe import Recipe
from training.modelling.trainer import train
from training.release.plan import ALPHA_PER_RANK, Plan, Request, make_plan, recipe_for
from training.release.training_run import starting_model

log = logging.getLogger(__name__)
DATABASE, BEST_FILE = "trials.db", "best.json"
LEARNING_RATES = {"lora": (5e-5, 1e-3), "full": (1e-5, 3e-4)}
MIN_LAYERS = 4
EVALUATIONS = 2
"""Evaluations per epoch of a trial."""
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
optuna.logging.set_verbosity(optuna.logging.WARNING)


class PruningCallback(TrainerCallback):
    """Reports the quality of each evaluation to the study, and ends trials that fall behind the others.

    The step of a report is the number of the evaluation. All trials have the same number of evaluations per epoch, so
    at the same step they have read the same number of rows, whatever their batch size.
    """

    def __init__(self, trial: optuna.Trial):
        self.trial, self.evaluations = trial, 0

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any) -> None:
        self.trial.report(more["metrics"]["eval_quality"], self.evaluations)
        self.evaluations += 1
        if self.trial.should_prune():
            raise optuna.TrialPruned


def search_recipe(method: str, tokens: int, seed: int) -> Recipe:
    """The recipe that all trials of a search share. Raises BadRequest, BadRun."""
    return recipe_for(method, {"max_tokens": tokens, "seed": seed, "evaluations_per_epoch": EVALUATIONS})


def tune(settings: Settings, request: Request, trials: int) -> optuna.Study:
    """Search until `request.out` has `trials` finished trials; write the best, with its command line, to best.json.

    Trials are drawn by the tree-structured Parzen estimator (Bergstra et al. 2011, "Algorithms for Hyper-Parameter
    Optimization") and pruned by the median rule. Raises BadRequest, BadRun, BadBase, CorpusUnavailable.
    """
    out = request.out
    out.mkdir(parents=True, exist_ok=True)
    plan = make_plan(settings, replace(request, out=out / "trial"))
    if not plan.early_stopping_rows:
        raise BadRequest(f"--corpus {' '.join(request.corpora)}: a search needs a corpus with validation rows")
    study = open_study(out, request.recipe.seed)
    objective = objective_for(plan)
    while (finished := len(study.get_trials(deepcopy=False, states=FINISHED))) < trials:
        report("trials", finished, trials)
        study.optimize(objective, n_trials=1)
    write_best(study, plan, out)
    return study


def open_study(out: Path, seed: int) -> optuna.Study:
    """The study in `out`, new or continued; a trial that was interrupted is run again first."""
    study = optuna.create_study(
        storage=f"sqlite:///{out / DATABASE}", study_name="attune", direction="maximize", load_if_exists=True
    )
    # A new seed for every call, because the same seed would draw the same trials again.
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1)
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)
    return study


def objective_for(plan: Plan) -> Callable[[optuna.Trial], float]:
    """The function to maximise: the best quality that a trial reaches on the early-stopping rows."""
    encoder = TextEncoder(plan.tokenizer, plan.recipe.max_tokens)
    data = encode(plan.rows, encoder)
    early_stopping = EarlyStopping(plan.early_stopping_rows, encoder)
    total = starting_model(plan).config.num_hidden_layers

    def objective(trial: optuna.Trial) -> float:
        recipe, layers = suggest(trial, plan.recipe, total)
        parameters = ", ".join(f"{name} {value:.3g}" for name, value in trial.params.items())
        log.info("trial %d: %s", trial.number, parameters)
        model = starting_model(replace(plan, layers=layers))
        work = plan.work / f"trial-{trial.number}"
        try:
            _, history = train(model, data, recipe, work, early_stopping, [PruningCallback(trial)])
        finally:
            delete_run_folder(work)
        return float(max(entry["eval_quality"] for entry in history if "eval_quality" in entry))

    return objective


def suggest(trial: optuna.Trial, recipe: Recipe, total: int) -> tuple[Recipe, list[int]]:
    """The recipe of a trial, and the encoder layers that it keeps, out of `total`."""
    low, high = LEARNING_RATES[recipe.method]
    chosen: dict[str, Any] = {
        "learning_rate": trial.suggest_float("learning_rate", low, high, log=True),
        "epochs": trial.suggest_int("epochs", 1, 4),
        "batch_size": trial.suggest_categorical("batch_size", [16, 32, 64]),
        "warmup": trial.suggest_float("warmup", 0.0, 0.2),
        "weight_decay": trial.suggest_float("weight_decay", 0.0, 0.1),
    }
    layers = trial.suggest_int("layers", min(MIN_LAYERS, total), total)
    if recipe.method == "lora":
        chosen["rank"] = trial.suggest_categorical("rank", [8, 16, 32, 64])
        chosen["alpha"] = ALPHA_PER_RANK * chosen["rank"]
    return replace(recipe, **chosen), evenly_spaced(layers, total)


def evenly_spaced(count: int, total: int) -> list[int]:
    """`count` of `total` layer indices, evenly spaced from first to last: 6 of 12 are 0, 2, 4, 7, 9, 11."""
    return [int(index) for index in np.linspace(0, total - 1, count).round()]


def write_best(study: optuna.Study, plan: Plan, out: Path) -> None:
    """Write best.json: quality, parameters and command line of the best trial."""
    parameters = dict(study.best_params)
    count, total = parameters["layers"], starting_model(plan).config.num_hidden_layers
    arguments = _shared_arguments(plan.request)
    for name, value in parameters.items():
        if name != "layers":
            arguments += [f"--{name.replace('_', '-')}", f"{value:.4g}"]
        elif count < total:
            arguments += ["--layers", ",".join(map(str, evenly_spaced(count, total)))]
    content = {
        "quality": study.best_value,
        "trial": study.best_trial.number,
        "parameters": parameters,
        "command": shlex.join([*arguments, "--out", "FOLDER"]),
    }
    (out / BEST_FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _shared_arguments(request: Request) -> list[str]:
    """The part of the command line that all trials share."""
    recipe = request.recipe
    arguments = ["python", "-m", "training", "finetune"]
    arguments += [argument for corpus in request.corpora for argument in ("--corpus", corpus)]
    arguments += ["--method", recipe.method, "--language", request.language, "--tokens", str(recipe.max_tokens)]
    arguments += ["--base", request.base] if request.base else []
    return [*arguments, "--seed", str(recipe.seed), "--evaluations", str(EVALUATIONS)]


def table(study: optuna.Study) -> list[dict[str, Any]]:
    """A row for each finished trial, the best quality first; a pruned trial shows the best quality it reported."""
    rows: list[dict[str, Any]] = []
    for trial in study.get_trials(deepcopy=False, states=FINISHED):
        quality = trial.value if trial.value is not None else max(trial.intermediate_values.values(), default=0.0)
        minutes = trial.duration.total_seconds() / 60 if trial.duration else 0.0
        row = {"trial": trial.number, "state": trial.state.name.lower(), "quality": quality}
        rows.append(row | trial.params | {"minutes": minutes})
    rows.sort(key=lambda row: -row["quality"])
    return [{name: _display(value) for name, value in row.items()} for row in rows]


def _display(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
