"""The rules that a set of metrics must keep, each broken one a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tasks.selftest.alarms import Alarms
from tasks.selftest.columns import MILD, SEVERITIES, STRONG
from tasks.selftest.detection import Detection
from tasks.selftest.limits import (
    ANY_ALARM,
    FALSE_ALARMS,
    MEASURABLE,
    MILD_AUC,
    NEED_NOT_RISE,
    STRATUM_AUC,
    STRONG_AUC,
    STRONG_FOUND,
    TRIPPED,
)
from tasks.selftest.specificity import SideTrips
from tasks.selftest.strata import StratumArea

_LEAST_AUC = {MILD: MILD_AUC, STRONG: STRONG_AUC}


@dataclass(frozen=True)
class Broken:
    """One broken rule.

    Attributes:
        rule: measurable, auc, found, monotone, alarms, specificity, stratum, proof or mutation.
        metric: identifier of the metric it concerns; empty when all together.
        fault: name of the fault; empty when none.
        sentence: what was found, and the limit.
    """

    rule: str
    metric: str
    fault: str
    sentence: str


def broken_detection(found: Detection) -> Iterator[Broken]:
    """Rules of one fault at one severity."""
    least = _LEAST_AUC.get(found.severity)
    if least is None:
        return
    who = f"{found.metric} on {found.fault}, {SEVERITIES[found.severity]}"
    if found.measurable < MEASURABLE:
        yield _broken("measurable", found, f"{who}: has a value on {found.measurable:.0%} of the "
                      f"outputs; {MEASURABLE:.0%} are needed")  # fmt: skip
    if found.area.value is None or found.area.value < least:
        said = "has none" if found.area.value is None else f"is {found.area.value:.3f}"
        yield _broken("auc", found, f"{who}: AUC {said}; {least:.2f} is needed")
    if found.severity == STRONG and (found.found is None or found.found < STRONG_FOUND):
        yield _broken("found", found, f"{who}: {found.found or 0:.0%} are flagged at the shipped "
                      f"threshold; {STRONG_FOUND:.0%} are needed")  # fmt: skip


def broken_rise(found: Detection, medians: Sequence[float] | None) -> Iterator[Broken]:
    """The median must be worse with every severity; values without end count as equal."""
    who = f"{found.metric} on {found.fault}"
    if medians is None:
        yield _broken("monotone", found, f"{who}: no clip has a value at every severity")
    elif found.metric not in NEED_NOT_RISE and any(
        not (b > a or a == b == math.inf) for a, b in pairwise(medians)
    ):
        steps = ", ".join(f"{abs(m):.4g}" for m in medians)
        yield _broken("monotone", found, f"{who}: the medians {steps} do not get worse with the "
                      "severity")  # fmt: skip


def broken_alarms(alarms: Alarms, thresholds: str) -> Iterator[Broken]:
    """Limits on false alarms."""
    where = f"of harmless outputs at the {thresholds} thresholds"
    for name, share in alarms.metrics.items():
        if share is not None and share > FALSE_ALARMS:
            said = f"{name}: flags {share:.1%} {where}; {FALSE_ALARMS:.0%} are allowed"
            yield Broken("alarms", name, "", said)
    if alarms.any > ANY_ALARM:
        said = f"some metric flags {alarms.any:.1%} {where}; {ANY_ALARM:.0%} are allowed"
        yield Broken("alarms", "", "", said)


def broken_specificity(trips: SideTrips) -> Iterator[Broken]:
    """A fault may trip only what the suite lists."""
    for name in trips.unlisted:
        said = (
            f"{name}: flags {trips.flagged[name]:.0%} of {trips.fault}, strong, which the suite "
            f"does not list as a side trip; {TRIPPED:.0%} are allowed"
        )
        yield Broken("specificity", name, trips.fault, said)


def broken_stratum(found: StratumArea) -> Iterator[Broken]:
    """Limit on the AUC within a stratum that has enough clips."""
    if found.value is not None and found.value < STRATUM_AUC:
        said = (
            f"{found.metric} on {found.fault}, strong: AUC is {found.value:.3f} where "
            f"{found.stratum} is {found.level} ({found.clips} clips); {STRATUM_AUC:.2f} is needed"
        )
        yield Broken("stratum", found.metric, found.fault, said)


def broken_proof(gated: Sequence[str], proved: Mapping[str, object]) -> Iterator[Broken]:
    """A metric that flags must be designated for a fault that the suite injects."""
    for name in gated:
        if name not in proved:
            yield Broken("proof", name, "", f"{name}: flags, but no fault is designated to it")


def _broken(rule: str, found: Detection, sentence: str) -> Broken:
    return Broken(rule, found.metric, found.fault, sentence)
