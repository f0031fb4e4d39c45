"""`wetgate selftest`: does each metric see the faults that it is there for, and nothing else?

Faults of known kind and strength are put into real footage; the metrics are measured on them
and on harmless outputs, and the rules of `tasks.selftest.limits` are applied.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from catalogs.durable import write_whole
from catalogs.errors import VerificationError
from flows.selftest.progress import suite_progress
from tasks.metrics.calibration import (
    SHIPPED,
    Calibration,
    read_calibration,
    write_calibration,
)
from tasks.metrics.metric import Metric
from tasks.selftest.cache import parquet
from tasks.selftest.columns import MILD, STRONG, Designation
from tasks.selftest.contract import Suite
from tasks.selftest.fit import fit_calibration
from tasks.selftest.judge import check_designations, judge
from tasks.selftest.mutation import unnoticed
from tasks.selftest.run import QUICK_CLIPS, Bench, Choice, make_table
from tasks.selftest.summary import Summary, summarise, write_summary


@dataclass(frozen=True)
class Wish:
    """What the operator asks for.

    Attributes:
        data: folder of the footage.
        quick: six clips, mild and strong faults only.
        clips: at most so many.
        faults: only these; all when empty.
        out: where the summary goes, as JSON; the table beside it, as Parquet.
        calibrate: where a calibration goes that is fitted to this run.
        workers: processes; one a core when None.
    """

    data: Path
    quick: bool = False
    clips: int | None = None
    faults: tuple[str, ...] = ()
    out: Path | None = None
    calibrate: Path | None = None
    workers: int | None = None


def run_selftest(wish: Wish, suite: Suite, metrics: Sequence[Metric]) -> Summary:
    """Run the suite, judge the metrics, write what was asked for.

    Raises:
        SourceError: there is no footage.
        VerificationError: there is no calibration, or it does not fit these metrics.
        ValueError: a fault has no such name, or is designated to no metric of these.
    """
    shipped = None if wish.calibrate else read_calibration(SHIPPED, metrics)
    designations = chosen(suite.designations, wish.faults)
    check_designations([m.identifier for m in metrics if m.gated], designations)
    gated = [metric for metric in metrics if metric.gated]
    bench = Bench(suite, gated, wish.data, cache_folder(), wish.workers or os.cpu_count() or 1)
    with suite_progress() as progress:
        table = make_table(bench, _choice(wish, designations), progress.listener())
    today = datetime.now(UTC).date().isoformat()
    calibration = shipped or _refitted(wish, table, metrics, today)
    whole = len(designations) == len(suite.designations)
    judgement = judge(table, metrics, designations, calibration, whole)
    judgement = replace(
        judgement, broken=(*judgement.broken, *unnoticed(table, metrics, designations))
    )
    identity = calibration.calibration_id
    summary = summarise(table, judgement, today, identity, wish.calibrate is not None, whole)
    if wish.out is not None:
        write_summary(summary, wish.out)
        write_whole(wish.out.with_suffix(".parquet"), parquet(table))
    return summary


def chosen(designations: Sequence[Designation], names: Sequence[str]) -> tuple[Designation, ...]:
    """The faults that are asked for; all when none is named.

    Raises:
        ValueError: there is no such fault.
    """
    known = [designation.fault for designation in designations]
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no fault is named {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(d for d in designations if not names or d.fault in names)


def cache_folder() -> Path:
    """Where clips that were measured already lie."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "wetgate" / "selftest"


def _choice(wish: Wish, designations: Sequence[Designation]) -> Choice:
    faults = frozenset(designation.fault for designation in designations)
    clips = wish.clips or (QUICK_CLIPS if wish.quick else None)
    if wish.quick:
        return Choice(faults, frozenset((MILD, STRONG)), clips)
    return Choice(faults, clips=clips)


def _refitted(
    wish: Wish, table: pd.DataFrame, metrics: Sequence[Metric], today: str
) -> Calibration:
    assert wish.calibrate is not None  # else a calibration was read
    try:
        version = read_calibration(wish.calibrate).version + 1
    except VerificationError:
        version = 1  # a first one, or in place of one that cannot be used
    clips, people = table["clip"].nunique(), table["person"].nunique()
    suite = f"{clips} clips of {people} people with simulated damage"
    calibration = fit_calibration(table, metrics, today, suite, version)
    write_calibration(calibration, wish.calibrate)
    return calibration
