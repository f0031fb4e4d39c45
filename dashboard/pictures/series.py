"""What the timelines under the picture show: values per frame, and metrics with their worst frame.

The ledger has a value a shot of each metric, its threshold and its worst frame; per frame it has
what the steps decided. A metric's value is that of its worst stretch, so what a flag speaks of is
the stretch that holds the worst frame (`tasks.metrics.gather.stretches`).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from catalogs.ledger import Ledger
from dashboard.pictures.shots import KnownShot
from tasks.metrics.gather import stretches
from tasks.metrics.registry import METRICS

Series = dict[str, Any]

_ORDER = ("flag", "look", "ok")
_NAMES = {metric.identifier: metric for metric in METRICS}


def series_of(ledger: Ledger, shot: KnownShot, measured: Sequence[Series]) -> dict[str, Any]:
    """All of it.

    Args:
        ledger: of the store.
        shot: which shot.
        measured: series that came with its proxy.

    Returns:
        `frames`; `series`, each with id, name, unit and values, null where a frame has none;
        `metrics`, those that have a verdict, worst first, with worst frame and interval (both
        ends shown), where they have one.
    """
    return {
        "frames": shot.restored.shot.frame_count,
        "series": [*measured, *_parameters(shot.row)],
        "metrics": _metrics(ledger, shot),
    }


def _parameters(row: Mapping[str, Any]) -> Iterable[Series]:
    """What each step decided, frame by frame; left out where it is the same throughout."""
    for parameter in row["step_parameters"]:
        values = [_number(value) for value in parameter["values"]]
        if len(set(values)) > 1:
            name = str(parameter["name"])
            yield {
                "id": f"{parameter['step']}.{name}",
                "name": f"{parameter['step']}: {name.replace('_', ' ')}",
                "unit": "",
                "values": values,
            }


def _metrics(ledger: Ledger, shot: KnownShot) -> list[dict[str, Any]]:
    rows = ledger.find("measurements", shot.reel.reel_id, key=shot.restored.key)
    rows = rows.drop_duplicates("metric", keep="last")
    rows = rows[rows["verdict"].isin(_ORDER)]
    parts = stretches(shot.restored.shot.frame_count)
    found = [_metric(row, parts) for row in rows.to_dict("records")]
    return sorted(found, key=lambda metric: _ORDER.index(metric["verdict"]))


def _metric(row: Mapping[Any, Any], parts: Sequence[tuple[int, int]]) -> dict[str, Any]:
    known = _NAMES.get(row["metric"])
    worst = None if pd.isna(row["worst_frame"]) else int(row["worst_frame"])
    around = [(start, stop - 1) for start, stop in parts if worst is not None and
              start <= worst < stop]  # fmt: skip
    return {
        "id": row["metric"],
        "name": known.name if known else row["metric"],
        "worse": known.worse if known else "",
        "unit": row["unit"],
        "before": _number(row["before"]),
        "after": _number(row["after"]),
        "threshold": _number(row["threshold"]),
        "verdict": row["verdict"],
        "note": row["note"] or "",
        "worst_frame": worst,
        "interval": around[0] if around else None,
    }


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
