"""The search for hyper-parameters, on the tiny Chinese model: its trials, continuing it, and its recommendation."""

import json
import shlex

import optuna
import pytest
from optuna.trial import FixedTrial, TrialState

from training.data.rows import BadRequest
from training.modelling.recipe import Recipe
from training.release import tune
from training.release.plan import Options, Request


def test_kept_layers_are_evenly_spaced():
    assert tune.evenly_spaced(6, 12) == [0, 2, 4, 7, 9, 11]
    assert tune.evenly_spaced(4, 4) == [0, 1, 2, 3]


def test_a_trial_suggests_a_recipe_and_layers():
    chosen = {"learning_rate": 2e-4, "epochs": 2, "batch_size": 16, "warmup": 0.1, "weight_decay": 0.02}
    recipe, layers = tune.suggest(FixedTrial(chosen | {"layers": 4, "rank": 8}), Recipe(max_tokens=64), 6)
    # 4 of 6: 0, 5/3, 10/3, 5, rounded
    assert layers == [0, 2, 3, 5]
    assert recipe == Recipe(max_tokens=64, rank=8, alpha=16, **chosen)
    full, _ = tune.suggest(FixedTrial(chosen | {"layers": 6}), Recipe(method="full"), 6)
    assert full.rank == Recipe().rank


@pytest.fixture
def search(settings, zh_checkpoint, tmp_path):
    def run(trials: int, corpora=("replay-zh=60",)) -> optuna.Study:
        return tune.tune(
            settings,
            Request(
                corpora=list(corpora),
                recipe=tune.search_recipe("lora", tokens=16, seed=13),
                out=tmp_path / "search",
                base=str(zh_checkpoint),
                language="zh",
                options=Options(validation_rows=20),
            ),
            trials,
        )

    return run


def test_a_continued_search_repeats_the_interrupted_trial_and_recommends_the_best(search, tmp_path, zh_checkpoint):
    first = search(1)
    killed = first.ask()  # a trial that a killed run has not finished
    killed.suggest_int("epochs", 1, 4)
    study = search(2)
    states = [trial.state for trial in study.trials]
    assert states[:2] == [TrialState.COMPLETE, TrialState.FAIL]
    assert len([state for state in states if state in tune.FINISHED]) == 2
    assert study.trials[2].params["epochs"] == killed.params["epochs"]
    assert study.trials[0].values == first.trials[0].values
    best = json.loads((tmp_path / "search" / tune.BEST_FILE).read_text(encoding="utf-8"))
    assert best["quality"] == max(trial.value for trial in study.trials if trial.value is not None)
    arguments = shlex.split(best["command"])
    assert arguments[:4] == ["python", "-m", "training", "finetune"]
    assert arguments[arguments.index("--base") + 1] == str(zh_checkpoint)
    assert float(arguments[arguments.index("--learning-rate") + 1]) == pytest.approx(
        study.best_params["learning_rate"], rel=1e-3
    )
    # the model has only two layers, so none can be cut
    assert "--layers" not in arguments
    rows = tune.table(study)
    assert [row["trial"] for row in rows][0] == str(best["trial"])
    assert len(rows) == 2


def test_a_trial_that_falls_behind_earlier_trials_is_pruned():
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(1, 0))
    for quality, pruned in ((0.8, False), (0.5, True)):
        trial = study.ask()
        callback = tune.PruningCallback(trial)
        if pruned:
            with pytest.raises(optuna.TrialPruned):
                callback.on_evaluate(None, None, None, metrics={"eval_quality": quality})
        else:
            callback.on_evaluate(None, None, None, metrics={"eval_quality": quality})
            study.tell(trial, quality)


def test_search_refuses_corpora_without_validation_rows(search):
    with pytest.raises(BadRequest, match="a search needs a corpus with validation rows"):
        search(1, corpora=["behaviours-zh=60"])
