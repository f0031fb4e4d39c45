"""Resampling, corrected levels and intervals of rates, against known values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tasks.strata.evidence import Evidence, holm_levels
from tasks.strata.rates import rate_interval
from tasks.strata.resampling import Resamples, Sums, errors_without_difference


def random_sums(shots: int = 1, people: int = 200, seed: int = 0) -> tuple[Sums, np.ndarray]:
    """Two strata of people whose shots are all alike."""
    chance = np.random.default_rng(seed)
    owners = np.repeat(np.arange(people), shots)
    values = np.repeat(chance.standard_normal(people), shots)
    strata = owners % 2
    return Sums.of(values, owners, strata, (people, 2)), values


def test_a_difference_is_of_means() -> None:
    values = np.array([1.0, 3.0, 10.0, 20.0])
    sums = Sums.of(values, np.arange(4), np.array([0, 0, 1, 2]), (4, 3))
    assert sums.differences() == pytest.approx([2 - 15, 10 - 8, 20 - 14 / 3])


def test_resampled_sums_are_those_of_a_rebuilt_table() -> None:
    chance = np.random.default_rng(3)
    owners, strata = chance.integers(0, 9, 60), chance.integers(0, 3, 60)
    values = chance.standard_normal(60)
    sums = Sums.of(values, owners, strata, (9, 3))
    times = np.bincount(chance.integers(0, 9, 9), minlength=9)
    rows = np.repeat(np.arange(60), times[owners])
    expected = [
        values[rows][strata[rows] == k].mean() - values[rows][strata[rows] != k].mean()
        for k in range(3)
    ]
    assert sums.differences(times[None].astype(float))[0] == pytest.approx(expected)


def test_both_errors_are_the_textbook_one_for_independent_rows() -> None:
    sums, values = random_sums()
    textbook = values.std() * np.sqrt(2 / 100)
    assert Resamples(200, 1).differences(sums).std(axis=0) == pytest.approx(textbook, rel=0.06)
    assert errors_without_difference(sums).errors == pytest.approx(textbook, rel=0.02)


def test_repeating_every_shot_adds_nothing() -> None:
    once, often = (errors_without_difference(random_sums(shots)[0]).errors for shots in (1, 8))
    assert often == pytest.approx(once, rel=0.02)


def test_holm_by_hand() -> None:
    levels = holm_levels(np.array([0.04, 0.001, 0.03, 0.012]), 0.05)
    assert levels == pytest.approx([0.025, 0.0125, 0.025, 0.05 / 3])


@pytest.mark.parametrize("difference", [0.5, 2.5, 3.5, 6.0, -4.0])
def test_an_interval_leaves_out_0_where_the_p_value_is_below_its_level(difference: float) -> None:
    draws = np.sort(difference + np.random.default_rng(1).gumbel(0, 0.8, 2000))
    evidence = Evidence(difference, draws, 1.0, 100)
    level = evidence.probability()
    for factor, outside in ((1.02, True), (0.98, False)):
        low, high = evidence.interval(min(level * factor, 1.0))
        assert (low > 0 or high < 0) == outside


def test_the_tail_beyond_the_resamples_goes_on() -> None:
    draws = np.sort(10 + np.random.default_rng(1).standard_normal(2000))
    level = Evidence(10.0, draws, 0.01, 1000).probability()
    assert 0 < level < 1e-15
    low, _ = Evidence(10.0, draws, 0.01, 1000).interval(1e-6)
    assert low == pytest.approx(10 - stats.norm.isf(5e-7), abs=0.4)


def test_a_stratum_sure_of_itself_by_chance_is_not_believed() -> None:
    """No shot of 40 people flagged, where a tenth of the others is."""
    values = np.zeros(160)
    values[40::10] = 1.0
    sums = Sums.of(values, np.arange(160), (np.arange(160) >= 40).astype(int), (160, 2))
    bootstrap = Resamples(160, 0).differences(sums)[:, 0].std()
    assert errors_without_difference(sums).errors[0] > 1.5 * bootstrap


def test_rate_interval_of_single_shots_is_near_jeffreys() -> None:
    """Without a second shot of anyone, correlation says nothing: a plain binomial."""
    flagged = np.array([1.0] * 8 + [0.0] * 92)
    low, high = rate_interval(flagged, np.ones(100))
    expected = stats.beta.ppf((0.025, 0.975), 8.5, 92.5)
    assert (low, high) == pytest.approx(tuple(expected), abs=0.004)


def test_rate_interval_of_nobody_flagged_has_a_width() -> None:
    low, high = rate_interval(np.zeros(5), np.full(5, 4.0))
    assert low < 0.01
    assert 0.1 < high < 0.5


def test_alike_shots_of_a_person_widen_the_interval() -> None:
    alike = rate_interval(np.array([4.0] * 2 + [0.0] * 18), np.full(20, 4.0))
    spread = rate_interval(np.array([1.0] * 8 + [0.0] * 12), np.full(20, 4.0))
    assert alike[1] - alike[0] > 1.3 * (spread[1] - spread[0])


def test_rate_intervals_hold_the_rate_as_often_as_they_say() -> None:
    chance = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        rates = chance.beta(0.08 * 4, 0.92 * 4, 8)
        flagged = chance.binomial(4, rates).astype(float)
        low, high = rate_interval(flagged, np.full(8, 4.0))
        held += low <= 0.08 <= high
    assert held >= 180
