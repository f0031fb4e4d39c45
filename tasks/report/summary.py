"""Metrics of a reel's shots, summarised without hiding any: no overall score."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from tasks.metrics.registry import METRICS
from tasks.report.night import ReelNight
from tasks.report.rows import Row

Direction = Literal["lower", "higher"]

# Which way is better; a metric that is not here is shown by its range.
BETTER: dict[str, Direction] = {
    "PSNR": "higher",
    **{m.identifier: "lower" if m.worse == "higher" else "higher" for m in METRICS},
}


@dataclass(frozen=True)
class MetricLine:
    """One metric over the shots of one reel.

    Attributes:
        measured: shots that have a value.
        typical: median before -> median after.
        worst: of the shot whose value after is worst, or lowest .. highest.
        worse_shots: shots whose value after is worse than before; None when not defined.
        flagged: shots that are flagged, and shots to look at; empty for what is not judged.
        not_measurable: shots on which the metric says nothing, with the reasons.
        coverage: smallest share of a shot's frames that a value rests on, in per cent.
    """

    metric: str
    unit: str
    better: str
    measured: int
    typical: str
    worst: str
    worse_shots: int | None
    flagged: str
    not_measurable: str
    coverage: str


def metric_lines(reel: ReelNight) -> tuple[MetricLine, ...]:
    """A line per metric, in the order in which they were recorded."""
    rows: dict[tuple[str, str], list[Row]] = {}
    for m in reel.measurements:
        rows.setdefault((str(m["metric"]), str(m["unit"] or "")), []).append(m)
    return tuple(_line(name, unit, own) for (name, unit), own in rows.items())


def _line(metric: str, unit: str, rows: Sequence[Row]) -> MetricLine:
    better = BETTER.get(metric)
    values = [row for row in rows if _has_value(row)]
    pairs = [row for row in values if row["before"] is not None]
    coverages = [float(row["coverage"] or 0) for row in values]
    return MetricLine(
        metric=metric,
        unit=unit,
        better=f"{better} is better" if better else "",
        measured=len(values),
        typical=_arrow(_median(pairs, "before"), _median(values, "after")),
        worst=_worst(values, better),
        worse_shots=sum(_is_worse(row, better) for row in pairs) if better and pairs else None,
        flagged=_flagged(rows),
        not_measurable=_unmeasured([row for row in rows if not _has_value(row)]),
        coverage=f"{100 * min(coverages):.0f} %" if coverages else "",
    )


def _has_value(row: Row) -> bool:
    return bool(row["measurable"]) and row["after"] is not None


def _median(rows: Sequence[Row], column: str) -> float | None:
    return median(float(row[column]) for row in rows) if rows else None


def _worst(rows: Sequence[Row], better: Direction | None) -> str:
    if not rows:
        return ""
    ordered = sorted(rows, key=lambda row: float(row["after"]))
    if better is None:
        return f"{number(ordered[0]['after'])} .. {number(ordered[-1]['after'])}"
    row = ordered[-1] if better == "lower" else ordered[0]
    return f"{_arrow(row['before'], row['after'])} (shot {int(row['shot_index']) + 1})"


def _is_worse(row: Row, better: Direction) -> bool:
    before, after = float(row["before"]), float(row["after"])
    return after > before if better == "lower" else after < before


def _flagged(rows: Sequence[Row]) -> str:
    verdicts = [row.get("verdict") for row in rows]
    if not any(verdicts):
        return ""
    looks = verdicts.count("look")
    return f"{verdicts.count('flag')}" + (f", {looks} to look at" if looks else "")


def _unmeasured(rows: Sequence[Row]) -> str:
    if not rows:
        return "0"
    notes = dict.fromkeys(str(row["note"]) for row in rows if row["note"])
    return f"{len(rows)} ({'; '.join(notes) or 'no reason recorded'})"


def _arrow(before: float | None, after: float | None) -> str:
    if after is None:
        return ""
    return number(after) if before is None else f"{number(before)} → {number(after)}"


def number(value: float) -> str:
    """Three significant digits; `identical` for an infinite PSNR."""
    if math.isinf(value):
        return "identical"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
