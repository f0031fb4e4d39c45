"""A shot's value and verdict are those of its worst stretch."""

from dataclasses import replace

import pytest
import torch

from tasks.judge import Judged, measurement_of
from tasks.metrics.evaluate import FAILED, Answer, evaluate
from tasks.metrics.metric import Metric, Value, Worse
from tasks.metrics.pair import Pair
from tasks.metrics.verdict import Status, Verdict


def metric(worse: Worse) -> Metric:
    return Metric("X", "x", "%", worse, 0.0, "", "", "", lambda pair: Value(0.0))


def judged(*values: tuple[Value, Status]) -> list[Judged]:
    return [
        Judged(Answer(60 * n, 60, value, 0.1), Verdict(status, 2.5, 2.0, "id", "all classes"))
        for n, (value, status) in enumerate(values)
    ]


@pytest.mark.parametrize(("worse", "expected", "frame"), [("higher", 3.0, 67), ("lower", 1.0, 129)])
def test_the_worst_stretch_counts(worse: Worse, expected: float, frame: int) -> None:
    known = judged((Value(2.0, where=5), "ok"), (Value(3.0, where=7), "ok"),
                   (Value(1.0, where=9), "ok"))  # fmt: skip
    found = measurement_of(metric(worse), known)
    assert (found.after, found.worst_frame) == (expected, frame)
    assert found.seconds == pytest.approx(0.3)


def test_a_flagged_stretch_counts_before_a_larger_value_of_another_class() -> None:
    known = judged((Value(3.0), "ok"), (Value(2.0), "flag"))
    found = measurement_of(metric("higher"), known)
    assert (found.after, found.verdict, found.threshold) == (2.0, "flag", 2.5)


def test_coverage_is_of_all_frames() -> None:
    known = judged((Value(2.0, 1.0), "ok"), (Value.none("no face"), "not measurable"))
    found = measurement_of(metric("higher"), known)
    assert found.after == 2.0 and found.coverage == 0.5


def test_a_shot_without_any_value_says_why_once_and_is_never_ok() -> None:
    known = judged(*((Value.none("no face"), "not measurable"),) * 2)  # type: ignore[arg-type]
    found = measurement_of(metric("higher"), known)
    assert not found.measurable and found.after is None
    assert (found.note, found.verdict) == ("no face", "not measurable")


def test_what_is_shown_has_no_verdict() -> None:
    found = measurement_of(metric("higher"), [Judged(Answer(0, 9, Value(4.0), 0.0), None)])
    assert (found.after, found.verdict, found.threshold) == (4.0, "", None)


def test_a_metric_that_fails_costs_no_other_and_says_what_it_was() -> None:
    def fails(pair: Pair) -> Value:
        raise ZeroDivisionError("division by zero")

    pictures = torch.zeros(3, 4, 4)
    pair = Pair(24.0, (4, 4), pictures, pictures, None, None, pictures > 0)
    whole = metric("higher")
    answers = evaluate(pair, 0, [replace(whole, identifier="BAD", measure=fails), whole])
    assert answers["BAD"].value == Value.none(f"{FAILED}ZeroDivisionError: division by zero")
    assert answers["X"].value == Value(0.0)
