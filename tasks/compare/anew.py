"""Anew: verdicts of recorded values by the thresholds of today, where they rest on others.

Two sides that were measured under different calibrations would differ in flags without differing in
values. A value that was judged by another calibration than the one shipped is judged again: against
the threshold that the other side's value was judged by, which is of the same metric on the same
source, where that one rests on the shipped calibration; else against that over all classes of
source, since the class is not recorded.
"""

import numpy as np
import pandas as pd

from tasks.metrics.calibration import Calibration
from tasks.metrics.metric import Metric
from tasks.metrics.registry import METRICS
from tasks.metrics.verdict import limits, sign_of

SIDES = ("before", "after")


def judged_anew(pairs: pd.DataFrame, calibration: Calibration) -> pd.DataFrame:
    """The same rows, with every verdict of a value resting on one calibration.

    Args:
        pairs: one row a shot and metric: `metric`, and of each side, before and after, the value
            and its `verdict_`, `threshold_` and `calibration_`.
        calibration: the one that is to hold.

    Returns:
        The rows with the column `anew`: True where a verdict was given again.
    """
    pairs = pairs.assign(anew=False)
    stale = {side: _is_stale(pairs, side, calibration) for side in SIDES}
    verdicts = {side: pairs[f"verdict_{side}"].copy() for side in SIDES}
    for metric in METRICS:
        if not metric.gated:
            continue
        for side, other in (SIDES, SIDES[::-1]):
            chosen = stale[side] & (pairs["metric"] == metric.identifier)
            if chosen.any():
                beside = pairs[f"threshold_{other}"].where(~stale[other])[chosen]
                values = pairs[side][chosen].astype(float)
                verdicts[side][chosen] = _verdicts(metric, values, beside, calibration)
                pairs.loc[chosen, "anew"] = True
    return pairs.assign(**{f"verdict_{side}": verdicts[side] for side in SIDES})


def _is_stale(pairs: pd.DataFrame, side: str, calibration: Calibration) -> "pd.Series[bool]":
    other = pairs[f"calibration_{side}"] != calibration.calibration_id
    return other & pairs[side].notna()


def _verdicts(
    metric: Metric,
    values: "pd.Series[float]",
    thresholds: "pd.Series[float]",
    calibration: Calibration,
) -> list[str]:
    known = limits(metric, "", calibration)
    if known is None:
        return ["not measurable"] * len(values)
    sign = sign_of(metric)
    found = sign * values.to_numpy(np.float64)
    flag = sign * thresholds.astype(float).fillna(known.flag).to_numpy(np.float64)
    look = np.minimum(sign * known.look, flag)
    return [str(word) for word in np.select([found > flag, found > look], ["flag", "look"], "ok")]
