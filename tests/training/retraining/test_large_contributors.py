"""Whether a large contributor does harm: challengers trained with and without them, with given verdicts."""

from dataclasses import replace

import pytest

from product.codes import CheckCode, FeedbackCode
from product.storage.tables import FeedbackEventRow
from product.versions.installer import installed_manifest
from tests.support.runs import HARMFUL_EXCLUDED, HARMS, NO_BETTER, WINS
from training.retraining.loop import Run


def test_a_passing_challenger_is_trained_once_if_too_few_corrections_come_from_others(give, find_challenger):
    give(anna=40, mallory=40)
    found = find_challenger(WINS)
    assert found.learned_from == [{"anna", "mallory"}]
    assert (found.number, found.verdict, found.actors) == (1, WINS, {"anna", "mallory"})


def test_a_challenger_that_is_not_better_but_harmless_is_trained_once(give, find_challenger, statuses):
    give(anna=80, mallory=70)
    found = find_challenger(NO_BETTER)
    assert found.learned_from == [{"anna", "mallory"}]
    assert (found.number, found.verdict, found.actors) == (1, NO_BETTER, {"anna", "mallory"})
    assert statuses("mallory") == {"pending": 70}


def test_a_contributor_without_whom_a_harmful_challenger_passes_is_quarantined(
    database, give, find_challenger, statuses
):
    ids = give(anna=65, mallory=70)
    # the largest is left out first
    found = find_challenger(HARMS, WINS)
    assert found.learned_from == [{"anna", "mallory"}, {"anna"}]
    assert (found.number, found.verdict.promote, found.actors) == (2, True, {"anna"})
    assert found.verdict.reasons == [*WINS.reasons, HARMFUL_EXCLUDED]
    # The verdict without the contributor decides; the ablation is shown beside it.
    [check] = found.verdict.checks
    assert (check.code, check.values["given"], check.values["total"]) == (CheckCode.source_ablation, 70, 135)
    assert check.passed is None
    assert (statuses("anna"), statuses("mallory")) == ({"pending": 65}, {"quarantined": 70})
    with database.read() as session:
        events = session.query(FeedbackEventRow).filter_by(feedback_id=ids["mallory"][0])
        assert events.order_by(FeedbackEventRow.id.desc()).first().code == FeedbackCode.harmful_contributor


def test_a_quarantined_contributor_stays_quarantined_in_the_next_run(
    context, give, find_challenger, statuses, versions
):
    give(anna=65, mallory=70)
    find_challenger(HARMS, WINS)
    shipped = installed_manifest(versions.store)
    later = Run(replace(context, versions=versions, shipped=shipped, champion="both-1", attempt=2))
    assert {one.actor.name for one in later.score_contributors()} == {"anna"}
    assert statuses("mallory") == {"quarantined": 70}


def test_a_contributor_whose_absence_changes_nothing_is_not_quarantined(give, find_challenger, statuses):
    give(anna=70, ben=75, mallory=80)
    found = find_challenger(HARMS, HARMS, WINS)
    assert found.learned_from == [{"anna", "ben", "mallory"}, {"anna", "ben"}, {"anna", "mallory"}]
    assert (found.number, found.actors) == (3, {"anna", "mallory"})
    assert (statuses("mallory"), statuses("ben")) == ({"pending": 80}, {"quarantined": 75})


def test_the_first_verdict_is_final_if_neither_of_the_two_largest_contributors_does_harm(
    give, find_challenger, statuses
):
    give(anna=70, ben=75, mallory=80)
    found = find_challenger(HARMS, HARMS, NO_BETTER)
    assert found.learned_from == [{"anna", "ben", "mallory"}, {"anna", "ben"}, {"anna", "mallory"}]
    assert (found.number, found.verdict.reasons, found.actors) == (1, HARMS.reasons, {"anna", "ben", "mallory"})
    shown = [(check.code, check.values["given"], check.passed) for check in found.verdict.checks[-2:]]
    assert shown == [(CheckCode.source_ablation, given, None) for given in (80, 75)]
    assert [statuses(actor) for actor in ("anna", "ben", "mallory")] == [{"pending": n} for n in (70, 75, 80)]


def test_a_passing_challenger_is_compared_with_trainings_without_each_large_contributor(
    give, find_challenger, statuses
):
    give(anna=70, ben=75, mallory=80)
    found = find_challenger(WINS, correct=(90, 92, 87))
    assert found.learned_from == [{"anna", "ben", "mallory"}, {"anna", "ben"}, {"anna", "mallory"}]
    assert (found.number, found.verdict.promote, found.actors) == (1, True, {"anna", "ben", "mallory"})
    assert found.verdict.reasons == WINS.reasons
    # two rows of two: mid-p 1/4 / 2; none of three: 1 - 1/8 / 2
    numbers = [(check.values["difference"], check.values["p"]) for check in found.verdict.checks]
    assert numbers == [pytest.approx((0.02, 0.125)), pytest.approx((-0.03, 0.9375))]
    assert [check.passed for check in found.verdict.checks] == [True, True]
    assert statuses("mallory") == {"pending": 80}


@pytest.mark.parametrize("without", [WINS, NO_BETTER])
def test_a_contributor_who_worsens_gate_rows_is_quarantined_though_the_challenger_passes(
    give, find_challenger, statuses, without
):
    give(anna=70, ben=75, mallory=80)
    # seven rows of seven: mid-p 1/128 / 2
    found = find_challenger(WINS, without, correct=(90, 97, 96))
    # without mallory, first as an ablation, then as a challenger
    assert found.learned_from == [{"anna", "ben", "mallory"}, {"anna", "ben"}, {"anna", "ben"}]
    assert (found.number, found.verdict.promote, found.actors) == (3, without.promote, {"anna", "ben"})
    check = found.verdict.checks[-1]
    assert (check.values["difference"], check.values["p"]) == pytest.approx((0.07, 1 / 256))
    assert check.passed is None
    assert statuses("mallory") == {"quarantined": 80}


def test_a_contributor_is_not_left_out_if_too_few_corrections_would_remain(give, find_challenger):
    # without mallory there are 59, half of which are fewer than 30; without anna, 80
    give(anna=59, mallory=80)
    found = find_challenger(HARMS, NO_BETTER)
    assert found.learned_from == [{"anna", "mallory"}, {"mallory"}]
    assert (found.number, found.verdict.reasons) == (1, HARMS.reasons)


def test_small_contributors_are_not_left_out(give, find_challenger):
    give(anna=29, ben=20, carl=29)
    assert find_challenger(HARMS).learned_from == [{"anna", "ben", "carl"}]


def test_a_dry_run_quarantines_no_contributor(context, give, find_challenger, statuses):
    give(anna=65, mallory=70)
    assert find_challenger(HARMS, WINS, made=replace(context, dry_run=True)).actors == {"anna"}
    assert statuses("mallory") == {"pending": 70}
