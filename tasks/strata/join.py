"""The rows that `find_disparities` compares: the night's measurement beside the harmless one.

A metric of faces has one value a shot, that of its worst face. Its row is of the person of the
face that the measurement names, where the recorded frame tells the stretch; else, and for every
other metric, of the shot's first person. The harmless value is of the worst face as well, which
in a shot of several people may be another one's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tasks.metrics.calibration import Calibration
from tasks.metrics.gather import stretches
from tasks.metrics.metric import Metric
from tasks.metrics.verdict import limits, sign_of
from tasks.strata.observe import observation_key
from tasks.strata.subjects import Subject
from tasks.strata.verdicts import MetricRule

_FACE_NOTE = re.compile(r"face (\d+)\b")


@dataclass(frozen=True)
class Joined:
    """Rows of one reel.

    Attributes:
        rows: as `tasks.strata.disparity.find_disparities` takes them.
        judged_anew: shots whose flags rest on another calibration, see `join`.
    """

    rows: list[dict[str, Any]]
    judged_anew: int


def metric_rules(metrics: Sequence[Metric], calibration: Calibration) -> tuple[MetricRule, ...]:
    """What the comparison must know of each metric: thresholds are those over all classes."""
    rules = []
    for metric in metrics:
        known = limits(metric, "", calibration)
        if known is not None:
            # 1 is the perfect ratio; whatever else is counted, lengths and faults, is best at 0.
            ideal = 1.0 if metric.unit == "ratio" or metric.worse == "lower" else 0.0
            rules.append(
                MetricRule(metric.identifier, metric.unit, known.flag, metric.worse, ideal)
            )
    return tuple(rules)


def join(
    subjects: Sequence[Subject],
    measured: pd.DataFrame,
    harmless: pd.DataFrame,
    metrics: Sequence[Metric],
) -> Joined:
    """Restored beside harmless, for each shot and metric of a reel.

    A verdict that rests on another calibration than the harmless one is given anew: the recorded
    value against the threshold of the harmless run of the same shot.

    Args:
        subjects: of the reel.
        measured: rows of `measurements`.
        harmless: rows of `harmless` of the current code and calibration.
        metrics: those that judge.
    """
    restored = {(row["key"], row["metric"]): row for row in measured.to_dict("records")}
    copies = {(row["key"], row["metric"]): row for row in harmless.to_dict("records")}
    rows: list[dict[str, Any]] = []
    anew = set()
    for people in _by_shot(subjects):
        shot = people[0].shot
        key = observation_key(shot.reel, shot.shot)
        for metric in metrics:
            ours = restored.get((shot.restored_key, metric.identifier))
            theirs = copies.get((key, metric.identifier))
            if ours is None or theirs is None:
                continue
            subject = _subject(people, ours)
            rows.append(
                {
                    **subject.strata,
                    "reel_id": shot.reel.reel_id,
                    "shot": shot.shot.index + 1,
                    "metric": metric.identifier,
                    "cluster": subject.cluster,
                    "value": ours["after"],
                    "harmless": theirs["value"],
                    "flagged": _flagged(metric, ours, theirs),
                    "harmless_flagged": theirs["verdict"] == "flag",
                }
            )
            if ours["calibration_id"] != theirs["calibration_id"]:
                anew.add(shot.restored_key)
    return Joined(rows, len(anew))


def _by_shot(subjects: Sequence[Subject]) -> Iterator[list[Subject]]:
    found: dict[str, list[Subject]] = {}
    for subject in subjects:
        found.setdefault(subject.shot.restored_key, []).append(subject)
    yield from found.values()


def _subject(people: Sequence[Subject], measured: Mapping[str, Any]) -> Subject:
    """Whom a value is of."""
    named = _FACE_NOTE.match(measured["note"] or "")
    if named is None:
        return people[0]
    shot = people[0].shot.shot
    parts = stretches(shot.frame_count)
    worst = measured["worst_frame"]
    if pd.notna(worst):
        parts = tuple(part for part in parts if part[0] <= worst < part[1])
    if len(parts) != 1:
        return people[0]
    face = parts[0][0], int(named[1])
    return next((person for person in people if face in person.faces), people[0])


def _flagged(metric: Metric, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    if ours["calibration_id"] == theirs["calibration_id"]:
        return bool(ours["verdict"] == "flag")
    if pd.isna(ours["after"]) or pd.isna(theirs["threshold"]):
        return False
    sign = sign_of(metric)
    return bool(sign * ours["after"] > sign * theirs["threshold"])
