"""Metrics: what each is, what it does not see, where it flags, and how it fared here."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from dashboard.house import house_of
from dashboard.pages import page
from dashboard.visitor import Looking
from tasks.measure import shipped_calibration
from tasks.metrics.registry import METRICS

router = APIRouter()

_COUNTS = """
SELECT metric, count(*) AS shots, count(*) FILTER (verdict = 'flag') AS flag,
    count(*) FILTER (verdict = 'look') AS look, count(*) FILTER (verdict = 'ok') AS ok,
    count(*) FILTER (after IS NULL) AS unmeasured, median(before) AS before,
    median(after) AS after
FROM value GROUP BY metric
"""
_SPREAD = """
SELECT min(after) AS least, max(after) AS most, quantile_cont(after, 0.9) AS tenth,
    quantile_cont(after, 0.975) AS fortieth, count(after) AS n FROM value WHERE metric = $1
"""
_BINS = 40
_HISTOGRAM = f"""
SELECT least({_BINS} - 1, floor((after - $2) / $3 * {_BINS}))::BIGINT AS bin, count(*) AS shots
FROM value WHERE metric = $1 AND after IS NOT NULL GROUP BY bin ORDER BY bin
"""


@router.get("/metrics")
def metrics(request: Request, visitor: Looking) -> Response:
    """All of them."""
    house = house_of(request)
    counts = {row["metric"]: row for row in house.view.ask(_COUNTS)}
    return page(
        request, visitor, "metrics.html", metrics=METRICS, counts=counts,
        calibration=shipped_calibration(),
    )  # fmt: skip


@router.get("/metrics/{identifier}")
def metric(request: Request, visitor: Looking, identifier: str) -> Response:
    """One."""
    house = house_of(request)
    found = next((metric for metric in METRICS if metric.identifier == identifier), None)
    if found is None:
        raise HTTPException(404)
    spread = house.view.one(_SPREAD, [identifier]) or {}
    width = (spread["most"] - spread["least"]) if spread.get("n") else 0
    bins = house.view.ask(_HISTOGRAM, [identifier, spread["least"], width]) if width > 0 else []
    calibration = shipped_calibration()
    return page(
        request, visitor, "metric.html", metric=found, spread=spread, bins=bins, most_bins=_BINS,
        own=calibration.metrics.get(identifier), calibration=calibration,
        counts=next((r for r in house.view.ask(_COUNTS) if r["metric"] == identifier), None),
    )  # fmt: skip
