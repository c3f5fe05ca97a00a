"""Limits on one contributor: speed, share, and contributors who did harm.

The odds of a contributor, worked out by hand, start at 4 (prior trust 0.8). One correction multiplies them by:
- label quality 0.9: the square root of (0.9 * 0.9 + 0.05 * 0.1) / (0.1 * 0.9 + 0.45 * 0.1), 2.457
- label quality 0.05: the square root of (0.9 * 0.05 + 0.05 * 0.95) / (0.1 * 0.05 + 0.45 * 0.95), 0.4625
- label quality 1/3: 1
- a reviewer: 0.9 / 0.1 = 9 if confirmed, 1/9 if rejected
- one other contributor, on all texts together: between 1/4.48 and 4.48, exp(1.5)
"""

from dataclasses import replace

import numpy as np
import pytest

from product.codes import FeedbackCode, Reason
from product.sentiment import Correction
from product.settings.rules import SourceTrustRules
from tests.support.actors import contributor
from tests.support.trust import AGREES, RULES, correction, corrections, different_texts, not_asked, quality_of, statuses
from training.retraining.trust import cap_shares, decide, exclude_harmful, large_contributors


def minutes(actor: str, *at: float, **more) -> list[Correction]:
    return [correction(f"{actor}@{minute:g}", actor, minute=minute, **more) for minute in at]


@pytest.fixture
def strict_limit() -> SourceTrustRules:
    """At most three corrections in ten minutes; a contributor may supply almost everything."""
    return replace(RULES, burst_limit=3, max_contributor_share=0.99)


def test_corrections_faster_than_a_person_reads_are_pending(strict_limit):
    given = [*minutes("anna", 0, 1, 2, 3, 9, 20), *corrections("ben", 1), *corrections("carl", 1)]
    # anna is trusted: 9.83 / 10.83. The fourth and fifth correction came within ten minutes of the first and second;
    # the sixth did not come within ten minutes of the third.
    quality = quality_of(given, **{"anna@0": AGREES, "ben": AGREES})
    decisions = decide(given, different_texts(given), quality, strict_limit)
    assert statuses(decisions) == [*["accepted"] * 3, "pending", "pending", "accepted", "accepted", "pending"]
    assert decisions["anna@3"].reason == Reason(FeedbackCode.too_fast, {"limit": 3, "minutes": 10})


def test_a_correction_ten_minutes_after_the_third_last_is_not_pending(strict_limit):
    given = [*minutes("anna", 0, 1, 2, 10), *corrections("ben", 1), *corrections("carl", 1)]
    quality = quality_of(given, **{"anna@0": AGREES, "ben": AGREES})
    assert statuses(decide(given, different_texts(given), quality, strict_limit), "anna@10") == ["accepted"]


def test_the_limit_counts_corrections_in_the_order_they_were_given(strict_limit):
    given = [*minutes("anna", 3, 2, 1, 0), *corrections("ben", 1), *corrections("carl", 1)]
    quality = quality_of(given, **{"anna@0": AGREES, "ben": AGREES})
    decisions = decide(given, different_texts(given), quality, strict_limit)
    assert statuses(decisions)[:4] == ["pending", "accepted", "accepted", "accepted"]


def test_imported_corrections_have_no_limit(strict_limit):
    given = [replace(one, imported=True) for one in minutes("anna", 0, 1, 2, 3, 4)]
    given += [*corrections("ben", 1), *corrections("carl", 1)]
    quality = quality_of(given, **{"anna@0": AGREES, "ben": AGREES})
    assert statuses(decide(given, different_texts(given), quality, strict_limit))[:5] == ["accepted"] * 5


def test_a_proven_contributor_has_no_limit(strict_limit):
    given = [*minutes("anna", 0, 1, 2, 3, 4), *corrections("ben", 1), *corrections("carl", 1)]
    # 4 * 2.457 ** 5 = 358: 99.7 %
    assert (
        statuses(decide(given, different_texts(given), quality_of(given, anna=AGREES), strict_limit))[:5]
        == ["accepted"] * 5
    )


def test_reviewed_corrections_do_not_count_towards_the_limit(strict_limit):
    given = [correction("seen", "anna", minute=0.5, reviewed="accepted"), *minutes("anna", 0, 1, 2)]
    given += [*corrections("ben", 1), *corrections("carl", 1)]
    # 4 * 9 = 36: 97 %
    decisions = decide(given, different_texts(given), quality_of(given, ben=AGREES), strict_limit)
    assert statuses(decisions)[:4] == ["accepted"] * 4


def test_there_is_no_limit_with_too_few_contributors(strict_limit):
    given = [*minutes("anna", 0, 1, 2, 3), *corrections("ben", 1)]
    assert statuses(decide(given, different_texts(given), not_asked, strict_limit)) == ["accepted"] * 5


def first_agrees(*actors: str):
    """Good label quality for the first correction of each actor, and none known for the others: 9.83 / 10.83, accepted
    but not proven."""
    return {f"{actor}0": AGREES for actor in actors}


def test_the_latest_corrections_beyond_a_contributors_third_are_pending():
    given = [*corrections("anna", 10), *corrections("ben", 3), *corrections("carl", 3)]
    decisions = decide(given, different_texts(given), quality_of(given, **first_agrees("anna", "ben", "carl")), RULES)
    # 0.34 / 0.66 * 6 = 3.09
    assert statuses(decisions) == ["accepted"] * 3 + ["pending"] * 7 + ["accepted"] * 6
    assert decisions["anna3"].reason == Reason(FeedbackCode.over_share, {"share": 0.34})


