"""The rows that `find_disparities` compares: the night's measurement beside the harmless one.

A metric of faces has one value a shot, that of its worst face. Its row is of the person of the
face that the measurement names, where the recorded frame tells the stretch; else, and for every
other metric, of the shot's first person. The harmless value is of the worst face as well, which
in a shot of several people may be another one's.

What restoration left as it was has the ideal value by definition, and nothing was added to it: its
harmless value is that same value, and not the level that the metric has on a copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tasks.metrics.gather import stretches
from tasks.metrics.metric import Metric
from tasks.metrics.verdict import sign_of
from tasks.strata.observe import observation_key
from tasks.strata.subjects import Subject

_FACE_NOTE = re.compile(r"face (\d+)\b")
_UNTOUCHED = ", not changed"  # ends the note of a face that is the source's, sample for sample


class JoinedValue(NamedTuple):
    """One metric of one shot, restored and harmless.

    Attributes:
        subject: whom it is of.
        metric: identifier.
        value: of the restored shot, infinite as well; None where it was not measurable.
        harmless: of its harmless copy.
        flagged: whether the restored shot is flagged.
        harmless_flagged: whether the copy is.
    """

    subject: Subject
    metric: str
    value: float | None
    harmless: float | None
    flagged: bool
    harmless_flagged: bool


@dataclass(frozen=True)
class Joined:
    """Values of one reel.

    Attributes:
        values: of all shots and metrics that both sides have.
        judged_anew: shots whose flags rest on another calibration, see `join`.
    """

    values: tuple[JoinedValue, ...]
    judged_anew: int


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
    values: list[JoinedValue] = []
    anew = set()
    for people in _by_shot(subjects):
        shot = people[0].shot
        key = observation_key(shot.reel, shot.shot)
        changed = restored.get((shot.restored_key, "changed"), {}).get("after")
        shot_untouched = changed == 0
        for metric in metrics:
            ours = restored.get((shot.restored_key, metric.identifier))
            theirs = copies.get((key, metric.identifier))
            if ours is None or theirs is None:
                continue
            values.append(_value(_subject(people, ours), metric, ours, theirs, shot_untouched))
            if ours["calibration_id"] != theirs["calibration_id"]:
                anew.add(shot.restored_key)
    return Joined(tuple(values), len(anew))


def as_rows(values: Sequence[JoinedValue], variables: Sequence[str]) -> pd.DataFrame:
    """The values as `find_disparities` takes them, with a column for each stratum variable."""
    columns = {
        "metric": [value.metric for value in values],
        "cluster": [value.subject.cluster for value in values],
        **{name: [value.subject.strata.get(name, "") for value in values] for name in variables},
    }
    # As objects the texts of a large archive are shared and not copied.
    texts = {name: pd.Series(column, dtype=object) for name, column in columns.items()}
    return pd.DataFrame({
        **texts,
        "value": np.array([value.value for value in values], np.float64),
        "harmless": np.array([value.harmless for value in values], np.float64),
        "flagged": np.array([value.flagged for value in values], np.bool_),
        "harmless_flagged": np.array([value.harmless_flagged for value in values], np.bool_),
    })  # fmt: skip


def _value(
    subject: Subject,
    metric: Metric,
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    shot_untouched: bool,
) -> JoinedValue:
    value, flagged = _number(ours["after"]), _flagged(metric, ours, theirs)
    if shot_untouched or (ours["note"] or "").endswith(_UNTOUCHED):
        return JoinedValue(subject, metric.identifier, value, value, flagged, flagged)
    harmless = _number(theirs["value"]), theirs["verdict"] == "flag"
    return JoinedValue(subject, metric.identifier, value, harmless[0], flagged, harmless[1])


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


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
