"""A shot's value is that of its worst stretch."""

import pytest

from tasks.metrics.evaluate import Answer, of_shot
from tasks.metrics.metric import Metric, Value, Worse


def metric(worse: Worse) -> Metric:
    return Metric("X", "x", "%", worse, 0.0, "", "", "", lambda pair: Value(0.0))


def answers(*values: Value) -> list[Answer]:
    return [Answer(60 * n, 60, value, 0.1) for n, value in enumerate(values)]


@pytest.mark.parametrize(("worse", "expected"), [("higher", 3.0), ("lower", 1.0)])
def test_the_worst_stretch_counts(worse: Worse, expected: float) -> None:
    known = answers(Value(2.0, where=5), Value(3.0, where=7), Value(1.0, where=9))
    value = of_shot(metric(worse), known)
    assert value.value == expected
    assert value.where == (67 if worse == "higher" else 129)


def test_coverage_is_of_all_frames() -> None:
    value = of_shot(metric("higher"), answers(Value(2.0, 1.0), Value.none("no face")))
    assert value.value == 2.0 and value.coverage == 0.5


def test_a_shot_without_any_value_says_why_once() -> None:
    value = of_shot(metric("higher"), answers(Value.none("no face"), Value.none("no face")))
    assert not value.measurable and value.note == "no face"
