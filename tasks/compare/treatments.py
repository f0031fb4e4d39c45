"""Compare: two treatments of the same shots, metric by metric, shot by shot.

    difference  of  value under B - value under A, of the same metric on the same shot

Shots of a reel are alike, so reels are resampled, not shots. Where there are fewer than
`LEAST_REELS` shots are, and intervals are too narrow as far as shots of a reel are alike; each
difference says which. See `tasks.compare.resample` for the intervals.

What is said and what is refused are two questions. "Better" and "worse" are said where an interval
leaves 0 out that all metrics and strata share by Bonferroni's correction, so that nothing is said
by chance. A gate is to be hard to pass by chance, so it refuses sooner, and what is asked of one
metric does not depend on how many others there are. It passes when of each judging metric, on all
shots and in each stratum (collection, gauge, colour) of `LEAST_SHOTS` shots and `LEAST_REELS`,

- its 95 % interval does not lie on the worse side; in a stratum, the one that the strata of this
  metric share by Bonferroni. Four values are needed, and a mean that is worse by more than a tenth
  of the way from no fault to the metric's floor: what is sure and too small to matter is said, and
  refuses nobody;
- no more shots are flagged than before; a flag is not gone because the value is;
- no fewer shots are measurable than before,

and when at least `LEAST_SHOTS` shots were compared and one of them differs in some metric.

Blind to: faults that no metric sees, shots that only one of the two treated, and whatever is
smaller than the interval: few reels refuse little, so that they passed shows little.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tasks.compare.difference import LEAST_REELS, Asked, Difference, difference_of
from tasks.metrics.metric import Metric
from tasks.metrics.registry import METRICS

LEAST_SHOTS = 20

STRATA = ("collection", "gauge", "colour")
EVERYTHING = "all shots"

_RANK = {"ok": 0, "look": 1, "flag": 2}


@dataclass(frozen=True)
class Cut:
    """How shots are cut into strata.

    Attributes:
        strata: columns.
        shots: least number of a stratum's shots.
        reels: least number of its reels.
    """

    strata: tuple[str, ...] = STRATA
    shots: int = LEAST_SHOTS
    reels: int = LEAST_REELS


OF_REELS = Cut()


@dataclass(frozen=True)
class WorseShot:
    """A shot whose verdict by a metric is worse under B."""

    shot: str
    metric: str
    before: float
    after: float
    verdict_before: str
    verdict_after: str


@dataclass(frozen=True)
class Compared:
    """What the comparison came to.

    Attributes:
        names: of the shots that were treated both ways.
        reasons: why a gate does not pass, in words; empty when it does.
        kept: shots beside these of which one side alone kept the original: A, then B.
        judged_anew: shots of which a verdict rested on another calibration, and was given anew.
    """

    names: tuple[str, ...]
    differences: tuple[Difference, ...]
    worse: tuple[WorseShot, ...]
    reasons: tuple[str, ...]
    kept: tuple[int, int] = (0, 0)
    judged_anew: int = 0

    @property
    def shots(self) -> int:
        """How many shots were treated both ways."""
        return len(self.names)

    @property
    def passed(self) -> bool:
        """True when nothing became worse."""
        return not self.reasons


def compare_pairs(
    pairs: pd.DataFrame, cut: Cut = OF_REELS, known_to_differ: bool = False
) -> Compared:
    """Compare values of the same metric on the same shot.

    Args:
        pairs: one row a shot and metric: shot, reel_id, metric, before, after, verdict_before,
            verdict_after, and the strata of the cut; values are NaN where not measurable.
        cut: how they are cut into strata.
        known_to_differ: True when it is known otherwise that the pictures are not the same.
    """
    known = {metric.identifier: metric for metric in METRICS}
    pairs = pairs[pairs["metric"].isin(known)]
    pairs = pairs.astype({"before": np.float64, "after": np.float64})
    cells = list(_cells(pairs, cut))
    own = Counter(metric for stratum, metric, _ in cells if stratum != EVERYTHING)
    differences = tuple(
        difference_of(stratum, known[metric], rows, Asked(cut.shots, share, len(cells)))
        for stratum, metric, rows in cells
        for share in (1 if stratum == EVERYTHING else own[metric],)
    )
    names = tuple(map(str, dict.fromkeys(pairs["shot"])))
    reasons = list(gate_reasons(len(names), differences))
    if not known_to_differ and _same(pairs["before"], pairs["after"]):
        reasons.append("no metric differs on any shot: nothing shows that the two are not the same")
    return Compared(names, differences, tuple(_worse_shots(pairs, known)), tuple(reasons))


def _same(before: "pd.Series[float]", after: "pd.Series[float]") -> bool:
    return bool(((before == after) | (before.isna() & after.isna())).all())


def _cells(pairs: pd.DataFrame, cut: Cut) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """(stratum, metric, its rows) for all shots, and for every stratum that is large enough."""
    for metric, rows in pairs.groupby("metric", sort=False):
        yield EVERYTHING, str(metric), rows
        heard = rows[rows["before"].notna() | rows["after"].notna()]
        for variable in cut.strata:
            parts = list(heard.groupby(variable))
            for value, part in parts if len(parts) > 1 else ():
                if len(part) >= cut.shots and part["reel_id"].nunique() >= cut.reels:
                    yield f"{variable}: {value}", str(metric), part


def _worse_shots(pairs: pd.DataFrame, known: Mapping[str, Metric]) -> Iterator[WorseShot]:
    """Flagged ones first, then those that are worth a look."""
    rank = [pairs[f"verdict_{side}"].map(_RANK) for side in ("before", "after")]
    worse = pairs[(rank[1] > rank[0]) & pairs["metric"].map(lambda name: known[name].gated)]
    order = worse["verdict_after"].map(_RANK).sort_values(ascending=False, kind="stable").index
    for row in worse.loc[order].to_dict("records"):
        yield WorseShot(
            str(row["shot"]), str(row["metric"]), float(row["before"]), float(row["after"]),
            str(row["verdict_before"]), str(row["verdict_after"]),
        )  # fmt: skip


def gate_reasons(shots: int, differences: Iterable[Difference]) -> Iterator[str]:
    """Why a gate does not pass, by the figures alone.

    Args:
        shots: treated both ways.
        differences: by metric and stratum; of metrics that are not known nothing is said.
    """
    gated = {metric.identifier for metric in METRICS if metric.gated}
    if shots < LEAST_SHOTS:
        yield f"only {shots} shots were treated both ways; a gate needs {LEAST_SHOTS}"
    for found in differences:
        if found.metric not in gated:
            continue
        place = f"{found.metric} ({found.stratum})"
        if found.worsened:
            yield f"{place} became worse: {found.before:.4g} to {found.after:.4g} {found.unit}"
        if found.flagged_after > found.flagged_before:
            yield f"{place} flags {found.flagged_after} shots, before {found.flagged_before}"
        if found.measurable_after < found.measurable_before:
            yield (
                f"{place} is measurable on {found.measurable_after} shots, before "
                f"{found.measurable_before}"
            )
