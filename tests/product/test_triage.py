import pytest

from product.triage import expected_costs, route


def scores(negative: float, neutral: float, positive: float) -> dict[str, float]:
    return {"negative": negative, "neutral": neutral, "positive": positive}


def test_expected_cost_weighs_each_cost_by_its_probability():
    costs = {"here": {"negative": 10.0, "neutral": 2.0, "positive": 0.0}}
    # 0.5 * 10 + 0.25 * 2 + 0.25 * 0
    assert expected_costs(scores(0.5, 0.25, 0.25), costs) == {"here": 5.5}


def test_a_certain_complaint_is_urgent():
    assert route(scores(1, 0, 0)) == "urgent"


def test_a_certain_question_and_certain_thanks_need_no_agent():
    assert route(scores(0, 1, 0)) == "self-service"
    assert route(scores(0, 0, 1)) == "self-service"


def test_a_doubtful_message_goes_to_an_agent():
    # self-service 15 * 0.3 + 0.7 = 5.2; agent 4 * 0.3 + 2 * 0.7 = 2.6; urgent 0.3 + 6 * 0.7 = 4.5
    assert route(scores(0.3, 0.7, 0)) == "agent"


def test_of_equally_costly_routes_the_fastest_to_reach_a_person_is_chosen():
    same = {"negative": 1.0, "neutral": 1.0, "positive": 1.0}
    assert route(scores(0.2, 0.5, 0.3), {"urgent": same, "agent": same, "self-service": same}) == "urgent"


@pytest.mark.parametrize("label", range(3))
def test_what_no_expert_has_learned_to_read_is_never_left_to_self_service(label):
    certain = scores(*(float(index == label) for index in range(3)))
    assert route(certain, supported=False) == ("urgent" if label == 0 else "agent")
