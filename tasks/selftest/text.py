"""A summary in plain text, for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.selftest.columns import BASELINES, SEVERITIES
from tasks.selftest.detection import Detection
from tasks.selftest.judge import Judgement
from tasks.selftest.strata import worst
from tasks.selftest.summary import Summary


def summary_text(summary: Summary) -> str:
    """All tables, then the rules that are broken."""
    judgement = summary.judgement
    return "\n".join((
        f"{summary.clips} clips of {summary.persons} people: {summary.harmless} harmless outputs, "
        f"{summary.faulty} with a fault",
        "",
        *_detections(judgement),
        "",
        *_alarms(judgement),
        "",
        *_strata(judgement),
        *_trips(judgement),
        "",
        *_broken(summary),
    ))  # fmt: skip


def _detections(judgement: Judgement) -> Iterator[str]:
    usual = "".join(f"{name:>8}" for name in BASELINES)
    yield (
        f"{'fault':<26}{'severity':<18}{'metric':<8}{'runs':>5}{'value':>6}  "
        f"{'AUC [95 %]':<18}{'flagged':>8}{'held out':>9}{usual}"
    )
    for found in judgement.detections:
        yield _detection(found)


def _detection(found: Detection) -> str:
    usual = "".join(f"{_number(found.baselines.get(name)):>8}" for name in BASELINES)
    return (
        f"{found.fault:<26}{SEVERITIES[found.severity]:<18}{found.metric:<8}{found.runs:>5}"
        f"{found.measurable:>6.0%}  {interval(found):<18}{_share(found.found):>8}"
        f"{_share(found.found_held_out):>9}{usual}"
    )


def interval(found: Detection) -> str:
    """An AUC with its interval."""
    area = found.area
    if area.value is None:
        return "-"
    ends = "" if area.low is None or area.high is None else f" [{area.low:.2f}, {area.high:.2f}]"
    return f"{area.value:.3f}{ends}"


def _alarms(judgement: Judgement) -> Iterator[str]:
    held_out = judgement.alarms_held_out
    yield f"{'harmless outputs flagged':<26}{'shipped':>9}{'held out':>9}"
    for name, value in judgement.alarms.metrics.items():
        other = held_out.metrics.get(name) if held_out else None
        yield f"{name:<26}{_share(value):>9}{_share(other):>9}"
    other = held_out.any if held_out else None
    yield f"{'by any metric':<26}{_share(judgement.alarms.any):>9}{_share(other):>9}"
    for name, value in judgement.alarms.outputs.items():
        other = held_out.outputs.get(name) if held_out else None
        yield f"{'  ' + name:<26}{_share(value):>9}{_share(other):>9}"


def _strata(judgement: Judgement) -> Iterator[str]:
    for stratum in dict.fromkeys(area.stratum for area in judgement.strata):
        areas = [area for area in judgement.strata if area.stratum == stratum]
        few = sum(area.value is None for area in areas)
        found = worst(areas)
        said = (
            f"AUC {found.value:.3f} where it is {found.level}, {found.metric} on {found.fault}"
            if found
            else "too few clips in every part"
        )
        yield f"worst by {stratum}: {said}; {few} of {len(areas)} have too few clips"


def _trips(judgement: Judgement) -> Iterator[str]:
    for row in judgement.trips:
        others = {
            name: share
            for name, share in row.flagged.items()
            if share > 0 and name != _designated(judgement, row.fault)
        }
        said = ", ".join(f"{name} {share:.0%}" for name, share in others.items())
        yield f"{row.fault}, strong, is also flagged by: {said or 'nothing'}"


def _designated(judgement: Judgement, fault: str) -> str:
    return next((d.metric for d in judgement.detections if d.fault == fault), "")


def _broken(summary: Summary) -> Iterator[str]:
    broken = summary.judgement.broken
    if not broken:
        yield "All rules hold."
        return
    yield "1 rule is broken:" if len(broken) == 1 else f"{len(broken)} rules are broken:"
    for one in broken:
        yield f"  {one.rule:<12} {one.sentence}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
