"""Which metrics each fault trips, beside the one that has to see it.

A fault trips a metric when more than `TRIPPED` of its strong outputs are flagged by it. What it
may trip is data of the suite, beside the fault's definition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from tasks.selftest.columns import STRONG, Designation, faulty
from tasks.selftest.limits import TRIPPED


@dataclass(frozen=True)
class SideTrips:
    """What one strong fault flags.

    Attributes:
        fault: its name.
        flagged: share of its outputs with a verdict, by identifier of the metric; metrics
            without a verdict are left out.
        unlisted: identifiers of the metrics that it trips and may not trip.
    """

    fault: str
    flagged: Mapping[str, float]
    unlisted: tuple[str, ...]


def side_trips(
    table: pd.DataFrame, designations: Sequence[Designation], flags: pd.DataFrame
) -> tuple[SideTrips, ...]:
    """The specificity matrix, a row per fault."""
    return tuple(_row(table, designation, flags) for designation in designations)


def _row(table: pd.DataFrame, designation: Designation, flags: pd.DataFrame) -> SideTrips:
    rows = faulty(table, designation.fault, STRONG)
    shares = flags.loc[rows.index].mean().dropna()
    flagged = {str(name): float(value) for name, value in shares.items()}
    listed = designation.allowed | {designation.metric}
    unlisted = tuple(n for n, value in flagged.items() if value > TRIPPED and n not in listed)
    return SideTrips(designation.fault, flagged, unlisted)
