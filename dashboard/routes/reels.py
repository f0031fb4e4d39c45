"""Reels: all of them, and one as a strip of its shots."""

import json

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from dashboard.house import House, house_of
from dashboard.ledger_view import Row
from dashboard.lists import page_of
from dashboard.outcomes import outcomes_of
from dashboard.pages import page
from dashboard.reel_review import reel_review
from dashboard.routes.shot import done_of
from dashboard.shot_filters import FROM, SHOT_COLUMNS, Filters, read_filters
from dashboard.strip import strip_of
from dashboard.visitor import Looking, Visitor
from tasks.report.manifest import read_manifest, reel_folder, sidecar_words

router = APIRouter()

PAGE_REELS = 100
_STRIP = f"SELECT {SHOT_COLUMNS} {FROM} WHERE s.reel_id = $1 ORDER BY s.start_frame"
STATUSES = ("failed", "held", "ingested", "restored")

_REELS = """
SELECT r.*, coalesce(s.shots, 0) AS shots, coalesce(s.flag, 0) AS flag,
    coalesce(s.look, 0) AS look, coalesce(s.ok, 0) AS ok, coalesce(s.kept, 0) AS kept,
    coalesce(s.unjudged, 0) AS unjudged
FROM reel r LEFT JOIN (
    SELECT reel_id, count(*) AS shots, count(*) FILTER (light = 'flag') AS flag,
        count(*) FILTER (light = 'look') AS look, count(*) FILTER (light = 'ok') AS ok,
        count(*) FILTER (light = 'kept') AS kept, count(*) FILTER (light = 'none') AS unjudged
    FROM shot GROUP BY reel_id
) s USING (reel_id)
WHERE ($status = '' OR r.status = $status) AND contains(
    lower(r.reel_id || ' ' || coalesce(r.identifier, '') || ' ' || coalesce(r.title, '')),
    lower($text))
ORDER BY r.reel_id
"""
_METRICS = """
SELECT metric, count(*) FILTER (verdict = 'flag') AS flag,
    count(*) FILTER (verdict = 'look') AS look, count(*) FILTER (verdict = 'ok') AS ok,
    count(*) FILTER (verdict = 'not measurable') AS unmeasured
FROM value SEMI JOIN (SELECT shot_id FROM shot WHERE reel_id = $1) USING (shot_id)
WHERE verdict <> '' GROUP BY metric ORDER BY flag DESC, look DESC, metric
"""
_EVENTS = """
SELECT * FROM event WHERE object = $1 OR starts_with(object, $1 || '/')
    OR starts_with(object, $1 || '.')
ORDER BY recorded_at DESC LIMIT 200
"""


@router.get("/reels")
def reels(
    request: Request, visitor: Looking, text: str = "", status: str = "", number: str = "1"
) -> Response:
    """Every reel, with the lights of its shots."""
    status = status if status in STATUSES else ""
    rows = house_of(request).view.ask(_REELS, {"text": text[:120], "status": status})
    last = max(1, -(-len(rows) // PAGE_REELS))
    asked = int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1
    at = min(max(1, asked), last)
    return page(
        request, visitor, "reels.html", reels=rows[(at - 1) * PAGE_REELS : at * PAGE_REELS],
        total=len(rows), text=text[:120], chosen=status, statuses=STATUSES, number=at, last=last,
    )  # fmt: skip


@router.get("/reels/{reel_id}")
def reel(request: Request, visitor: Looking, reel_id: str) -> Response:
    """One reel."""
    return reel_page(request, visitor, find_reel(house_of(request), reel_id))


def find_reel(house: House, reel_id: str) -> Row:
    """The newest row of a reel.

    Raises:
        HTTPException: 404, there is none.
    """
    row = house.view.one("SELECT * FROM reel WHERE reel_id = $1", [reel_id])
    if row is None:
        raise HTTPException(404)
    return row


def reel_page(
    request: Request, visitor: Visitor, row: Row, status: int = 200, problem: str = "",
    comment: str = "",
) -> Response:  # fmt: skip
    """The page of a reel; with what could not be recorded, and why."""
    house, reel_id = house_of(request), str(row["reel_id"])
    asked = read_filters(request.query_params, ())
    place = Filters(reel=reel_id, sort="place")
    manifest, missing = read_manifest(house.store, row)
    folder = reel_folder(house.store, row)
    facts = json.loads(row["facts_json"] or "{}")
    said = (*facts.get("disclosures", ()), *manifest.get("disclosures", ()))
    review = reel_review(house, row)
    return page(
        request, visitor, "reel.html", status,
        reel=row, strip=strip_of(house.view.ask(_STRIP, [reel_id])), place=place,
        list=page_of(house, place.but(page=asked.page)), problem=problem, comment=comment,
        metrics=house.view.ask(_METRICS, [reel_id]), events=house.view.ask(_EVENTS, [reel_id]),
        manifest=manifest, missing=missing, disclosures=list(dict.fromkeys(said)),
        folder=folder.relative_to(house.store.root) if folder else None,
        sidecar=sidecar_words(house.store, row, manifest), review=review,
        outcomes=outcomes_of(house.view, review.undone), done=done_of(request, review.decisions),
    )  # fmt: skip
