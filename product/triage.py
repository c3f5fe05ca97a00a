"""From scores to a route, by the cost of being wrong, in numbers a manager can read and argue about."""

from product.sentiment import LABELS, Route

# What it costs, in minutes of someone's time, to send a message of a given sentiment down a route. An angry customer
# left to a bot is the dear mistake; an agent reading a thank-you is the cheap one.
COSTS: dict[str, dict[str, float]] = {
    Route.self_service: {"negative": 15.0, "neutral": 1.0, "positive": 0.0},
    Route.agent: {"negative": 4.0, "neutral": 2.0, "positive": 2.0},
    Route.urgent: {"negative": 1.0, "neutral": 6.0, "positive": 6.0},
}


def expected_costs(scores: dict[str, float], costs: dict[str, dict[str, float]] = COSTS) -> dict[str, float]:
    """The cost of each route, weighed by how probable each sentiment is."""
    return {route: sum(scores[label] * cost[label] for label in LABELS) for route, cost in costs.items()}


def route(scores: dict[str, float], costs: dict[str, dict[str, float]] = COSTS) -> str:
    """The route of least expected cost; of equals, the one where a person looks sooner."""
    expected = expected_costs(scores, costs)
    sooner_first = [Route.urgent, Route.agent, Route.self_service]
    return min(sooner_first, key=lambda candidate: expected[candidate]).value
