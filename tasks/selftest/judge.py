"""Judges a set of metrics by what they say of harmless and faulty outputs.

    judgement = judge(table, METRICS, designations, calibration)
    for broken in judgement.broken: print(broken.sentence)

Pure functions of a table; see `tasks.selftest.columns` for what it holds and
`tasks.selftest.limits` for the limits. There is no score: a rule holds or is broken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from tasks.metrics.calibration import Calibration
from tasks.metrics.metric import Metric
from tasks.selftest.alarms import Alarms, false_alarms
from tasks.selftest.columns import Designation
from tasks.selftest.detection import Detection, Flags, detections, rises
from tasks.selftest.flags import flagged, held_out_flags
from tasks.selftest.limits import RESAMPLES
from tasks.selftest.rules import (
    Broken,
    broken_alarms,
    broken_detection,
    broken_proof,
    broken_rise,
    broken_specificity,
    broken_stratum,
)
from tasks.selftest.specificity import SideTrips, side_trips
from tasks.selftest.strata import StratumArea, stratum_areas


@dataclass(frozen=True)
class Judgement:
    """All that was found.

    Attributes:
        detections: a fault at a severity each.
        alarms: false alarms at the shipped thresholds.
        alarms_held_out: the same held out; None without clips in both halves.
        trips: the specificity matrix, a fault each.
        strata: AUC of strong faults by stratum.
        broken: rules that do not hold.
    """

    detections: tuple[Detection, ...]
    alarms: Alarms
    alarms_held_out: Alarms | None
    trips: tuple[SideTrips, ...]
    strata: tuple[StratumArea, ...]
    broken: tuple[Broken, ...]


def judge(
    table: pd.DataFrame,
    metrics: Sequence[Metric],
    designations: Sequence[Designation],
    calibration: Calibration,
    whole: bool = True,
    resamples: int = RESAMPLES,
) -> Judgement:
    """Judge metrics.

    Args:
        table: see `tasks.selftest.columns`.
        metrics: those measured.
        designations: the faults of the table and what has to see them.
        calibration: the shipped one.
        whole: whether all faults of the suite were injected; a metric without any is then one
            that nothing proves.
        resamples: of the bootstrap; 0 for no intervals.

    Raises:
        ValueError: a fault is designated to a metric that is not there or not gated, or the
            table has no harmless output.
    """
    if not (table["kind"] == "harmless").any():
        raise ValueError("the table has no harmless output")
    gated = {metric.identifier: metric for metric in metrics if metric.gated}
    check_designations(gated, designations)
    flags = Flags(flagged(table, metrics, calibration), held_out_flags(table, metrics))
    pairs = [(designation, gated[designation.metric]) for designation in designations]
    found = [detections(table, d, metric, flags, resamples) for d, metric in pairs]
    trips = side_trips(table, designations, flags.shipped)
    areas = tuple(area for d, metric in pairs for area in stratum_areas(table, d, metric))
    alarms = false_alarms(table, flags.shipped)
    held_out = None if flags.held_out is None else false_alarms(table, flags.held_out)
    broken = [
        *(b for fault in found for one in fault for b in broken_detection(one)),
        *_broken_rises(table, pairs, found),
        *broken_alarms(alarms, "shipped"),
        *(broken_alarms(held_out, "held-out") if held_out else ()),
        *(b for row in trips for b in broken_specificity(row)),
        *(b for area in areas for b in broken_stratum(area)),
        *(broken_proof(list(gated), {d.metric: d for d in designations}) if whole else ()),
    ]
    flat = tuple(one for fault in found for one in fault)
    return Judgement(flat, alarms, held_out, trips, areas, tuple(broken))


def _broken_rises(
    table: pd.DataFrame,
    pairs: Sequence[tuple[Designation, Metric]],
    found: Sequence[tuple[Detection, ...]],
) -> Iterator[Broken]:
    for (designation, metric), severities in zip(pairs, found, strict=True):
        if len(severities) > 1:
            yield from broken_rise(severities[-1], rises(table, designation, metric))


def check_designations(gated: Collection[str], designations: Sequence[Designation]) -> None:
    """Make sure that every fault is designated to a metric that there is.

    Args:
        gated: identifiers of the metrics that flag.
        designations: the faults.

    Raises:
        ValueError: one is not.
    """
    for designation in designations:
        if designation.metric not in gated:
            raise ValueError(
                f"{designation.fault} is designated to {designation.metric}, which is no gated "
                f"metric; there are {', '.join(gated)}"
            )