def test_a_proven_contributor_may_supply_any_share():
    given = [*corrections("anna", 10), *corrections("ben", 3), *corrections("carl", 3)]
    decisions = decide(
        given, different_texts(given), quality_of(given, **first_agrees("ben", "carl"), anna=AGREES), RULES
    )
    assert statuses(decisions) == ["accepted"] * 16


def test_shares_of_the_others_count_all_that_a_proven_contributor_gave():
    given = [*corrections("anna", 40), *corrections("ben", 12), *corrections("carl", 3)]
    decisions = decide(
        given, different_texts(given), quality_of(given, **first_agrees("ben", "carl"), anna=AGREES), RULES
    )
    # ben's 12 are 22 % of 55
    assert statuses(decisions) == ["accepted"] * 55


def test_reviewed_corrections_count_first_in_a_contributors_share():
    late = correction("late", "anna", minute=9999, reviewed="accepted")
    given = [*corrections("anna", 5), late, *corrections("ben", 1), *corrections("carl", 1)]
    decisions = decide(given, different_texts(given), quality_of(given, **first_agrees("ben", "carl")), RULES)
    # 0.34 / 0.66 * 2 = 1.03: one, and that is the reviewed one; 4 * 9 = 36, 97 %
    assert statuses(decisions) == [*["pending"] * 5, "accepted", "accepted", "accepted"]


def test_two_accepted_contributors_may_supply_half_each():
    given = [*corrections("anna", 5), *corrections("ben", 5), *corrections("carl", 1)]
    decisions = decide(given, different_texts(given), quality_of(given, **first_agrees("anna", "ben")), RULES)
    assert statuses(decisions) == [*["accepted"] * 10, "pending"]


def test_with_too_few_contributors_a_single_contributor_may_supply_all_corrections():
    given = [*corrections("anna", 50), *corrections("ben", 1)]
    assert statuses(decide(given, different_texts(given), not_asked, RULES)) == ["accepted"] * 51


@pytest.mark.parametrize(
    ("counts", "share", "most"),
    [
        ({"a": 3, "b": 3, "c": 3}, 0.34, {"a": 3, "b": 3, "c": 3}),
        ({"a": 10, "b": 3, "c": 3}, 0.34, {"a": 3, "b": 3, "c": 3}),  # 0.34 / 0.66 * 6 = 3.09
        ({"a": 10, "b": 6, "c": 4}, 0.5, {"a": 10, "b": 6, "c": 4}),  # 10 are half of 20
        ({"a": 30, "b": 6, "c": 4}, 0.5, {"a": 10, "b": 6, "c": 4}),
        # both exceed their share: with x of each, x = 0.34 * (2 x + 3), so 3.19
        ({"a": 100, "b": 100, "c": 1, "d": 1, "e": 1}, 0.34, {"a": 3, "b": 3, "c": 1, "d": 1, "e": 1}),
        # of two, one always has half or more: 1 is left of each
        ({"a": 50, "b": 50}, 0.34, {"a": 1, "b": 1}),
        ({"a": 50}, 0.34, {"a": 1}),
        ({"a": 50, "b": 1}, 1, {"a": 50, "b": 1}),
        ({}, 0.34, {}),
    ],
)
def test_capped_shares_by_hand(counts, share, most):
    assert cap_shares(counts, share) == most


def test_exempt_counts_stay_as_they_are():
    # 0.34 / 0.66 * (40 + 4) = 22.7
    assert cap_shares({"a": 40, "b": 30, "c": 4}, 0.34, {"a"}) == {"a": 40, "b": 22, "c": 4}


def test_without_corrections_there_are_no_decisions():
    assert decide([], np.array([], dtype=int), not_asked, RULES) == {}


def given_by(**counts: int) -> list[Correction]:
    return [one for actor, count in counts.items() for one in corrections(actor, count)]


@pytest.mark.parametrize(
    ("counts", "large"),
    [
        ({"anna": 30, "ben": 70}, ["ben", "anna"]),  # a fifth of 100 is 20, but the minimum is 30
        ({"anna": 29, "ben": 71}, ["ben"]),
        ({"anna": 60, "ben": 59, "carl": 181}, ["carl", "anna"]),  # a fifth of 300 is 60
        ({"anna": 50}, []),  # without anna there would be nothing
        ({}, []),
    ],
)
def test_large_contributors_gave_at_least_thirty_and_a_fifth_but_not_all_corrections(counts, large):
    assert large_contributors(given_by(**counts), RULES) == [contributor(name).source for name in large]


@pytest.mark.parametrize(("accepted", "rejected", "excluded"), [(4, 3, {"then", "since"}), (5, 0, set())])
def test_a_harmful_contributor_is_excluded_until_a_reviewer_accepted_five_corrections(accepted, rejected, excluded):
    given = [correction("then", "mallory"), correction("since", "mallory"), correction("other", "anna")]
    given += [correction(f"a{number}", "mallory", reviewed="accepted") for number in range(accepted)]
    given += [correction(f"r{number}", "mallory", reviewed="rejected") for number in range(rejected)]
    decisions = exclude_harmful(given, {"then"}, RULES)
    assert set(decisions) == excluded
    assert {decision.reason.code for decision in decisions.values()} <= {FeedbackCode.harmful_contributor}
