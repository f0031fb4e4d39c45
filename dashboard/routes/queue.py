"""What is to be looked at: the riskiest shots, and a random sample that nobody chose."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from catalogs.decisions.sample import SHARE, seed_of
from dashboard.house import house_of
from dashboard.lists import night_sample, page_of
from dashboard.pages import page
from dashboard.shot_filters import Filters
from dashboard.visitor import Looking

router = APIRouter()

SHOWN = 20

_NIGHTS_WITH_SHOTS = """
SELECT batch_id FROM batch SEMI JOIN computed USING (batch_id)
GROUP BY batch_id ORDER BY min(recorded_at) DESC LIMIT 60
"""


@router.get("/queue")
def queue(request: Request, visitor: Looking, night: str = "") -> Response:
    """Both lists of a night; of the last that restored a shot when none is named."""
    house = house_of(request)
    nights = [row["batch_id"] for row in house.view.ask(_NIGHTS_WITH_SHOTS)]
    if night and night not in nights:
        raise HTTPException(404)
    chosen = night or (nights[0] if nights else "")
    risk, sample = Filters(batch=chosen), Filters(sample=chosen, sort="drawn" if chosen else "risk")
    pages = {
        "risk": page_of(house, risk.but(decision="open"), SHOWN),
        "sample": page_of(house, sample.but(decision="open"), SHOWN),
    }
    totals = {"risk": page_of(house, risk, 1).total, "sample": page_of(house, sample, 1).total}
    return page(
        request, visitor, "queue.html", night=chosen, nights=nights, pages=pages, totals=totals,
        share=SHARE, seed=seed_of(chosen), drawn=len(night_sample(house, chosen)) if chosen else 0,
    )  # fmt: skip
