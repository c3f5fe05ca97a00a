"""Corrections that the champion has learned and that were rejected or erased since."""

from collections import Counter
from dataclasses import replace

import numpy as np

from product.codes import CheckCode, Outcome, Reason, RunCode
from product.storage.attempts import finish_attempt, start_attempt
from product.storage.corrections import all_corrections
from product.storage.versions import activate_version
from tests.support.actors import BY_COMMAND
from tests.support.runs import HARMS, NO_BETTER, WINS
from training.retraining import loop
from training.retraining.challenger import Challenger, RunResult
from training.retraining.loop import Run


def test_withdrawn_corrections_are_left_out_if_no_better_challenger_is_found(withdrawn, find_challenger):
    found = find_challenger(NO_BETTER, WINS)
    assert (found.number, found.verdict, found.actors) == (2, WINS, {"anna", "ben"})


def test_a_better_challenger_is_trained_without_withdrawn_corrections_too(withdrawn, find_challenger):
    found = find_challenger(WINS)
    assert (found.number, found.verdict, found.actors) == (1, WINS, {"anna", "ben", "carl"})


def test_corrections_of_a_just_quarantined_contributor_are_left_out_too(withdrawn, give, find_challenger):
    give(mallory=80)
    # carl makes a passing challenger worse; without him nothing is better; what v1 knows from anna and ben passes
    found = find_challenger(WINS, NO_BETTER, WINS, correct=(90, 97, 97, 97))
    assert ["carl" in actors for actors in found.learned_from] == [True, False, False, False]
    assert (found.number, found.verdict.promote, found.actors) == (4, True, {"anna", "ben"})


def test_the_first_verdict_is_final_if_the_model_is_worse_without_withdrawn_corrections(withdrawn, find_challenger):
    found = find_challenger(NO_BETTER, HARMS, HARMS, HARMS)
    assert (found.number, found.verdict) == (1, NO_BETTER)


def test_training_without_withdrawn_corrections_is_repeated_in_another_order(withdrawn, find_challenger):
    found = find_challenger(NO_BETTER, HARMS, WINS)
    assert (found.number, found.verdict.promote, found.actors) == (3, True, {"anna", "ben"})
    assert found.verdict.reasons == WINS.reasons
    earlier = found.verdict.checks[-1]
    assert (earlier.code, earlier.values["number"], earlier.values["of"]) == (CheckCode.earlier_attempt, 1, 3)
    assert earlier.values["reasons"] == [reason.as_dict() for reason in HARMS.reasons]
    assert earlier.passed is None


def test_the_replay_rows_of_the_attempt_that_made_the_champion_are_drawn_again(
    withdrawn, context, database, monkeypatch
):
    with database.write() as session:
        for _ in range(4):
            made = start_attempt(session)
        finish_attempt(session, id=made, outcome="promoted", reasons=[], version_id="v1")
        start_attempt(session)
    seeds = []
    monkeypatch.setattr(loop, "collect_without_new", lambda request, accepted: seeds.append(request.seed))
    Run(replace(context, attempt=5)).collect([], nothing_new=True)
    assert seeds == [4]


def test_withdrawn_corrections_are_left_out_even_with_too_few_new_texts(
    settings, database, small, nothing_to_install, withdrawn, monkeypatch
):
    with database.write() as session:
        activate_version(session, "v1", BY_COMMAND)
        accepted = [one for one in all_corrections(session) if one.actor.name != "carl" and one.status != "rejected"]
    datasets = []
    finished = RunResult(Outcome.kept, [Reason(RunCode.better)])

    def challenge(run, folder, dataset, seed_offset):
        datasets.append(dataset)
        return Challenger(folder, run.context.shipped, WINS, dataset, np.ones(1, dtype=bool))

    monkeypatch.setattr(Run, "score_contributors", lambda run: accepted)
    monkeypatch.setattr(Run, "challenge", challenge)
    monkeypatch.setattr(Run, "conclude", lambda run, challenger: finished)
    assert loop.retrain(settings) == finished
    [dataset] = datasets
    assert Counter(one.actor.name for one in dataset.corrections) == {"anna": 2, "ben": 2}
    assert dataset.holdout == []
