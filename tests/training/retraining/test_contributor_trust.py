"""How far each contributor is trusted.

The odds of a contributor, worked out by hand, start at 4 (prior trust 0.8). One correction multiplies them by:
- label quality 0.9: the square root of (0.9 * 0.9 + 0.05 * 0.1) / (0.1 * 0.9 + 0.45 * 0.1), 2.457
- label quality 0.05: the square root of (0.9 * 0.05 + 0.05 * 0.95) / (0.1 * 0.05 + 0.45 * 0.95), 0.4625
- label quality 1/3: 1
- a reviewer: 0.9 / 0.1 = 9 if confirmed, 1/9 if rejected
- one other contributor, on all texts together: between 1/4.48 and 4.48, exp(1.5)
"""

import numpy as np
import pytest

from product.identity import Actor, ActorKind
from tests.support.trust import (
    AGREES,
    CONTRADICTS,
    RULES,
    UNKNOWN,
    correction,
    corrections,
    different_texts,
    not_asked,
    quality_of,
    same_texts,
    trust_by_name,
)
from training.retraining.trust import contributor_trust, label_quality_log_odds, review_log_odds


def test_evidence_from_label_quality_by_hand():
    assert np.exp(RULES.label_quality_weight * label_quality_log_odds(AGREES, RULES)) == pytest.approx(2.457, abs=1e-3)
    assert np.exp(RULES.label_quality_weight * label_quality_log_odds(CONTRADICTS, RULES)) == pytest.approx(
        0.4625, abs=1e-4
    )
    assert label_quality_log_odds(UNKNOWN, RULES) == pytest.approx(0)


def test_evidence_from_a_reviewer_by_hand():
    assert np.exp(review_log_odds(correction("1", "anna", reviewed="accepted"), RULES)) == pytest.approx(9)
    assert np.exp(review_log_odds(correction("1", "anna", reviewed="rejected"), RULES)) == pytest.approx(1 / 9)
    assert review_log_odds(correction("1", "anna"), RULES) == 0


def test_trust_by_hand():
    given = [*corrections("anna", 2), *corrections("ben", 1), *corrections("carl", 1)]
    trust = trust_by_name(given, different_texts(given), quality_of(given, anna=AGREES, ben=CONTRADICTS))
    # 4 * 2.457 ** 2 = 24.15; 4 * 0.4625 = 1.85; 4
    assert trust == pytest.approx({"anna": 24.15 / 25.15, "ben": 1.85 / 2.85, "carl": 0.8}, abs=1e-3)


def test_a_contributor_with_an_honest_error_rate_is_trusted():
    given = [*corrections("anna", 10), *corrections("ben", 1), *corrections("carl", 1)]
    # 4 * 2.457 ** 9 * 0.4625: about six thousand
    trust = trust_by_name(given, different_texts(given), quality_of(given, anna=AGREES, anna3=CONTRADICTS))
    assert trust["anna"] > 0.999


def test_label_quality_is_computed_with_the_trust_of_the_round_before():
    given = [*corrections("anna", 1), *corrections("ben", 1), *corrections("carl", 1)]
    asked = []

    def quality(weights):
        asked.append(weights.tolist())
        return np.array([AGREES, CONTRADICTS, UNKNOWN])

    trust_by_name(given, different_texts(given), quality)
    # the prior trust at first; then 4 * 2.457 = 9.83 and 4 * 0.4625 = 1.85
    assert asked[0] == pytest.approx([0.8, 0.8, 0.8])
    assert asked[1] == asked[2] == pytest.approx([9.83 / 10.83, 1.85 / 2.85, 0.8], abs=1e-3)


def test_two_contributors_who_agree_on_one_text_are_trusted_more():
    given = [correction("1", "anna"), correction("2", "ben"), correction("3", "carl")]
    trust = trust_by_name(given, same_texts(given, {"1", "2"}), quality_of(given))
    # In the first round (0.8 * 0.81 + 0.2 * 0.1) / (0.8 * 0.1 + 0.2 / 2) = 3.71; then, as each is trusted more, above
    # exp(1.5) = 4.48, the most that one other contributor can add: 4 * 4.48 = 17.93
    assert trust == pytest.approx({"anna": 17.93 / 18.93, "ben": 17.93 / 18.93, "carl": 0.8}, abs=1e-3)


def test_two_contributors_who_disagree_on_one_text_are_trusted_less():
    given = [correction("1", "anna"), correction("2", "ben", "neutral"), correction("3", "carl")]
    trust = trust_by_name(given, same_texts(given, {"1", "2"}), quality_of(given))
    # With the other's trust t: (1 - 0.81 t - 0.1 (1 - t)) / (1 - 0.1 t - (1 - t) / 2). From 0.8: 0.405, so 1.62 / 2.62,
    # 0.618; from that 0.617, so 2.47 / 3.47, 0.712; from that 0.503, so 2.01 / 3.01.
    assert trust == pytest.approx({"anna": 2.01 / 3.01, "ben": 2.01 / 3.01, "carl": 0.8}, abs=2e-3)


def test_a_contributors_last_label_for_a_text_is_compared():
    given = [
        correction("1", "anna", "neutral"),
        correction("2", "anna"),
        correction("3", "ben"),
        correction("4", "carl"),
    ]
    trust = trust_by_name(given, same_texts(given, {"1", "2", "3"}), quality_of(given))
    assert trust["anna"] == pytest.approx(17.93 / 18.93, abs=1e-3)


def test_agreement_with_one_other_contributor_is_capped_for_any_number_of_texts():
    given = [*corrections("anna", 9), *corrections("ben", 9), *corrections("carl", 1)]
    same = [{f"anna{number}", f"ben{number}"} for number in range(9)]
    trust = trust_by_name(given, same_texts(given, *same), quality_of(given))
    assert trust["anna"] == pytest.approx(17.93 / 18.93, abs=1e-3)


def test_trust_is_the_prior_with_two_contributors_and_no_reviewer():
    given = [*corrections("anna", 5), *corrections("ben", 1)]
    assert trust_by_name(given, different_texts(given), not_asked) == {"anna": 0.8, "ben": 0.8}


def test_one_client_under_many_names_is_one_contributor():
    clients = [Actor(ActorKind.client, "0123456789ab", name) for name in ("", *map(str, range(10)))]
    given = [correction(f"{client.name} {text}", client, minute=20 * text) for text in range(10) for client in clients]
    given += [*corrections("anna", 2), *corrections("ben", 2)]
    groups = same_texts(given, *({f"{client.name} {text}" for client in clients} for text in range(10)))
    trust = contributor_trust(given, groups, quality_of(given), RULES)
    assert trust == pytest.approx({"client:0123456789ab": 0.8, "token:crm:anna": 0.8, "token:crm:ben": 0.8})


def test_names_behind_an_api_token_are_separate_contributors():
    given = [correction("1", "anna"), correction("2", "ben")]
    trust = contributor_trust(given, different_texts(given), not_asked, RULES)
    assert set(trust) == {"token:crm:anna", "token:crm:ben"}
