"""Difference: one metric under two treatments, on the shots of a stratum."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from tasks.compare.resample import Floats, bootstrap_means, interval
from tasks.metrics.metric import Metric

LEAST_REELS = 5  # that reels are resampled, and not shots
LEAST_VALUES = 4  # that the interval is asked for by a gate
TOLERATED = 0.1  # of the way from a value without fault to the floor, that a gate puts up with

Word = Literal[
    "better", "worse", "no difference shown", "the same", "too few shots", "not measurable"
]  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """How sure one must be.

    Attributes:
        shots: least number that anything is said of.
        share_gate: metrics or strata that share the interval which a gate looks at.
        share_word: that share the one which better and worse are said by.
    """

    shots: int
    share_gate: int
    share_word: int


@dataclass(frozen=True)
class Difference:
    """One metric on the shots of a stratum.

    Floats that are not finite are words in a gate report, which is JSON.

    Attributes:
        shots: where it was measurable under both.
        measurable_before: shots where it was under A.
        measurable_after: under B.
        before: mean under A, where it was under both; NaN where it was nowhere, as below.
        after: mean under B.
        low: of the 95 % interval of their difference.
        high: of the same.
        flagged_before: shots that the metric flags under A.
        flagged_after: under B; those are counted too that were flagged under A and have no value.
        word: what may be said.
        worsened: True when a gate takes it for worse.
        resampled: what the intervals rest on.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"ser_json_inf_nan": "strings"}

    stratum: str
    metric: str
    unit: str
    shots: int
    measurable_before: int
    measurable_after: int
    before: float
    after: float
    low: float
    high: float
    flagged_before: int
    flagged_after: int
    word: Word
    worsened: bool
    resampled: Literal["reels", "shots"]


def difference_of(stratum: str, metric: Metric, rows: pd.DataFrame, asked: Asked) -> Difference:
    """What came of one metric in a stratum.

    Args:
        stratum: its name.
        metric: that the rows are of.
        rows: as of `tasks.compare.treatments.compare_pairs`.
        asked: how sure one must be.
    """
    has_before, has_after = np.isfinite(rows["before"]), np.isfinite(rows["after"])
    flagged = [rows[f"verdict_{side}"] == "flag" for side in ("before", "after")]
    still = flagged[1] | (flagged[0] & rows["after"].isna())
    usable = rows[has_before & has_after]
    found = _intervals(usable, (asked.share_gate, asked.share_word))
    return Difference(
        stratum, metric.identifier, metric.unit, len(usable),
        int(has_before.sum()), int(has_after.sum()),
        float(usable["before"].mean()), float(usable["after"].mean()),
        float(found.usual[0]), float(found.usual[1]),
        int(flagged[0].sum()), int(still.sum()),
        _word(metric, usable, asked.shots, found.sure),
        _is_worsened(metric, usable, found.gate),
        found.resampled,
    )  # fmt: skip


def tolerated(metric: Metric) -> float:
    """By how much the mean may become worse at a gate, in the metric's unit.

    A value without fault is 1 of ratios and of shares that are to be high, and 0 of all else.
    """
    innocent = 1.0 if metric.unit == "ratio" or metric.worse == "lower" else 0.0
    return TOLERATED * abs(metric.floor - innocent)


def _is_worsened(metric: Metric, rows: pd.DataFrame, where: Floats) -> bool:
    if len(rows) < LEAST_VALUES or _side(metric, where) != "worse":
        return False
    return bool(abs((rows["after"] - rows["before"]).mean()) > tolerated(metric))


@dataclass(frozen=True)
class _Intervals:
    """Where the mean difference may lie: at 95 %, as a gate asks, and as a word asks."""

    usual: Floats
    gate: Floats
    sure: Floats
    resampled: Literal["reels", "shots"]


def _intervals(rows: pd.DataFrame, families: tuple[int, int]) -> _Intervals:
    if rows.empty:
        nowhere = np.full(2, np.nan)
        return _Intervals(nowhere, nowhere, nowhere, "shots")
    difference = (rows["after"] - rows["before"]).to_numpy(np.float64)
    reels = pd.factorize(rows["reel_id"])[0]
    by_reel = int(reels.max()) + 1 >= LEAST_REELS
    groups = reels if by_reel else np.arange(len(rows))
    means = bootstrap_means(difference, groups.astype(np.int64))
    mean, count = float(difference.mean()), int(groups.max()) + 1
    usual, gate, sure = (interval(means, mean, count, 0.05 / family) for family in (1, *families))
    return _Intervals(usual, gate, sure, "reels" if by_reel else "shots")


def _word(metric: Metric, rows: pd.DataFrame, least: int, sure: Floats) -> Word:
    if rows.empty:
        return "not measurable"
    if bool((rows["before"] == rows["after"]).all()):
        return "the same"
    return "too few shots" if len(rows) < least else _side(metric, sure)


def _side(metric: Metric, where: Floats) -> Literal["better", "worse", "no difference shown"]:
    """On which side of 0 an interval lies."""
    if not (where[0] > 0 or where[1] < 0):
        return "no difference shown"
    return "worse" if (where[0] > 0) == (metric.worse == "higher") else "better"
