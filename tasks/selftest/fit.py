"""Fits a calibration to the harmless outputs of the suite.

The quantile q of few clips is estimated on the safe side. Outputs of one clip resemble one another,
so ten clips with eight outputs each are nearer to ten observations than to eighty. With
p = 1 - AIM (1 - q) it is the greater of

    the order statistic of rank ceil(p n) among all n outputs (no interpolation), and
    m + t(p, K - 1) * s * sqrt(1 + 1 / K)

where m is the median of the outputs, s the root mean square of what lies beyond it (the upper
semideviation, so that a skewed metric is not taken for a normal one), K the number of clips and t
the quantile of Student's distribution: what the next clip's output may be, not what these had.

Tried on simulated outputs (8 a clip; normal, half-normal, log-normal of width 0.6 and 1; 0.3 and
0.7 of the variance between clips; 1000 draws each): thresholds for 2.5 % flagged on average 0.3 to
2.9 % of the outputs of as many other clips with 8 clips, and 0.6 to 1.9 % with 20; more than 5 %
were flagged in 0 to 19 % and 0 to 10 % of the draws. The plain quantile flagged 4.0 to 6.6 % and
3.1 to 4.1 %, and more than 5 % in 27 to 42 % and 16 to 31 % of the draws.

Limits: no estimate from ten clips can promise a rate on every other ten. What is gained in false
alarms is paid in weak faults that are not flagged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from scipy import stats

from tasks.metrics.calibration import FORMAT, Calibration, MetricCalibration, Quantiles
from tasks.metrics.metric import Metric
from tasks.metrics.source_class import USUAL_LEVELS, Levels
from tasks.metrics.verdict import sign_of
from tasks.selftest.columns import Reals, bad, class_names, harmless

LOOK, FLAG = 0.90, 0.975
AIM = 0.4  # of the share that may lie beyond is aimed at, see above
FEWEST_CLIPS = 8  # of a class; with fewer the quantiles over all classes hold


def fit_calibration(
    table: pd.DataFrame,
    metrics: Iterable[Metric],
    date: str,
    suite: str = "",
    version: int = 1,
    levels: Mapping[str, Levels] = USUAL_LEVELS,
) -> Calibration:
    """Fit thresholds to the harmless rows of a table.

    Args:
        table: see `tasks.selftest.columns`.
        metrics: those that are gated are fitted.
        date: ISO 8601.
        suite: what the table was made on, in words.
        version: of the calibration.
        levels: how sources are cut into classes.
    """
    rows = harmless(table)
    names = np.array(class_names(rows, levels), dtype=object)
    return Calibration(
        format=FORMAT,
        version=version,
        date=date,
        suite=suite,
        look_quantile=LOOK,
        flag_quantile=FLAG,
        fewest_clips=FEWEST_CLIPS,
        levels=dict(levels),
        metrics={
            metric.identifier: _fit(rows, names, metric) for metric in metrics if metric.gated
        },
    )


def _fit(rows: pd.DataFrame, names: np.ndarray, metric: Metric) -> MetricCalibration:
    sign = sign_of(metric)
    values, clips = bad(rows, metric), rows["clip"].to_numpy()
    every = {str(name): names == name for name in sorted(set(names))}
    found = {name: _quantiles(values[own], clips[own], sign) for name, own in every.items()}
    return MetricCalibration(
        worse=metric.worse,
        unit=metric.unit,
        pooled=_quantiles(values, clips, sign),
        classes={name: q for name, q in found.items() if q is not None},
    )


def _quantiles(values: Reals, clips: np.ndarray, sign: int) -> Quantiles | None:
    measured = ~np.isnan(values)
    if not measured.any():
        return None
    values, count = values[measured], len(set(clips[measured]))
    return Quantiles(
        clips=count,
        runs=len(values),
        median=sign * _order_statistic(values, 0.5),
        look=sign * safe_quantile(values, count, LOOK),
        flag=sign * safe_quantile(values, count, FLAG),
    )


def safe_quantile(values: Reals, clips: int, share: float) -> float:
    """An upper quantile, estimated on the safe side.

    Args:
        values: float64 `[N]`, one or more, none NaN, of outputs where higher is worse.
        clips: how many clips they are of.
        share: of outputs that shall not be beyond, above a half.
    """
    share = 1 - AIM * (1 - share)
    seen = _order_statistic(values, share)
    finite = values[np.isfinite(values)]
    if clips < 2 or not math.isfinite(seen):
        return seen
    middle = _order_statistic(finite, 0.5)
    beyond = finite[finite > middle] - middle
    spread = math.sqrt(float((beyond**2).mean())) if beyond.size else 0.0
    factor = float(stats.t.ppf(share, clips - 1)) * math.sqrt(1 + 1 / clips)
    return max(seen, middle + factor * spread)


def _order_statistic(values: Reals, share: float) -> float:
    return float(np.sort(values)[max(math.ceil(share * len(values)) - 1, 0)])
