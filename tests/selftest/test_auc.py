"""AUC of outputs, and the interval that resampling clips gives."""

import math
import time

import numpy as np
import pytest

from tasks.selftest.auc import Outputs, area


def outputs(values: list[float], per_clip: int = 1) -> Outputs:
    clips = np.array([f"clip {n // per_clip:03}" for n in range(len(values))], dtype=object)
    return Outputs(np.array(values, dtype=np.float64), clips)


@pytest.mark.parametrize(
    ("faulty", "harmless", "expected"),
    [
        ([3.0, 4.0], [1.0, 2.0], 1.0),
        ([1.0, 2.0], [3.0, 4.0], 0.0),
        ([1.0, 1.0], [1.0, 1.0], 0.5),
        ([2.0], [1.0, 2.0, 3.0], 0.5),
        ([math.inf, 1.0], [0.0, math.inf], 0.625),
        ([5.0, math.nan], [1.0, math.nan, 9.0], 0.5),
    ],
)
def test_auc_is_the_share_of_pairs_in_order(
    faulty: list[float], harmless: list[float], expected: float
) -> None:
    assert area(outputs(faulty), outputs(harmless)).value == expected


@pytest.mark.parametrize("empty", [[], [math.nan]])
def test_no_value_on_one_side_is_no_auc(empty: list[float]) -> None:
    assert area(outputs(empty), outputs([1.0])).value is None
    assert area(outputs([1.0]), outputs(empty)).value is None


def test_auc_agrees_with_counting_the_pairs() -> None:
    chance = np.random.default_rng(1)
    faulty, harmless = chance.integers(2, 9, 60) * 1.0, chance.integers(0, 7, 90) * 1.0
    counted = np.mean([(f > h) + 0.5 * (f == h) for f in faulty for h in harmless])
    assert area(outputs(list(faulty)), outputs(list(harmless))).value == pytest.approx(counted)


def test_an_interval_holds_the_value_and_is_wider_when_outputs_come_in_few_clips() -> None:
    """The same 60 and 60 values, of 60 clips or of 6 that have a level of their own."""
    chance = np.random.default_rng(2)
    level = np.repeat(chance.normal(size=6), 10)
    faulty, harmless = (list(level + shift + 0.1 * chance.normal(size=60)) for shift in (0.8, 0))
    many = area(outputs(faulty), outputs(harmless))
    few = area(outputs(faulty, 10), outputs(harmless, 10))
    assert many.value == few.value
    assert many.low is not None and many.high is not None
    assert few.low is not None and few.high is not None
    assert many.low < many.value < many.high  # type: ignore[operator]
    assert few.high - few.low > many.high - many.low


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Two normal populations one deviation apart: AUC is Phi(1 / sqrt 2) = 0.760."""
    chance = np.random.default_rng(3)
    covered = 0
    for _ in range(100):
        faulty, harmless = chance.normal(1, 1, 40), chance.normal(0, 1, 40)
        found = area(outputs(list(faulty)), outputs(list(harmless)), resamples=300)
        assert found.low is not None and found.high is not None
        covered += found.low <= 0.760 <= found.high
    assert 85 <= covered <= 100


def test_one_clip_has_no_interval() -> None:
    one = area(outputs([2.0, 3.0], 2), outputs([1.0, 2.5], 2))
    assert (one.value, one.low, one.high) == (0.75, None, None)


def test_equal_calls_give_equal_intervals() -> None:
    faulty, harmless = outputs([1.0, 3.0, 2.0]), outputs([0.5, 2.5, 1.5])
    assert area(faulty, harmless) == area(faulty, harmless)


def test_forty_faults_at_three_severities_take_seconds() -> None:
    chance = np.random.default_rng(4)
    harmless = outputs(list(chance.normal(size=320)), 8)
    faulty = outputs(list(chance.normal(size=40)))
    began = time.process_time()
    for _ in range(12):
        area(faulty, harmless)
    assert time.process_time() - began < 5 / 10
