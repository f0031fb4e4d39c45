"""Compare: what one night or treatment made better and worse than another."""

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from catalogs.errors import StoreError
from catalogs.store import Store
from dashboard.house import House, house_of
from dashboard.pages import page
from dashboard.visitor import Looking

if TYPE_CHECKING:
    from tasks.compare.treatments import Compared

router = APIRouter()

MOST_WORSE = 100
_KEPT = 16

_NIGHTS = """
SELECT batch_id, arg_max(recipe, recorded_at) AS recipe, min(recorded_at) AS started
FROM batch SEMI JOIN computed USING (batch_id) GROUP BY batch_id ORDER BY started DESC LIMIT 60
"""
_TREATMENTS = """
SELECT c.treatment_id, any_value(t.recipe) AS recipe, any_value(t.models) AS models,
    count(DISTINCT c.name) AS shots
FROM computed c LEFT JOIN treatment t USING (treatment_id)
GROUP BY c.treatment_id ORDER BY shots DESC LIMIT 60
"""


@router.get("/compare")
async def compare(request: Request, visitor: Looking, a: str = "", b: str = "") -> Response:
    """The choice; the comparison when both sides are named."""
    house = house_of(request)
    sides = await run_in_threadpool(_sides, house)
    known = {name for name, _ in sides}
    found, problem = None, ""
    if a and b:
        if {a, b} <= known:
            found, problem = await _compared(house, a, b)
        else:
            problem = "Choose both sides from the list."
    return await run_in_threadpool(
        page, request, visitor, "compare.html", sides=sides, a=a[:120], b=b[:120], found=found,
        problem=problem, most_worse=MOST_WORSE,
    )  # fmt: skip


def _sides(house: House) -> list[tuple[str, str]]:
    """(name, words) of each night and treatment."""
    nights = [
        (row["batch_id"], f"night {row['batch_id']}: {row['recipe']}")
        for row in house.view.ask(_NIGHTS)
    ]
    treatments = [
        (row["treatment_id"], f"{row['recipe'] or 'treatment'} {row['treatment_id'][:12]}"
         + (f", {', '.join(sorted(row['models']))}" if row["models"] else "")
         + f" ({row['shots']:,} shots)")
        for row in house.view.ask(_TREATMENTS)
    ]  # fmt: skip
    return nights + treatments


async def _compared(house: House, a: str, b: str) -> tuple["Compared | None", str]:
    """In a turn of its own; who asks for the same meanwhile waits for the same."""
    query = "SELECT max(shot_id) AS newest, count(*) AS n FROM shot"
    state = str(await run_in_threadpool(house.view.one, query))
    work = partial(_compare, house.store, a, b, state)
    try:
        return await house.comparing.run(work, key=(a, b, state)), ""
    except StoreError as error:
        return None, str(error)


@lru_cache(_KEPT)
def _compare(store: Store, a: str, b: str, state: str) -> "Compared":
    """Kept until what stands changes (`state`): it resamples, which takes seconds."""
    from tasks.compare.paired import compare_sides, differing, find_side
    from tasks.measure import shipped_calibration

    ledger = store.ledger()
    sides = differing(find_side(ledger, a), find_side(ledger, b))
    return compare_sides(ledger, sides, shipped_calibration())
