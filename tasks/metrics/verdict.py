"""From a value to a verdict, one metric at a time. There is no overall score.

    flag   the value is worse than the flag threshold: the worse of the metric's floor and the
           97.5th per cent of harmless outputs on this class of source
    look   it is worse than the look threshold: the worse of the look floor and the 90th per cent
    ok     otherwise
    not measurable   there is no value, or nothing is known of harmless values; never "ok"

The look floor lies halfway between the median of harmless values and the floor, so that
nothing near the usual is ever shown as worth a look. (LIP: harmless about 0, floor 1 frame, look
floor half a frame, as the film norm has it.)

Where lower is worse everything is mirrored. A threshold itself is not beyond it: of a metric that
is 0 on every harmless output and has the floor 0, any other value is flagged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tasks.metrics.calibration import Calibration
from tasks.metrics.metric import Metric, Value

Status = Literal["ok", "look", "flag", "not measurable"]


@dataclass(frozen=True)
class Limits:
    """Thresholds of a metric on a class of source, in the metric's unit.

    Attributes:
        look: beyond it a shot is worth a look.
        flag: beyond it a shot is flagged.
        basis: the class of source they were fitted on, or "all classes".
    """

    look: float
    flag: float
    basis: str


@dataclass(frozen=True)
class Verdict:
    """What is said of one value.

    Attributes:
        status: ok, look, flag, or not measurable.
        threshold: beyond it the value is flagged; None when nothing is known.
        look: beyond it the value is worth a look; None when nothing is known.
        calibration_id: what the verdict rests on.
        basis: the class of source the thresholds were fitted on, or why there are none.
    """

    status: Status
    threshold: float | None
    look: float | None
    calibration_id: str
    basis: str


def limits(metric: Metric, source_class: str, calibration: Calibration) -> Limits | None:
    """Thresholds of a metric; None when no harmless output had a value."""
    known, basis = calibration.quantiles(metric.identifier, source_class)
    if known is None:
        return None
    sign = sign_of(metric)
    floor, middle = sign * metric.floor, sign * known.median
    flag = max(floor, sign * known.flag)
    look_floor = floor - (floor - middle) / 2 if middle < floor else floor
    look = min(max(look_floor, sign * known.look), flag)
    return Limits(sign * look, sign * flag, basis)


def sign_of(metric: Metric) -> int:
    """1 where higher is worse, -1 where lower is."""
    return 1 if metric.worse == "higher" else -1


def verdict(metric: Metric, value: Value, source_class: str, calibration: Calibration) -> Verdict:
    """Judge one value of one metric.

    Args:
        metric: a gated one.
        value: what it said; NaN counts as no value, infinite values are compared as they are.
        source_class: from `Calibration.class_of`.
        calibration: what harmless outputs had.

    Raises:
        ValueError: the metric is shown and never judged.
    """
    if not metric.gated:
        raise ValueError(f"{metric.identifier} is shown and never judged")
    known = limits(metric, source_class, calibration)
    identity = calibration.calibration_id
    if known is None:
        return Verdict("not measurable", None, None, identity, "no harmless output had a value")
    status = _status(metric, value.value, known)
    return Verdict(status, known.flag, known.look, identity, known.basis)


def verdicts(
    values: Iterable[tuple[Metric, Value]], source_class: str, calibration: Calibration
) -> Mapping[str, Verdict]:
    """Verdicts by identifier, of the gated ones among the values."""
    return {
        metric.identifier: verdict(metric, value, source_class, calibration)
        for metric, value in values
        if metric.gated
    }


def _status(metric: Metric, value: float | None, known: Limits) -> Status:
    if value is None or math.isnan(value):
        return "not measurable"
    sign = sign_of(metric)
    if sign * value > sign * known.flag:
        return "flag"
    return "look" if sign * value > sign * known.look else "ok"
