"""Chooses a route by the expected cost of mistakes, in numbers that a manager can read and discuss."""

from product.sentiment import LABELS, Route

# Minutes of work that it costs to send a message with this sentiment along this route. Leaving an angry customer to a
# bot is expensive; letting an agent read a thank-you is cheap.
COSTS: dict[str, dict[str, float]] = {
    Route.self_service: {"negative": 15.0, "neutral": 1.0, "positive": 0.0},
    Route.agent: {"negative": 4.0, "neutral": 2.0, "positive": 2.0},
    Route.urgent: {"negative": 1.0, "neutral": 6.0, "positive": 6.0},
}


def expected_costs(scores: dict[str, float], costs: dict[str, dict[str, float]] = COSTS) -> dict[str, float]:
    """The cost of each route in minutes, weighted by the probability of each sentiment."""
    return {route: sum(scores[label] * cost[label] for label in LABELS) for route, cost in costs.items()}


def route(scores: dict[str, float], costs: dict[str, dict[str, float]] = COSTS, *, supported: bool = True) -> str:
    """The route with the lowest expected cost; among equals, the one where a person sees the message sooner.

    What no expert has learned to read is never left to self-service: its scores mean little.
    """
    expected = expected_costs(scores, costs)
    sooner_first = [Route.urgent, Route.agent, Route.self_service] if supported else [Route.urgent, Route.agent]
    return min(sooner_first, key=lambda candidate: expected[candidate]).value
