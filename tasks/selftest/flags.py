"""Which outputs are flagged, at the shipped thresholds and held out.

Held out: the thresholds for clips of half A are fitted on half B, and the other way round, so
that no output is judged by thresholds that its own clip had a part in.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tasks.metrics.calibration import Calibration
from tasks.metrics.metric import Metric
from tasks.metrics.verdict import limits, sign_of
from tasks.selftest.columns import Reals, bad, class_names, harmless
from tasks.selftest.fit import fit_calibration

HALVES = ("A", "B")


def flagged(
    table: pd.DataFrame, metrics: Sequence[Metric], calibration: Calibration
) -> pd.DataFrame:
    """Flags of all outputs.

    Returns:
        a column per gated metric, rows as in the table: 1.0 flagged, 0.0 not, NaN without a
        verdict.
    """
    names = class_names(table, calibration.levels)
    flags = {
        metric.identifier: _flags(table, names, metric, calibration)
        for metric in metrics
        if metric.gated
    }
    return pd.DataFrame(flags, index=table.index)


def held_out_flags(table: pd.DataFrame, metrics: Sequence[Metric]) -> pd.DataFrame | None:
    """The same at thresholds fitted on the other half; None unless both halves have clips."""
    parts = []
    for here, there in (HALVES, HALVES[::-1]):
        rows, others = table[table["half"] == here], table[table["half"] == there]
        if harmless(rows).empty or harmless(others).empty:
            return None
        parts.append(flagged(rows, metrics, fit_calibration(others, metrics, date="")))
    return pd.concat(parts).reindex(table.index)


def _flags(
    table: pd.DataFrame, names: list[str], metric: Metric, calibration: Calibration
) -> Reals:
    known = {name: limits(metric, name, calibration) for name in set(names)}
    sign = sign_of(metric)
    threshold = np.array([
        sign * found.flag if (found := known[name]) else np.nan for name in names
    ])  # fmt: skip
    values = bad(table, metric)
    undecided = np.isnan(values) | np.isnan(threshold)
    return np.where(undecided, np.nan, (values > threshold).astype(np.float64))
