"""Every shot that stands, to filter and sort."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dashboard.house import House, house_of
from dashboard.lists import METRIC_NAMES, asked_filters, page_of
from dashboard.pages import page
from dashboard.shot_filters import DECISIONS, LIGHTS, SORTS, Filters
from dashboard.visitor import Looking

router = APIRouter()

_STRATA = "SELECT DISTINCT variable, stratum FROM stratum ORDER BY ALL LIMIT 400"
_MODELS = "SELECT DISTINCT unnest(models) AS model FROM shot ORDER BY model"


@router.get("/shots")
def shots(request: Request, visitor: Looking) -> Response:
    """A page of the list; only the list itself when htmx asks for it."""
    house, filters = house_of(request), asked_filters(request)
    found = page_of(house, filters)
    answer = page(request, visitor, "shots.html", list=found, choices=_choices(house, filters))
    answer.headers["hx-push-url"] = f"/shots?{found.filters.address}".rstrip("?")
    return answer


def _choices(house: House, filters: Filters) -> dict[str, list[str]]:
    """What each filter can be."""
    strata = house.view.ask(_STRATA)
    return {
        "light": list(LIGHTS), "decision": list(DECISIONS), 
        "sort": [name for name in SORTS if name != "drawn" or filters.sample],
        "metric": list(METRIC_NAMES), "verdict": ["flag", "look", "ok", "not measurable"],
        "stratum": [f"{row['variable']}:{row['stratum']}" for row in strata],
        "model": [row["model"] for row in house.view.ask(_MODELS)],
    }  # fmt: skip
