"""The search for hyper-parameters: trials on validation rows, kept in a database from which it goes on another day."""

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
from optuna.trial import TrialState
from transformers import TrainerCallback

from product.inference.text import TextEncoder
from product.settings.configuration import Settings
from training.data.rows import BadRequest
from training.modelling.batches import encode
from training.modelling.early_stopping import EarlyStopping
from training.modelling.recipe import Recipe
from training.modelling.run_folder import delete_run_folder
from training.modelling.trainer import train
from training.release import plan as plans
from training.release.checkpoints import starting_model
from training.release.plan import Options, Plan

DATABASE, BEST_FILE = "trials.db", "best.json"
LEARNING_RATES = {"lora": (5e-5, 1e-3), "full": (1e-5, 3e-4)}
FEWEST_LAYERS = 4
EVALUATIONS = 2
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
optuna.logging.set_verbosity(optuna.logging.WARNING)


class Watch(TrainerCallback):
    """Tells the study each evaluation's quality, and ends a trial that is worse than the others were at that point.

    A point is the evaluation's number: with the same number of evaluations an epoch, trials of any batch size have
    then read the same number of rows.
    """

    def __init__(self, trial: optuna.Trial):
        self.trial, self.count = trial, 0

    def on_evaluate(self, args, state, control, metrics, **_):
        self.trial.report(metrics["eval_quality"], self.count)
        self.count += 1
        if self.trial.should_prune():
            raise optuna.TrialPruned


def tune(
    settings: Settings,
    *,
    corpora: list[str],
    out: Path,
    trials: int,
    method: str,
    base: str,
    language: str,
    tokens: int,
    validation_rows: int,
    seed: int,
    say: Callable,
) -> optuna.Study:
    """Search until there are `trials` finished trials in `out`; write the best with its command line to best.json.

    Tree-structured Parzen estimator (Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization"), with the
    median rule for what to give up early. Raises BadRequest, BadRun, BadBase, CorpusUnavailable.
    """
    recipe = plans.recipe_for(method, {"max_tokens": tokens, "seed": seed, "evaluations_per_epoch": EVALUATIONS})
    out.mkdir(parents=True, exist_ok=True)
    options = Options(validation_rows=validation_rows)
    plan = plans.make_plan(settings, corpora, recipe, options, base=base, language=language, out=out / "trial", say=say)
    if not plan.watched:
        raise BadRequest(f"--corpus {' '.join(corpora)}: none of them has validation rows to judge a trial by")
    study = open_study(out, seed)
    objective = objective_for(plan, say)
    while (left := trials - len(study.get_trials(deepcopy=False, states=FINISHED))) > 0:
        say(f"{left} of {trials} trials to go")
        study.optimize(objective, n_trials=1)
    write_best(study, plan, out, _command(corpora, base, language, recipe))
    return study


def open_study(out: Path, seed: int) -> optuna.Study:
    """The study in `out`, new or as it was left; what a killed run was at is begun again first."""
    study = optuna.create_study(
        storage=f"sqlite:///{out / DATABASE}", study_name="attune", direction="maximize", load_if_exists=True
    )
    # Not the seed of before: the trials of before would be drawn again.
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1)
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)
    return study


def objective_for(plan: Plan, say: Callable) -> Callable[[optuna.Trial], float]:
    """The best quality that a trial's recipe reaches on the rows that watch it."""
    encoder = TextEncoder(plan.tokenizer, plan.recipe.max_tokens)
    data = encode(plan.rows, encoder)
    early_stopping = EarlyStopping(plan.watched, encoder)
    total = starting_model(plan).config.num_hidden_layers

    def objective(trial: optuna.Trial) -> float:
        recipe, layers = suggest(trial, plan.recipe, total)
        say(f"trial {trial.number}: " + ", ".join(f"{name} {value:.3g}" for name, value in trial.params.items()))
        model = starting_model(replace(plan, layers=layers))
        work = plan.work / f"trial-{trial.number}"
        try:
            _, history = train(model, data, recipe, work, early_stopping, [Watch(trial)])
        finally:
            delete_run_folder(work)
        return max(entry["eval_quality"] for entry in history if "eval_quality" in entry)

    return objective


def suggest(trial: optuna.Trial, recipe: Recipe, total: int) -> tuple[Recipe, list[int]]:
    """The trial's recipe, and which of `total` encoder layers it keeps."""
    low, high = LEARNING_RATES[recipe.method]
    chosen = {
        "learning_rate": trial.suggest_float("learning_rate", low, high, log=True),
        "epochs": trial.suggest_int("epochs", 1, 4),
        "batch_size": trial.suggest_categorical("batch_size", [16, 32, 64]),
        "warmup": trial.suggest_float("warmup", 0.0, 0.2),
        "weight_decay": trial.suggest_float("weight_decay", 0.0, 0.1),
    }
    layers = trial.suggest_int("layers", min(FEWEST_LAYERS, total), total)
    if recipe.method == "lora":
        chosen["rank"] = trial.suggest_categorical("rank", [8, 16, 32, 64])
        chosen["alpha"] = plans.ALPHA * chosen["rank"]
    return replace(recipe, **chosen), spread(layers, total)


def spread(count: int, total: int) -> list[int]:
    """`count` of `total` layers, the first and the last among them, as evenly apart as can be: 6 of 12 are
    0, 2, 4, 7, 9, 11."""
    return np.linspace(0, total - 1, count).round().astype(int).tolist()


def _command(corpora: list[str], base: str, language: str, recipe: Recipe) -> list[str]:
    """The part of the command line that all trials share."""
    words = ["python", "-m", "training", "finetune"]
    words += [word for corpus in corpora for word in ("--corpus", corpus)]
    words += ["--method", recipe.method, "--language", language, "--tokens", str(recipe.max_tokens)]
    return words + (["--base", base] if base else []) + ["--seed", str(recipe.seed), "--evaluations", str(EVALUATIONS)]


def write_best(study: optuna.Study, plan: Plan, out: Path, command: list[str]) -> None:
    """best.json: quality, parameters and the command line of the best trial."""
    parameters = dict(study.best_params)
    count, total = parameters["layers"], starting_model(plan).config.num_hidden_layers
    words = list(command)
    for name, value in parameters.items():
        if name != "layers":
            words += [f"--{name.replace('_', '-')}", f"{value:.4g}"]
        elif count < total:
            words += ["--layers", ",".join(map(str, spread(count, total)))]
    content = {
        "quality": study.best_value,
        "trial": study.best_trial.number,
        "parameters": parameters,
        "command": shlex.join([*words, "--out", "FOLDER"]),
    }
    (out / BEST_FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def table(study: optuna.Study) -> list[dict]:
    """A row for each trial, the best quality first; of a pruned one, the last quality it had."""
    rows = []
    for trial in study.get_trials(deepcopy=False, states=FINISHED):
        quality = trial.value if trial.value is not None else max(trial.intermediate_values.values(), default=0.0)
        told = {"trial": trial.number, "state": trial.state.name.lower(), "quality": quality}
        minutes = trial.duration.total_seconds() / 60
        rows.append(told | trial.params | {"minutes": minutes})
    rows.sort(key=lambda row: -row["quality"])
    return [{name: _shown(value) for name, value in row.items()} for row in rows]


def _shown(value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
