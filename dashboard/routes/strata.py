"""Strata: how the shots of each kind fared, and what the last comparison found."""

import csv
from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dashboard.house import House, house_of
from dashboard.pages import page
from dashboard.visitor import Looking
from tasks.strata.report import ORDER

router = APIRouter()

_STRATA = """
SELECT t.variable, t.stratum, count(*) AS shots, count(DISTINCT s.reel_id) AS reels,
    count(*) FILTER (s.light = 'flag') AS flag, count(*) FILTER (s.light = 'look') AS look,
    count(*) FILTER (s.light = 'kept') AS kept, median(s.changed_share) AS changed
FROM stratum t JOIN shot s USING (shot_id)
GROUP BY ALL ORDER BY t.variable, t.stratum
"""
_MANY = 400


@router.get("/strata")
def strata(request: Request, visitor: Looking) -> Response:
    """Both."""
    house = house_of(request)
    found = _found(house)
    whole = house.view.one(
        "SELECT count(*) AS shots, count(*) FILTER (light = 'flag') AS flag FROM shot"
    )
    return page(
        request, visitor, "strata.html", strata=house.view.ask(_STRATA), whole=whole,
        found={verdict: [r for r in found if r.get("verdict") == verdict] for verdict in ORDER},
        many=_MANY, is_compared=bool(found),
    )  # fmt: skip


def _found(house: House) -> list[Mapping[str, str]]:
    """Rows of the last `disparity.csv`; none until `wetgate strata` ran."""
    try:
        text = (house.store.root / "strata" / "disparity.csv").read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError):
        return []
    return list(csv.DictReader(text.splitlines()))
