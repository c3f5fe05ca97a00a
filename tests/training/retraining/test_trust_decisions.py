"""Which status a correction gets: by the trust in its contributor, by reviewers, and by others on the same text.

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
from product.sentiment import Correction, Status
from tests.support.trust import (
    AGREES,
    CONTRADICTS,
    RULES,
    correction,
    corrections,
    different_texts,
    not_asked,
    quality_of,
    same_texts,
    statuses,
)
from training.retraining.trust import TrustDecision, decide, hold_unsupported


def test_corrections_of_a_contributor_without_evidence_are_pending():
    given = [*corrections("anna", 1), *corrections("ben", 1), *corrections("carl", 1)]
    decisions = decide(given, different_texts(given), quality_of(given), RULES)
    assert statuses(decisions) == ["pending"] * 3
    assert decisions["anna0"].reason == Reason(FeedbackCode.contributor_unproven, {"trust": pytest.approx(0.8)})


def test_corrections_of_a_trusted_contributor_are_accepted():
    given = [*corrections("anna", 1), *corrections("ben", 1), *corrections("carl", 1)]
    decisions = decide(given, different_texts(given), quality_of(given, anna=AGREES), RULES)
    assert statuses(decisions) == ["accepted", "pending", "pending"]
    # 9.83 / 10.83
    assert decisions["anna0"].reason == Reason(
        FeedbackCode.contributor_trusted, {"trust": pytest.approx(9.83 / 10.83, abs=1e-3)}
    )


@pytest.mark.parametrize(
    ("count", "status"),
    [
        (2, "pending"),  # 4 * 0.4625 ** 2 = 0.856, 46 %
        (3, "quarantined"),  # 4 * 0.4625 ** 3 = 0.396, 28 %
    ],
)
def test_a_contributor_who_is_contradicted_often_enough_is_quarantined(count, status):
    given = [*corrections("anna", count), *corrections("ben", 1), *corrections("carl", 1)]
    decisions = decide(given, different_texts(given), quality_of(given, anna=CONTRADICTS), RULES)
    assert statuses(decisions) == [status] * count + ["pending"] * 2


def test_a_quarantined_correction_carries_the_trust_as_its_reason():
    given = [*corrections("anna", 3), *corrections("ben", 1), *corrections("carl", 1)]
    decisions = decide(given, different_texts(given), quality_of(given, anna=CONTRADICTS), RULES)
    assert decisions["anna1"].reason == Reason(
        FeedbackCode.contributor_contradicted, {"trust": pytest.approx(0.396 / 1.396, abs=1e-3)}
    )


def test_a_doubtful_label_of_a_trusted_contributor_is_accepted():
    given = [*corrections("anna", 10), *corrections("ben", 5), *corrections("carl", 5)]
    quality = quality_of(given, anna=AGREES, anna3=CONTRADICTS, ben=AGREES, carl=AGREES)
    assert statuses(decide(given, different_texts(given), quality, RULES), "anna3") == ["accepted"]


def test_corrections_of_fewer_than_three_contributors_are_accepted():
    given = [*corrections("anna", 3), *corrections("ben", 1)]
    decisions = decide(given, different_texts(given), not_asked, RULES)
    assert statuses(decisions) == ["accepted"] * 4
    assert decisions["ben0"].reason == Reason(FeedbackCode.too_few_contributors)


def test_two_contributors_whom_only_each_other_confirms_are_quarantined():
    given = [*corrections("mallory", 5), *corrections("trudy", 5), *corrections("anna", 5)]
    same = [{f"mallory{number}", f"trudy{number}"} for number in range(5)]
    quality = quality_of(given, mallory=CONTRADICTS, trudy=CONTRADICTS, anna=AGREES)
    # 4 * 4.48 * 0.4625 ** 5 = 0.379 at most, 27 %
    decisions = decide(given, same_texts(given, *same), quality, RULES)
    assert statuses(decisions) == ["quarantined"] * 10 + ["accepted"] * 5


def test_two_contributors_acting_together_do_not_lower_the_trust_in_an_honest_contributor():
    given = [*corrections("mallory", 6, "neutral"), *corrections("trudy", 6, "neutral"), *corrections("anna", 6)]
    same = [{f"mallory{number}", f"trudy{number}", f"anna{number}"} for number in range(6)]
    quality = quality_of(given, mallory=CONTRADICTS, trudy=CONTRADICTS, anna=AGREES)
    # anna: 4 * 2.457 ** 6 / 4.48 ** 2 = 43.8 at least; the two as above, and anna disagrees with them
    decisions = decide(given, same_texts(given, *same), quality, RULES)
    assert statuses(decisions) == ["quarantined"] * 12 + ["accepted"] * 6


def test_a_reviewers_decision_is_kept_whatever_the_trust():
    given = [
        correction("1", "mallory", reviewed="accepted"),
        *corrections("mallory", 10),
        correction("2", "anna", reviewed="rejected"),
        *corrections("anna", 10),
        *corrections("carl", 10),
    ]
    quality = quality_of(given, mallory=CONTRADICTS, anna=AGREES, carl=AGREES)
    decisions = decide(given, different_texts(given), quality, RULES)
    assert statuses(decisions, "1", "mallory0", "2", "anna0") == ["accepted", "quarantined", "rejected", "accepted"]
    assert (decisions["1"].reason, decisions["2"].reason) == (
        Reason(FeedbackCode.accepted_by_reviewer),
        Reason(FeedbackCode.rejected_by_reviewer),
    )


def test_a_contributor_confirmed_by_a_reviewer_is_trusted_more():
    given = [
        correction("1", "anna", reviewed="accepted"),
        correction("2", "anna"),
        correction("3", "ben"),
        correction("4", "carl"),
    ]
    # 4 * 9 = 36: 97 %; of the three accepted, two may be anna's
    rules = replace(RULES, max_contributor_share=0.9)
    assert statuses(decide(given, different_texts(given), quality_of(given, ben=AGREES), rules), "2", "4") == [
        "accepted",
        "pending",
    ]


@pytest.mark.parametrize(
    ("rejected_count", "status"),
    [
        (1, "pending"),  # 4 / 9 = 0.444, 31 %
        (2, "quarantined"),  # 4 / 81, 5 %
    ],
)
def test_a_contributor_rejected_by_a_reviewer_is_trusted_less(rejected_count, status):
    rejected = [correction(str(number), "anna", reviewed="rejected") for number in range(rejected_count)]
    given = [*rejected, correction("open", "anna"), correction("b", "ben"), correction("c", "carl")]
    assert statuses(decide(given, different_texts(given), quality_of(given), RULES), "open") == [status]


def test_a_reviewers_decision_counts_with_a_single_contributor():
    given = [
        correction("1", "anna", reviewed="rejected"),
        correction("2", "anna", reviewed="rejected"),
        correction("3", "anna"),
    ]
    assert statuses(decide(given, different_texts(given), quality_of(given), RULES)) == [
        "rejected",
        "rejected",
        "quarantined",
    ]


def test_with_an_even_split_nothing_is_accepted():
    given = [correction("1", "anna"), correction("2", "ben", "neutral"), correction("3", "anna", "neutral")]
    decisions = decide(given, same_texts(given, {"1", "2"}), not_asked, RULES)
    assert statuses(decisions) == ["quarantined", "quarantined", "accepted"]
    assert decisions["1"].reason == Reason(FeedbackCode.disputed)


def trusted(*actors: str) -> list[Correction]:
    """Corrections of other texts with good label quality. With odds of 4 * 2.457 ** 10 = 32,000, each contributor stays
    almost fully trusted whatever label they give one more text."""
    return [one for actor in actors for one in corrections(actor, 10)]


def test_two_thirds_of_the_trust_decide_a_text():
    given = [
        correction("1", "anna"),
        correction("2", "ben"),
        correction("3", "carl", "neutral"),
        *trusted("anna", "ben", "carl"),
    ]
    quality = quality_of(given, anna=AGREES, ben=AGREES, carl=AGREES)
    decisions = decide(given, same_texts(given, {"1", "2", "3"}), quality, RULES)
    assert statuses(decisions, "1", "2", "3", "carl0") == ["accepted", "accepted", "quarantined", "accepted"]
    assert decisions["3"].reason == Reason(FeedbackCode.outvoted, {"labels": ["positive"]})


def test_less_than_two_thirds_of_the_trust_decide_nothing():
    # three of five
    given = [correction(str(number), actor) for number, actor in enumerate(("anna", "ben", "carl"))]
    given += [correction("3", "dora", "neutral"), correction("4", "emil", "neutral")]
    everybody = ("anna", "ben", "carl", "dora", "emil")
    given += trusted(*everybody)
    quality = quality_of(given, **dict.fromkeys(everybody, AGREES))
    decisions = decide(given, same_texts(given, set("01234")), quality, RULES)
    assert statuses(decisions, *"01234") == ["quarantined"] * 5


def test_a_much_more_trusted_contributor_outvotes_another():
    confirmed = [correction(f"a{number}", "anna", reviewed="accepted") for number in range(3)]
    both_ways = [correction("b0", "ben", reviewed="accepted"), correction("b1", "ben", reviewed="rejected")]
    given = [correction("1", "anna"), correction("2", "ben", "neutral"), *confirmed, *both_ways]
    decisions = decide(given, same_texts(given, {"1", "2"}), quality_of(given), RULES)
    # anna: 4 * 9 ** 3, so almost 1; ben: 4, times 0.19 / 0.9 = 0.211 for contradicting anna: 0.844 / 1.844 = 0.458.
    # 1 of 1.458 is 69 %. There are two contributors, so ben alone would be accepted.
    assert statuses(decisions, "1", "2") == ["accepted", "quarantined"]


def test_a_slightly_more_trusted_contributor_does_not_outvote_another():
    confirmed = [correction(f"a{number}", "anna", reviewed="accepted") for number in range(3)]
    given = [
        correction("1", "anna"),
        correction("2", "ben", "neutral"),
        *confirmed,
        correction("b0", "ben", reviewed="accepted"),
    ]
    decisions = decide(given, same_texts(given, {"1", "2"}), quality_of(given), RULES)
    # ben: 4 * 9 * 0.211 = 7.6, so 0.884: 1 of 1.884 is 53 %
    assert statuses(decisions, "1", "2") == ["quarantined", "quarantined"]


def test_the_label_that_a_reviewer_confirmed_outvotes_all_others():
    given = [correction("1", "anna"), correction("2", "ben"), correction("3", "carl", "neutral", reviewed="accepted")]
    given += trusted("anna", "ben", "carl")
    quality = quality_of(given, anna=AGREES, ben=AGREES, carl=AGREES)
    decisions = decide(given, same_texts(given, {"1", "2", "3"}), quality, RULES)
    assert statuses(decisions, "1", "2", "3") == ["quarantined", "quarantined", "accepted"]
    assert decisions["1"].reason == Reason(FeedbackCode.outvoted, {"labels": ["neutral"]})


def test_a_label_that_a_reviewer_rejected_has_no_vote():
    given = [correction("1", "anna"), correction("2", "ben", "neutral", reviewed="rejected")]
    decisions = decide(given, same_texts(given, {"1", "2"}), quality_of(given), RULES)
    assert statuses(decisions) == ["accepted", "rejected"]


def test_a_quarantined_contributor_has_no_vote():
    given = [
        *corrections("anna", 5),
        *corrections("ben", 5),
        *corrections("mallory", 5, "neutral"),
        correction("1", "mallory", "neutral"),
    ]
    quality = quality_of(given, anna=AGREES, ben=AGREES, mallory=CONTRADICTS)
    decisions = decide(given, same_texts(given, {"anna0", "mallory0"}), quality, RULES)
    assert statuses(decisions, "anna0", "mallory0") == ["accepted", "quarantined"]


def test_repeating_a_label_adds_no_vote():
    repeated = [correction(f"a{number}", "anna", minute=number) for number in range(5)]
    given = [*repeated, correction("b", "ben", "neutral")]
    decisions = decide(given, np.zeros(6, dtype=int), not_asked, RULES)
    assert statuses(decisions) == ["quarantined"] * 6


def test_accepted_corrections_that_no_expert_can_read_wait():
    given = [
        replace(correction("english", "anna"), text="My parcel is late again"),
        replace(correction("german", "anna"), text="Mein Paket ist schon wieder zu spät"),
        replace(correction("chinese", "anna"), text="包裹又迟到了"),
        replace(correction("emoji", "anna"), text="😡"),
        replace(correction("refused", "anna"), text="Où est mon colis ?"),
    ]
    accepted = TrustDecision(Status.accepted, Reason(FeedbackCode.too_few_contributors))
    decisions = {found.id: accepted for found in given}
    decisions["refused"] = TrustDecision(Status.quarantined, Reason(FeedbackCode.disputed))
    german = TrustDecision(Status.pending, Reason(FeedbackCode.language_not_supported, {"language": "de"}))
    chinese = TrustDecision(Status.pending, Reason(FeedbackCode.language_not_supported, {"language": "zh"}))
    assert hold_unsupported(given, decisions, ("en", "zh")) == {"german": german}
    assert hold_unsupported(given, decisions, ("en",)) == {"german": german, "chinese": chinese}
