"""AUC within each stratum of the footage, so that a mean does not hide who is seen badly.

Faulty and harmless outputs are both of the stratum. Strong faults only: a stratum holds few
clips, and mild ones need more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from tasks.metrics.metric import Metric
from tasks.selftest.auc import area
from tasks.selftest.columns import STRATUM, STRONG, Designation, bad, faulty, harmless, strata
from tasks.selftest.detection import outputs
from tasks.selftest.limits import STRATUM_CLIPS


@dataclass(frozen=True)
class StratumArea:
    """One fault within one stratum.

    Attributes:
        stratum: what was cut by, for instance "luminance".
        level: which part, for instance "dark".
        fault: its name.
        metric: identifier of the designated metric.
        clips: of the stratum, with the fault and a value.
        value: AUC; None when there are too few clips.
    """

    stratum: str
    level: str
    fault: str
    metric: str
    clips: int
    value: float | None


def stratum_areas(
    table: pd.DataFrame, designation: Designation, metric: Metric
) -> Iterator[StratumArea]:
    """One strong fault in every stratum of the table."""
    rows, calm = faulty(table, designation.fault, STRONG), harmless(table)
    for column in strata(table):
        for level in sorted(table[column].dropna().unique(), key=str):
            parts = [part[part[column] == level] for part in (rows, calm)]
            yield _area(parts, column.removeprefix(STRATUM), str(level), designation, metric)


def worst(areas: Sequence[StratumArea]) -> StratumArea | None:
    """The one with the lowest AUC; None when all have too few clips."""
    judged = [found for found in areas if found.value is not None]
    return min(judged, key=lambda found: found.value or 0.0, default=None)


def _area(
    parts: list[pd.DataFrame], stratum: str, level: str, designation: Designation, metric: Metric
) -> StratumArea:
    ours, theirs = (outputs(part, bad(part, metric)).measured() for part in parts)
    clips = len(set(ours.clips))
    value = area(ours, theirs, resamples=0).value if clips >= STRATUM_CLIPS else None
    return StratumArea(stratum, level, designation.fault, metric.identifier, clips, value)
