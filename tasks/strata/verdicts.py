"""What may be said of one comparison, and in which words.

    too few              fewer than `FEW` people in the stratum or in the rest: counts only
    no verdict           fewer than `ENOUGH` people, and the interval holds 0
    possible             fewer than `ENOUGH` people, and what would else be a disparity found
    disparity found      the corrected interval leaves out 0 and the difference exceeds the margin
    no disparity found   anything else; always with the difference that would have been found

The margin is `MARGIN` of the distance between a perfect result and the metric's flag threshold,
for flag rates `RATE_MARGIN`: below it a difference may be sure and yet too small to act upon.
The detectable difference is the one found with probability `POWER`:

    max(q + z, margin / error + z) * error     q: quantile of the corrected level, z: of POWER

with the larger of the two errors of `tasks.strata.evidence`; for flag rates the error grows
with the difference, because more shots would be flagged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from tasks.strata.evidence import Evidence

FEW = 10  # people
ENOUGH = 40  # people
MARGIN = 0.25  # of the way from a perfect result to the flag threshold
RATE_MARGIN = 0.05  # share of shots: 5 points
POWER = 0.8

Verdict = Literal["too few", "no verdict", "possible", "disparity found", "no disparity found"]
Statistic = Literal["mean", "flag rate"]


@dataclass(frozen=True)
class MetricRule:
    """What the test must know of a metric.

    Attributes:
        metric: its identifier, as in the rows.
        unit: of its values.
        threshold: the value from which on a shot is flagged.
        worse: the side on which a value is worse.
        ideal: the value of a perfect result: 0 for a fault that is counted, 1 for a ratio.
    """

    metric: str
    unit: str
    threshold: float
    worse: Literal["higher", "lower"] = "higher"
    ideal: float = 0.0

    def margin(self, statistic: Statistic) -> float:
        """The difference below which nothing is called a disparity."""
        if statistic == "flag rate":
            return RATE_MARGIN
        return MARGIN * abs(self.threshold - self.ideal)


def judge(people: int, interval: tuple[float, float], difference: float, margin: float) -> Verdict:
    """The verdict on a comparison.

    Args:
        people: in the stratum or in the rest, whichever has fewer.
        interval: of the difference, at the corrected level.
        difference: as measured.
        margin: see `MetricRule.margin`.
    """
    if people < FEW:
        return "too few"
    sure = interval[0] > 0 or interval[1] < 0
    found = sure and abs(difference) > margin
    if people >= ENOUGH:
        return "disparity found" if found else "no disparity found"
    return "possible" if found else "no verdict"


def detectable(evidence: Evidence, level: float, margin: float) -> float:
    """The mean difference that is found with probability `POWER` at a level."""
    error = evidence.error
    beyond = max(_reach(evidence, level) * error, margin)
    return beyond + float(stats.norm.ppf(POWER)) * error


def detectable_rate(
    evidence: Evidence, level: float, margin: float, rate: float, design: float
) -> float:
    """The difference of flag rates that is found with probability `POWER`, 0..1.

    Args:
        evidence: as measured.
        level: corrected.
        margin: share of shots.
        rate: share of all shots that is flagged now.
        design: see `tasks.strata.resampling.NullErrors`.
    """
    power, reach = float(stats.norm.ppf(POWER)), _reach(evidence, level)
    candidates = np.linspace(0.001, 1, 1000)
    there = np.minimum(rate + candidates, 0.5)
    more = np.maximum(there * (1 - there) - rate * (1 - rate), 0)
    errors = np.sqrt(evidence.error**2 + more * design)
    enough = candidates >= np.maximum(reach * errors, margin) + power * errors
    return float(candidates[enough][0]) if enough.any() else 1.0


def _reach(evidence: Evidence, level: float) -> float:
    return float(stats.t.isf(level / 2, evidence.freedom))


@dataclass(frozen=True)
class Wording:
    """How amounts of one statistic are written."""

    rule: MetricRule
    statistic: Statistic

    def amount(self, value: float, signed: bool = False) -> str:
        """A difference with its unit."""
        sign = "+" if signed else ""
        if self.statistic == "flag rate":
            return f"{100 * value:{sign}.1f} points"
        unit = f" {self.rule.unit}" if self.rule.unit else ""
        return f"{value:{sign}.3g}{unit}"

    def direction(self, difference: float) -> str:
        """Against the rest: better or worse."""
        if self.statistic == "flag rate":
            return "more flagged" if difference > 0 else "fewer flagged"
        return "worse" if (difference > 0) == (self.rule.worse == "higher") else "better"


def sentence(
    subject: str, verdict: Verdict, wording: Wording, difference: float,
    interval: tuple[float, float], found_from: float, people: int,
) -> str:  # fmt: skip
    """The verdict in words.

    Args:
        subject: metric, statistic and stratum.
        verdict: of `judge`.
        wording: of the statistic.
        difference: as measured.
        interval: at the corrected level.
        found_from: see `detectable`.
        people: in the stratum or in the rest, whichever has fewer.
    """
    if verdict == "too few":
        return f"{subject}: too few people ({people}; {FEW} are needed for an interval)."
    low, high = (wording.amount(bound, signed=True) for bound in interval)
    margin = wording.rule.margin(wording.statistic)
    measured = f"{wording.amount(abs(difference))} {wording.direction(difference)} than the rest"
    between = f"corrected interval {low} to {high}"
    from_here = f"{wording.amount(found_from)} or more would have been found (power {POWER})"
    if verdict == "disparity found":
        return f"{subject}: disparity found. {measured} ({between}; {_margin(wording, margin)})."
    if verdict == "possible":
        return f"{subject}: possible. {measured} ({between}), but only {people} people."
    if verdict == "no verdict":
        return f"{subject}: no verdict with {people} people ({between}); {from_here}."
    small = interval[0] > 0 or interval[1] < 0
    beside = f" {measured}, within the {_margin(wording, margin)}." if small else ""
    return f"{subject}: no disparity found; a difference of {from_here}.{beside}"


def _margin(wording: Wording, margin: float) -> str:
    return f"margin of {wording.amount(margin)}"
