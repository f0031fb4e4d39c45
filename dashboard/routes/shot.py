"""One shot: its picture before and after, what was measured, what was done, what was decided."""

from collections.abc import Iterable, Sequence

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from catalogs.decisions.codes import CODES
from catalogs.decisions.decision import Decision
from dashboard.house import House, house_of
from dashboard.ledger_view import Row
from dashboard.lists import asked_filters, place_of
from dashboard.outcomes import outcomes_of
from dashboard.pages import page
from dashboard.shot_facts import parameters_text, shot_facts
from dashboard.shot_filters import FROM, SHOT_COLUMNS
from dashboard.visitor import Looking, Visitor

router = APIRouter()

_SHOT = f"SELECT {SHOT_COLUMNS} {FROM} WHERE s.reel_id = $1 AND s.start_frame = $2"
_STRATA = "SELECT variable, stratum FROM stratum WHERE shot_id = $1 ORDER BY ALL"
_EVENTS = """
SELECT * FROM event WHERE object IN ($1, $2) OR starts_with(object, $1)
ORDER BY recorded_at DESC LIMIT 50
"""
MOST_DIGITS = 9


@router.get("/reels/{reel_id}/shots/{start_frame}")
def shot(request: Request, visitor: Looking, reel_id: str, start_frame: str) -> Response:
    """A shot by its reel and first frame, in the list that the address asks for."""
    found = find_shot(house_of(request), reel_id, start_frame)
    return shot_page(request, visitor, found)


def find_shot(house: House, reel_id: str, start_frame: str) -> Row:
    """The shot that stands there.

    Raises:
        HTTPException: 404, there is none.
    """
    is_frame = start_frame.isascii() and start_frame.isdigit() and len(start_frame) <= MOST_DIGITS
    found = house.view.one(_SHOT, [reel_id, int(start_frame)]) if is_frame else None
    if found is None:
        raise HTTPException(404)
    return found


def shot_page(
    request: Request, visitor: Visitor, found: Row, status: int = 200, problem: str = "",
    form: dict[str, list[str]] | None = None,
) -> Response:  # fmt: skip
    """The page of a shot; with a form that could not be taken, and why."""
    house, filters = house_of(request), asked_filters(request)
    known = house.view.decisions.known()
    history = [
        d for d in reversed(known)
        if (d.reel_id, d.start_frame, d.stop_frame)
        == (found["reel_id"], found["start_frame"], found["stop_frame"])
    ]  # fmt: skip
    locked = [d for d in reversed(known)
              if d.reel_id == found["reel_id"] and d.verb in ("lock", "reopen")]  # fmt: skip
    return page(
        request, visitor, "shot.html", status,
        shot=found, facts=shot_facts(house, found), filters=filters,
        place=place_of(house, filters, int(found["shot_id"])), history=history,
        is_locked=bool(locked) and locked[0].verb == "lock",
        strata=house.view.ask(_STRATA, [found["shot_id"]]),
        events=house.view.ask(_EVENTS, [found["name"], found["key"]]),
        codes=_codes(found), recipes=sorted(house.store.recipes), models=models_of(house),
        parameters_text=parameters_text, problem=problem, form=form or {},
        outcomes=outcomes_of(house.view, history), done=_done(request, visitor, known, history),
    )  # fmt: skip


def done_of(request: Request, decisions: Iterable[Decision]) -> Decision | None:
    """The decision that the address says was recorded just now, if it is one of these."""
    said = request.query_params.get("done", "")
    return next((one for one in decisions if str(one.sequence) == said), None)


def _done(
    request: Request, visitor: Visitor, known: Sequence[Decision], history: Sequence[Decision]
) -> Decision | None:
    """Of this shot; or the visitor's last, of the shot before in the list."""
    own = [one for one in known if one.person == visitor.name and not one.is_of_reel]
    return done_of(request, [*history, *own[-1:]])


def _codes(found: Row) -> dict[str, list[tuple[str, str, str, bool]]]:
    """(code, name, meaning, whether a metric that flags this shot sees the same) by category."""
    flagged = set(found["flagged"]) | set(found["looked"])
    groups: dict[str, list[tuple[str, str, str, bool]]] = {}
    for code in CODES.values():
        is_near = bool(flagged & set(code.metrics))
        groups.setdefault(code.category, []).append((code.code, code.name, code.means, is_near))
    return groups


def models_of(house: House) -> list[str]:
    """Registered model versions that a redo may name."""
    return sorted(f"{v.name}@{v.version}" for v in house.store.shelf.versions())
