"""Judges the judge: a metric that says nothing must not pass.

Every designated metric is replaced, one at a time, by a constant and by warping error (the usual
measure, which sees none of these faults). The thresholds are fitted anew each time, so that the
replacement fails for what it says and not for its scale. Wherever no rule breaks, the faults of
that metric prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from tasks.metrics.metric import Metric
from tasks.metrics.verdict import sign_of
from tasks.selftest.columns import Designation
from tasks.selftest.fit import fit_calibration
from tasks.selftest.judge import judge
from tasks.selftest.rules import Broken

How = Literal["constant", "E_warp"]
_UNSEEN = {"auc", "found", "monotone", "stratum"}  # rules that say a fault is not seen
MUTATIONS: tuple[How, ...] = ("constant", "E_warp")


def mutated(table: pd.DataFrame, metric: Metric, how: How) -> pd.DataFrame:
    """The table with one metric replaced where it was measurable.

    Args:
        table: see `tasks.selftest.columns`.
        metric: which.
        how: by the median of its values, or by warping error, worse on the metric's bad side.
    """
    old = table[metric.identifier]
    new = old.median() if how == "constant" else sign_of(metric) * table["E_warp"]
    return table.assign(**{metric.identifier: np.where(old.isna(), np.nan, new)})


def broken_by_mutation(
    table: pd.DataFrame, metric: Metric, designations: Sequence[Designation], how: How
) -> tuple[Broken, ...]:
    """Rules that say a fault is not seen, once a metric is replaced and its thresholds refitted."""
    changed = mutated(table, metric, how)
    own = [d for d in designations if d.metric == metric.identifier]
    alone = replace(metric, floor=-sign_of(metric) * np.inf)
    calibration = fit_calibration(changed, [alone], date="")
    judgement = judge(changed, [alone], own, calibration, whole=False, resamples=0)
    return tuple(broken for broken in judgement.broken if broken.rule in _UNSEEN)


def unnoticed(
    table: pd.DataFrame, metrics: Sequence[Metric], designations: Sequence[Designation]
) -> Iterator[Broken]:
    """A broken rule for each replacement that breaks none."""
    designated = {designation.metric for designation in designations}
    for metric in metrics:
        if metric.identifier not in designated:
            continue
        for how in MUTATIONS:
            if not broken_by_mutation(table, metric, designations, how):
                yield Broken("mutation", metric.identifier, "", f"{metric.identifier}: no rule "
                             f"breaks when {how} stands in its place")  # fmt: skip
