"""How well each fault is seen by the metric that has to see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tasks.metrics.metric import Metric
from tasks.selftest.auc import Area, Outputs, area
from tasks.selftest.columns import (
    BASELINES,
    BELOW,
    SEVERITIES,
    Designation,
    Reals,
    bad,
    faulty,
    harmless,
)
from tasks.selftest.limits import RESAMPLES


@dataclass(frozen=True)
class Detection:
    """One fault at one severity.

    Attributes:
        fault: its name.
        severity: 0 below visibility, 1 mild, 2 strong.
        metric: identifier of the designated metric.
        runs: outputs with this fault.
        clips: how many clips they are of.
        measurable: share of the outputs on which the metric has a value, 0..1.
        median: of the metric's values, in its unit; None without a value.
        area: AUC against all harmless outputs.
        baselines: AUC of the usual measures, by name; None without a value.
        found: share of the measurable outputs that is flagged at the shipped thresholds.
        found_held_out: the same held out; None without two halves.
    """

    fault: str
    severity: int
    metric: str
    runs: int
    clips: int
    measurable: float
    median: float | None
    area: Area
    baselines: Mapping[str, float | None]
    found: float | None
    found_held_out: float | None


@dataclass(frozen=True)
class Flags:
    """Flags of all outputs, see `tasks.selftest.flags`."""

    shipped: pd.DataFrame
    held_out: pd.DataFrame | None


def detections(
    table: pd.DataFrame,
    designation: Designation,
    metric: Metric,
    flags: Flags,
    resamples: int = RESAMPLES,
) -> tuple[Detection, ...]:
    """One fault at all severities that the table has."""
    found = (
        _detection(table, designation, metric, flags, severity, resamples)
        for severity in range(len(SEVERITIES))
    )
    return tuple(detection for detection in found if detection.runs)


def rises(table: pd.DataFrame, designation: Designation, metric: Metric) -> Sequence[float] | None:
    """Medians by severity, higher is worse, of the clips with a value at every severity.

    Returns:
        a median per severity that the table has, without the one below visibility where no clip
        has a value there and at the others; None when no clip has one at mild and strong.
    """
    rows = table[(table["name"] == designation.fault) & (table["severity"] >= 0)]
    values = pd.DataFrame({
        "clip": rows["clip"], "severity": rows["severity"], "value": bad(rows, metric)
    })  # fmt: skip
    wide = values.groupby(["clip", "severity"])["value"].mean().unstack()
    whole = wide.dropna()
    if whole.empty:
        whole = wide.drop(columns=BELOW, errors="ignore").dropna()
    return None if whole.empty else [float(m) for m in whole.median()]


def share(flags: pd.DataFrame, rows: pd.DataFrame, identifier: str) -> float | None:
    """Share of rows that is flagged, of those with a verdict; None when none has one."""
    known = flags.loc[rows.index, identifier].dropna()
    return float(known.mean()) if len(known) else None


def outputs(rows: pd.DataFrame, values: Reals) -> Outputs:
    """Values of rows with the clips they are of."""
    return Outputs(values, rows["clip"].to_numpy(object))


def _detection(
    table: pd.DataFrame,
    designation: Designation,
    metric: Metric,
    flags: Flags,
    severity: int,
    resamples: int,
) -> Detection:
    rows, calm = faulty(table, designation.fault, severity), harmless(table)
    values = rows[metric.identifier].dropna()
    return Detection(
        fault=designation.fault,
        severity=severity,
        metric=metric.identifier,
        runs=len(rows),
        clips=int(rows["clip"].nunique()),
        measurable=len(values) / len(rows) if len(rows) else 0.0,
        median=float(values.median()) if len(values) else None,
        area=area(outputs(rows, bad(rows, metric)), outputs(calm, bad(calm, metric)), resamples),
        baselines={name: _baseline(rows, calm, name) for name in BASELINES if name in table},
        found=share(flags.shipped, rows, metric.identifier),
        found_held_out=(
            None if flags.held_out is None else share(flags.held_out, rows, metric.identifier)
        ),
    )


def _baseline(rows: pd.DataFrame, calm: pd.DataFrame, name: str) -> float | None:
    ours, theirs = (
        outputs(part, np.asarray(BASELINES[name] * part[name], np.float64)) for part in (rows, calm)
    )
    return area(ours, theirs, resamples=0).value
