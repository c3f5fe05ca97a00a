"""Distances against values worked out by hand."""

import random
from math import log

import pytest

from product.drift import distance
from tests.support.drifting import counts, prediction


def test_psi_of_equal_shares_is_0_whatever_the_totals():
    assert distance.psi([10, 30], [100, 300], smoothing=0) == 0


def test_psi_of_a_half_that_becomes_four_fifths():
    # .3 ln(.8/.5) - .3 ln(.2/.5) = .3 ln 4
    assert (
        distance.psi([50, 50], [80, 20], smoothing=0)
        == pytest.approx(0.3 * log(4))
        == pytest.approx(0.415888, abs=1e-6)
    )


def test_psi_with_an_empty_bin_is_finite():
    # Shares (9.5, .5) / 10 and (4.5, 5.5) / 10: .5 ln(4.5/9.5) * -1 + .5 ln(5.5/.5)
    assert distance.psi([9, 0], [4, 5]) == pytest.approx(-0.5 * log(4.5 / 9.5) + 0.5 * log(11))


@pytest.mark.parametrize(
    ("p", "q", "bits"),
    [
        ([1, 1], [3, 3], 0.0),
        ([1, 0], [0, 1], 1.0),
        # Middle (.75, .25): (.5 log2(2/3) + .5 log2 2) / 2 + log2(4/3) / 2
        ([0.5, 0.5], [1, 0], 0.311278),
    ],
)
def test_jensen_shannon_is_0_for_the_same_and_1_for_nothing_in_common(p, q, bits):
    assert distance.jensen_shannon(p, q) == pytest.approx(bits, abs=1e-6) == distance.jensen_shannon(q, p)


def test_noise_is_bins_less_1_over_both_totals_and_does_not_count_bins_empty_in_both():
    # (3 - 1) * (1/100 + 1/50)
    assert distance.noise([50, 30, 20, 0], [20, 20, 10, 0]) == pytest.approx(0.06)


def test_psi_close_by_is_8_ln_2_times_jensen_shannon():
    before, now = [500, 300, 200], [510, 300, 190]
    index = distance.psi(before, now, smoothing=0)
    assert distance.jensen_shannon(before, now) * distance.PSI_OF_JSD == pytest.approx(index, rel=0.01)


def test_noise_is_the_mean_of_psi_without_a_change():
    chance, shares = random.Random(7), (0.5, 0.3, 0.15, 0.05)

    def draw(rows: int) -> list[int]:
        drawn = chance.choices(range(4), shares, k=rows)
        return [drawn.count(index) for index in range(4)]

    pairs = [(draw(800), draw(200)) for _ in range(300)]
    mean = sum(distance.psi(*pair) for pair in pairs) / len(pairs)
    # (4 - 1) * (1/800 + 1/200) = 0.01875
    assert mean == pytest.approx(0.01875, rel=0.15)


def test_noise_is_correct_for_the_vocabulary():
    chance = random.Random(11)
    # Words depend on each other: each message takes all its words from one of two topics.
    topics = [[f"{letter}{number}" for number in range(200)] for letter in ("left", "right")]
    words = [
        ["".join(chr(97 + int(digit)) if digit.isdigit() else digit for digit in word) for word in t] for t in topics
    ]

    def draw(rows: int) -> list[int]:
        counted = counts(*(prediction(text=" ".join(chance.sample(chance.choice(words), 8))) for _ in range(rows)))
        return counted.experts["en"]["vocabulary"]

    pairs = [(draw(400), draw(150)) for _ in range(20)]
    mean = sum(distance.jensen_shannon(*pair) for pair in pairs) / len(pairs)
    expected = sum(distance.noise(*pair) for pair in pairs) / len(pairs) / distance.PSI_OF_JSD
    assert mean == pytest.approx(expected, rel=0.15)
