"""A verdict is about one metric, and never kinder than what is known."""

import math
from collections.abc import Callable

import pytest

from tasks.metrics.calibration import Calibration, MetricCalibration, Quantiles
from tasks.metrics.metric import Metric, Value
from tasks.metrics.source_class import USUAL_LEVELS
from tasks.metrics.verdict import limits, verdict, verdicts

MakeMetric = Callable[..., Metric]


def calibration(median: float, look: float, flag: float, worse: str = "higher") -> Calibration:
    known = Quantiles(clips=20, runs=80, median=median, look=look, flag=flag)
    return Calibration(
        format=1, version=1, date="2030-01-01", suite="a test", look_quantile=0.9,
        flag_quantile=0.975, fewest_clips=8, levels=dict(USUAL_LEVELS),
        metrics={
            "M": MetricCalibration(worse=worse, unit="%", pooled=known, classes={}),
            "NEVER": MetricCalibration(worse="higher", unit="%", pooled=None, classes={}),
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "ok"), (0.6, "ok"), (0.61, "look"), (0.8, "look"), (0.81, "flag"), (math.inf, "flag"),
     (-math.inf, "ok"), (None, "not measurable"), (math.nan, "not measurable")],
)  # fmt: skip
def test_higher_is_worse(value: float | None, said: str, metric: MakeMetric) -> None:
    """The floor 0.5 is below both quantiles: these decide, and lie on their good side."""
    found = verdict(metric("M", floor=0.5), Value(value), "any", calibration(0.1, 0.6, 0.8))
    assert found.status == said
    assert (found.look, found.threshold, found.basis) == (0.6, 0.8, "all classes")


@pytest.mark.parametrize(
    ("value", "said"),
    [(1.2, "ok"), (0.9, "ok"), (0.89, "look"), (0.7, "look"), (0.69, "flag"),
     (-math.inf, "flag"), (math.inf, "ok"), (math.nan, "not measurable")],
)  # fmt: skip
def test_lower_is_worse(value: float, said: str, metric: MakeMetric) -> None:
    known = calibration(1.0, 0.9, 0.7, "lower")
    assert verdict(metric("M", "lower", floor=0.8), Value(value), "any", known).status == said


def test_nothing_on_the_good_side_of_the_floor_is_flagged(metric: MakeMetric) -> None:
    """Harmless values are all about 0; the floor of one frame is the norm."""
    known, lip = calibration(0.0, 0.1, 0.2), metric("M", floor=1.0)
    said = [verdict(lip, Value(v), "any", known).status for v in (0.3, 0.5, 0.51, 1.0, 1.01)]
    assert said == ["ok", "ok", "look", "look", "flag"]
    mirrored = limits(metric("M", "lower", floor=0.8), "any", calibration(1.0, 0.99, 0.98, "lower"))
    assert mirrored is not None and (mirrored.look, mirrored.flag) == pytest.approx((0.9, 0.8))


def test_any_difference_from_what_is_always_zero_is_flagged(metric: MakeMetric) -> None:
    known = calibration(0.0, 0.0, 0.0)
    said = [verdict(metric("M"), Value(v), "any", known).status for v in (0.0, 1e-9)]
    assert said == ["ok", "flag"]


def test_what_was_never_calibrated_is_never_ok(metric: MakeMetric) -> None:
    for name in ("NEVER", "UNKNOWN"):
        found = verdict(metric(name), Value(0.0), "any", calibration(0, 0, 0))
        assert (found.status, found.threshold) == ("not measurable", None)


def test_a_verdict_says_what_it_rests_on(metric: MakeMetric) -> None:
    one, other = calibration(0.1, 0.6, 0.8), calibration(0.1, 0.6, 0.9)
    first, second = (verdict(metric("M"), Value(0.2), "any", known) for known in (one, other))
    assert first.calibration_id == one.calibration_id != second.calibration_id


def test_what_is_only_shown_is_not_judged(metric: MakeMetric) -> None:
    shown, known = metric("M", gated=False), calibration(0.1, 0.6, 0.8)
    with pytest.raises(ValueError, match="never judged"):
        verdict(shown, Value(1.0), "any", known)
    assert verdicts([(shown, Value(1.0)), (metric("M"), Value(1.0))], "any", known).keys() == {"M"}
