"""False alarms: harmless outputs that are flagged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from tasks.selftest.columns import harmless


@dataclass(frozen=True)
class Alarms:
    """Shares of harmless outputs that are flagged.

    Attributes:
        metrics: by identifier, of the outputs with a verdict; None when none has one.
        any: share of the outputs that one metric or more flags.
        outputs: share by name of the harmless output, of those that one metric or more flags.
        runs: harmless outputs.
    """

    metrics: Mapping[str, float | None]
    any: float
    outputs: Mapping[str, float]
    runs: int


def false_alarms(table: pd.DataFrame, flags: pd.DataFrame) -> Alarms:
    """Count false alarms.

    Args:
        table: see `tasks.selftest.columns`, with a harmless row or more.
        flags: see `tasks.selftest.flags`.
    """
    rows = harmless(table)
    known = flags.loc[rows.index]
    shares = known.mean()
    alarmed = (known == 1).any(axis=1)
    by_name = alarmed.groupby(rows["name"]).mean()
    return Alarms(
        metrics={str(n): None if pd.isna(v) else float(v) for n, v in shares.items()},
        any=float(alarmed.mean()),
        outputs={str(name): float(value) for name, value in by_name.items()},
        runs=len(rows),
    )
