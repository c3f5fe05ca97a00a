"""The samples of the gate benchmark, on made-up probabilities."""

import numpy as np
import pytest

from benchmarks import gate
from product.settings.rules import GateRules


def test_a_clearly_better_challenger_passes_and_the_champion_against_itself_fails(monkeypatch):
    monkeypatch.setattr(gate, "DRAWS", 20)
    monkeypatch.setattr(gate, "SIZES", (40,))
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 400)
    # The champion guesses, and the challenger moves its probabilities towards the right label.
    champion = rng.dirichlet([2, 2, 2], 400)
    challenger = (champion + 3 * np.eye(3)[labels]) / 4
    found = gate.draw_samples(labels, champion, challenger, rng)
    limits = np.array([GateRules().label_p_value, GateRules().p_value])
    passed = {name: (p_values <= limits).all(axis=1).mean() for (name, _), p_values in found.items()}
    assert passed.pop("challenger") == 1
    assert passed.pop("both exchanged at random") < 0.5
    assert passed == {"itself, temperature 0.7": 0, "itself, temperature 1.5": 0}


def test_a_temperature_changes_confidence_and_not_the_label():
    # (16/25, 9/25) at temperature 2: 4/7 and 3/7
    assert gate.at_temperature(np.array([[16 / 25, 9 / 25]]), 2)[0] == pytest.approx([4 / 7, 3 / 7])
