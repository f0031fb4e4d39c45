"""Last night at a glance, and every night before it."""

import re
import shutil
from collections import Counter
from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from dashboard.house import House, house_of
from dashboard.ledger_view import Row
from dashboard.pages import page
from dashboard.visitor import Looking

router = APIRouter()

LEAST_REPEATED = 3
MOST_NIGHTS = 60

_NIGHTS = """
SELECT batch_id, min(recorded_at) AS started, max(recorded_at) AS ended,
    arg_max(status, recorded_at) AS status, arg_max(recipe, recorded_at) AS recipe,
    arg_max(catalog, recorded_at) AS catalog,
    arg_max(reels_restored, recorded_at) AS reels_restored,
    arg_max(reels_held, recorded_at) AS reels_held,
    arg_max(reels_failed, recorded_at) AS reels_failed,
    arg_max(shots_restored, recorded_at) AS shots_restored,
    arg_max(shots_computed, recorded_at) AS shots_computed,
    arg_max(shots_original_kept, recorded_at) AS shots_kept,
    arg_max(frames_computed, recorded_at) AS frames_computed,
    arg_max(seconds, recorded_at) AS seconds, arg_max(software, recorded_at) AS software
FROM batch GROUP BY batch_id ORDER BY started DESC
"""
_REELS = """
SELECT * FROM reel_row WHERE batch_id = $1
QUALIFY row_number() OVER (PARTITION BY reel_id ORDER BY recorded_at DESC) = 1
ORDER BY CASE status WHEN 'failed' THEN 0 WHEN 'held' THEN 1 WHEN 'ingested' THEN 2 ELSE 3 END,
    reel_id
"""
_FOUND = (
    "SELECT count(DISTINCT object) AS n FROM event WHERE batch_id = $1 AND event = 'found finished'"
)
_LIGHTS = "SELECT light, count(*) AS shots FROM shot WHERE batch_id = $1 GROUP BY light"
_SPENT = "SELECT coalesce(sum(seconds), 0) AS seconds FROM computed WHERE batch_id = $1"
_OUTCOMES = ("held", "stale", "undone", "carried out")
_DECISIONS = """
SELECT object, outcome, detail FROM event
WHERE batch_id = $1 AND event = 'decision' AND outcome <> 'begun'
ORDER BY outcome = 'carried out', recorded_at, object
"""
_METRICS = """
SELECT metric, count(*) AS shots
FROM (SELECT unnest(flagged) AS metric FROM shot WHERE batch_id = $1)
GROUP BY metric ORDER BY shots DESC, metric
"""
_KEPT = "SELECT reason FROM shot WHERE batch_id = $1 AND light = 'kept'"


@dataclass(frozen=True)
class Repeated:
    """One fault that stands behind many reels or shots.

    Attributes:
        words: of its first instance.
        times: how often.
        of: how many faults there are in all.
    """

    words: str
    times: int
    of: int


@router.get("/")
def last(request: Request, visitor: Looking) -> Response:
    """The last night."""
    nights = house_of(request).view.ask(_NIGHTS)
    if not nights:
        return page(request, visitor, "no_night.html", store=house_of(request).store.root)
    return _night(request, visitor, nights, nights[0])


@router.get("/nights/{batch_id}")
def one(request: Request, visitor: Looking, batch_id: str) -> Response:
    """A night by its name."""
    nights = house_of(request).view.ask(_NIGHTS)
    night = next((night for night in nights if night["batch_id"] == batch_id), None)
    if night is None:
        raise HTTPException(404)
    return _night(request, visitor, nights, night)


def _night(request: Request, visitor: Looking, nights: list[Row], night: Row) -> Response:
    house, batch = house_of(request), [night["batch_id"]]
    view = house.view
    reels = view.ask(_REELS, batch)
    worker_seconds = (view.one(_SPENT, batch) or {"seconds": 0})["seconds"]
    decisions = view.ask(_DECISIONS, batch)
    place = [other["batch_id"] for other in nights].index(night["batch_id"])
    return page(
        request, visitor, "night.html",
        night=night, reels=reels, nights=nights[:MOST_NIGHTS],
        newer=nights[place - 1] if place else None,
        older=nights[place + 1] if place + 1 < len(nights) else None,
        lights={row["light"]: row["shots"] for row in view.ask(_LIGHTS, batch)},
        decisions=decisions,
        made={word: sum(row["outcome"] == word for row in decisions) for word in _OUTCOMES},
        worker_seconds=worker_seconds, cost=_cost(house, worker_seconds),
        found=(view.one(_FOUND, batch) or {"n": 0})["n"], metrics=view.ask(_METRICS, batch),
        repeated=repeated([*_reasons(reels), *(r["reason"] for r in view.ask(_KEPT, batch))]),
        disk=shutil.disk_usage(house.store.root),
    )  # fmt: skip


def repeated(reasons: list[str]) -> Repeated | None:
    """The fault that most reasons say, if it is said often enough to be one fault."""
    said = [reason for reason in reasons if reason]
    counts = Counter(_bare(reason) for reason in said)
    if not counts:
        return None
    bare, times = counts.most_common(1)[0]
    if times < LEAST_REPEATED or 2 * times < len(said):
        return None
    return Repeated(next(r for r in said if _bare(r) == bare), times, len(said))


def _bare(reason: str) -> str:
    """A reason without what differs from reel to reel: paths, names in quotes, numbers."""
    without = re.sub(r"\S*/\S*|'[^']*'|\"[^\"]*\"", "…", reason)
    return re.sub(r"[0-9a-f]{12,}|\d+", "#", without).strip().lower()


def _reasons(reels: list[Row]) -> list[str]:
    return [str(row["reason"] or "") for row in reels if row["status"] in ("held", "failed")]


def _cost(house: House, seconds: float) -> str:
    """What the worker hours cost, where the operator said what one costs."""
    price = house.settings.hour_price
    if price is None:
        return ""
    return f"{price[0] * seconds / 3600:,.2f} {price[1]}"
