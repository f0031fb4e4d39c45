"""What a metric is, and what it answers.

A metric is a pure function of one `Pair`: a stretch of a shot, before and after. Nothing here
knows a threshold but the floor; what is flagged is decided by `tasks.metrics.verdict` from a
calibration, which is data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tasks.metrics.pair import Pair

Worse = Literal["higher", "lower"]


@dataclass(frozen=True)
class Value:
    """What a metric says of one stretch.

    Attributes:
        value: None when the stretch does not allow the metric.
        coverage: share of the frames (or samples) that the value rests on, 0..1.
        before: the same number of the source alone, where that means something.
        note: why there is no value, or what the value rests on.
        where: the frame of the stretch at which it is worst, if one is.
    """

    value: float | None
    coverage: float = 1.0
    before: float | None = None
    note: str = ""
    where: int | None = None

    @property
    def measurable(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    @staticmethod
    def none(note: str, coverage: float = 0.0) -> Value:
        """No value, and why."""
        return Value(None, coverage, note=note)


@dataclass(frozen=True)
class Metric:
    """One quality metric.

    Attributes:
        identifier: the short word in tables, for instance "EYE".
        name: in words.
        unit: of the value.
        worse: the side on which a value is worse.
        floor: a value on the good side of it is never flagged, whatever the calibration says.
        formula: how the value comes about.
        source: where the definition comes from.
        blind: what the metric does not see.
        measure: the function.
        gated: False for what is shown and never flagged.
    """

    identifier: str
    name: str
    unit: str
    worse: Worse
    floor: float
    formula: str
    source: str
    blind: str
    measure: Callable[[Pair], Value]
    gated: bool = True
