"""Compare: two treatments of the same shots, metric by metric, shot by shot.

    difference  of  value under B - value under A, of the same metric on the same shot

Shots of a reel are alike, so reels are resampled, not shots. Where there are fewer than
`LEAST_REELS` shots are, and intervals are too narrow as far as shots of a reel are alike; each
difference says which. Intervals are percentiles of `RESAMPLES` bootstrap means, seed 0, expanded
for the small number of reels as in Hesterberg, "What teachers should know about the bootstrap",
The American Statistician 69(4), 2015. Two are given: the usual 95 %, and one that all metrics and
strata share by Bonferroni's correction; a metric became better or worse where the latter leaves 0
out.

A gate passes when no judging metric became worse, on all shots or in any stratum (collection,
gauge, colour) of at least `LEAST_SHOTS` and `LEAST_REELS`, and none flags more shots than before.

Blind to: faults that no metric sees, and shots that only one of the two treated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm, t

from tasks.metrics.metric import Metric
from tasks.metrics.registry import METRICS

RESAMPLES = 10_000
LEAST_REELS = 5
LEAST_SHOTS = 20
MOST_HELD = 2_000_000  # numbers of a block of resamples

STRATA = ("collection", "gauge", "colour")
EVERYTHING = "all shots"

Word = Literal["better", "worse", "no difference shown", "the same", "too few shots"]
Floats = npt.NDArray[np.float64]

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
class Difference:
    """One metric on the shots of a stratum.

    Attributes:
        shots: where it was measurable under both.
        before: mean under A.
        after: mean under B.
        low: of the 95 % interval of their difference.
        high: of the same.
        flagged_before: shots that the metric flags under A.
        flagged_after: under B.
        word: what may be said.
        resampled: what the intervals rest on.
    """

    stratum: str
    metric: str
    unit: str
    shots: int
    before: float
    after: float
    low: float
    high: float
    flagged_before: int
    flagged_after: int
    word: Word
    resampled: Literal["reels", "shots"]


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
        shots: treated both ways.
        reasons: why a gate does not pass, in words; empty when it does.
    """

    shots: int
    differences: tuple[Difference, ...]
    worse: tuple[WorseShot, ...]
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """True when nothing became worse."""
        return not self.reasons


def compare_pairs(pairs: pd.DataFrame, cut: Cut = OF_REELS) -> Compared:
    """Compare values of the same metric on the same shot.

    Args:
        pairs: one row a shot and metric: shot, reel_id, metric, before, after, verdict_before,
            verdict_after, and the strata of the cut; values are NaN where not measurable.
        cut: how they are cut into strata.
    """
    known = {metric.identifier: metric for metric in METRICS}
    pairs = pairs[pairs["metric"].isin(known)]
    values = pairs["before"].notna() & pairs["after"].notna()
    finite = np.isfinite(pairs["before"].astype(float)) & np.isfinite(pairs["after"].astype(float))
    usable = pairs[values & finite]
    cells = list(_cells(usable, cut))
    differences = tuple(_difference(name, rows, known, len(cells)) for name, rows in cells)
    worse = tuple(_worse_shots(pairs, known))
    shots = int(pairs["shot"].nunique())
    return Compared(shots, differences, worse, tuple(_reasons(shots, differences, known)))


def bootstrap_means(values: Floats, groups: npt.NDArray[np.int64]) -> Floats:
    """Means of resampled groups, sorted.

    Args:
        values: float64 `[N]`.
        groups: int64 `[N]`, number of each value's group, from 0.

    Returns:
        float64 `[RESAMPLES]`.
    """
    sums, counts = np.bincount(groups, values), np.bincount(groups).astype(np.float64)
    chance = np.random.default_rng(0)
    block = max(1, MOST_HELD // len(sums))
    means = []
    for start in range(0, RESAMPLES, block):
        size = (min(block, RESAMPLES - start), len(sums))
        drawn = chance.integers(0, len(sums), size)
        means.append(sums[drawn].sum(1) / counts[drawn].sum(1))
    return np.sort(np.concatenate(means))


def interval(means: Floats, mean: float, groups: int, level: float) -> Floats:
    """Where a mean may lie, float64 `[2]`.

    Args:
        means: of resampled groups.
        mean: of the groups themselves.
        groups: how many there are.
        level: chance of a mean outside, 0..1.
    """
    count, tail = max(groups, 2), 1 - level / 2
    wider = float(t.ppf(tail, count - 1) / norm.ppf(tail) * np.sqrt(count / (count - 1)))
    return np.asarray(mean + wider * (np.quantile(means, (1 - tail, tail)) - mean), np.float64)


def _cells(usable: pd.DataFrame, cut: Cut) -> Iterator[tuple[str, pd.DataFrame]]:
    """(stratum, rows of one metric) for all shots, and for every stratum that is large enough."""
    for _, rows in usable.groupby("metric", sort=False):
        yield EVERYTHING, rows
        for variable in cut.strata:
            parts = list(rows.groupby(variable))
            for value, part in parts if len(parts) > 1 else ():
                if len(part) >= cut.shots and part["reel_id"].nunique() >= cut.reels:
                    yield f"{variable}: {value}", part


def _difference(
    stratum: str, rows: pd.DataFrame, known: Mapping[str, Metric], family: int
) -> Difference:
    metric = known[str(rows["metric"].iloc[0])]
    before, after = (rows[side].to_numpy(np.float64) for side in ("before", "after"))
    reels = pd.factorize(rows["reel_id"])[0]
    by_reel = int(reels.max()) + 1 >= LEAST_REELS
    groups = reels if by_reel else np.arange(len(rows))
    means = bootstrap_means(after - before, groups.astype(np.int64))
    mean, count = float((after - before).mean()), int(groups.max()) + 1
    low, high = interval(means, mean, count, 0.05)
    sure = interval(means, mean, count, 0.05 / family)
    return Difference(
        stratum, metric.identifier, metric.unit, len(rows), float(before.mean()),
        float(after.mean()), float(low), float(high),
        int((rows["verdict_before"] == "flag").sum()), int((rows["verdict_after"] == "flag").sum()),
        _word(metric, len(rows), bool((before == after).all()), sure),
        "reels" if by_reel else "shots",
    )  # fmt: skip


def _word(metric: Metric, shots: int, same: bool, sure: Floats) -> Word:
    if same:
        return "the same"
    if shots < LEAST_SHOTS:
        return "too few shots"
    if sure[0] <= 0 <= sure[1]:
        return "no difference shown"
    return "worse" if (sure[0] > 0) == (metric.worse == "higher") else "better"


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


def _reasons(
    shots: int, differences: tuple[Difference, ...], known: Mapping[str, Metric]
) -> Iterator[str]:
    if shots < LEAST_SHOTS:
        yield f"only {shots} shots were treated both ways; a gate needs {LEAST_SHOTS}"
    for found in differences:
        if not known[found.metric].gated:
            continue
        place = f"{found.metric} ({found.stratum})"
        if found.word == "worse":
            yield f"{place} became worse: {found.before:.4g} to {found.after:.4g} {found.unit}"
        if found.flagged_after > found.flagged_before:
            yield f"{place} flags {found.flagged_after} shots, before {found.flagged_before}"
