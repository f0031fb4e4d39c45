"""What was done to a reel's samples: steps, versions, parameters."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalogs.store import Store
from tasks.report.night import ReelNight
from tasks.report.per_frame import step_parameters
from tasks.report.rows import Row
from tasks.report.summary import number


@dataclass(frozen=True)
class StepLine:
    """One step over the shots of one reel.

    Attributes:
        touches: "damage" or "every sample".
        settings: parameters of the treatment, from the manifest.
        changed: share of samples that it changed, lowest .. highest shot, in per cent.
        per_frame: what it decided frame by frame, lowest .. highest.
    """

    name: str
    version: int
    touches: str
    settings: str
    changed: str
    per_frame: str


def step_lines(store: Store, reel: ReelNight) -> tuple[StepLine, ...]:
    """A line per step that ran on any shot of the reel."""
    if not reel.shots:
        return ()
    recorded = step_parameters(store, reel.reel_id)
    decided = [entry for shot in reel.shots for entry in recorded.get(shot["record_id"], ())]
    ran: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for shot in reel.shots:
        for step in shot["steps"] or ():
            ran.setdefault((str(step["name"]), int(step["version"])), []).append(step)
    return tuple(
        StepLine(
            name=name,
            version=version,
            touches=str(steps[0]["touches"]),
            settings=_settings(reel, name, version),
            changed=_range([100 * float(step["changed_share"] or 0) for step in steps]) + " %",
            per_frame=_per_frame(decided, name),
        )
        for (name, version), steps in ran.items()
    )


def _settings(reel: ReelNight, name: str, version: int) -> str:
    for step in reel.manifest.get("steps", ()):
        if (step.get("name"), step.get("version")) == (name, version):
            written = step.get("parameters") or {}
            return ", ".join(f"{key} {value}" for key, value in sorted(written.items())) or "none"
    return "not recorded (the reel's manifest is not there)"


def _per_frame(decided: Iterable[Row], name: str) -> str:
    values: dict[str, list[float]] = {}
    for entry in decided:
        if entry["step"] == name:
            found = [float(v) for v in entry["values"] if v is not None and not math.isnan(v)]
            values.setdefault(str(entry["name"]), []).extend(found)
    return ", ".join(f"{key} {_range(found)}" for key, found in values.items() if found)


def _range(values: list[float]) -> str:
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} .. {high}"
