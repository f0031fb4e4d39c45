"""Decisions: taken down durably before they are answered."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from catalogs.decisions.decision import OF_REELS, VERBS, Decision, Draft
from catalogs.errors import DecisionError
from dashboard.house import House, house_of
from dashboard.ledger_view import Row
from dashboard.lists import asked_filters, place_of
from dashboard.routes.reels import find_reel, reel_page
from dashboard.routes.shot import MOST_DIGITS, find_shot, models_of, shot_page
from dashboard.visitor import Form, Looking, NotAllowed, Visitor, first
from tasks.decisions.decide import decide

router = APIRouter()


@router.post("/reels/{reel_id}/shots/{start_frame}/decide")
async def of_shot(
    request: Request, visitor: Looking, fields: Form, reel_id: str, start_frame: str
) -> Response:
    """Decide of a shot, then go on in the list."""
    return await run_in_threadpool(_of_shot, request, visitor, fields, (reel_id, start_frame))


@router.post("/reels/{reel_id}/decide")
async def of_reel(request: Request, visitor: Looking, fields: Form, reel_id: str) -> Response:
    """Sign off, lock, reopen or question a reel."""
    return await run_in_threadpool(_of_reel, request, visitor, fields, reel_id)


def _of_shot(
    request: Request, visitor: Visitor, fields: dict[str, list[str]], place: tuple[str, str]
) -> Response:
    house, filters = house_of(request), asked_filters(request)
    _check_may_decide(visitor)
    found = find_shot(house, *place)
    after = place_of(house, filters, int(found["shot_id"])).after
    try:
        taken = _take(house, _shot_draft(house, visitor, found, fields))
    except DecisionError as error:
        return shot_page(request, visitor, found, 409, str(error), fields)
    goes_on = first(fields, "go_on") == "1" and after is not None
    to = after if goes_on and after else found
    query = "&".join(filter(None, (filters.address, urlencode({"done": taken.sequence}))))
    return RedirectResponse(f"/reels/{to['reel_id']}/shots/{to['start_frame']}?{query}", 303)


def _shot_draft(house: House, visitor: Visitor, found: Row, fields: dict[str, list[str]]) -> Draft:
    verb, recipe = first(fields, "verb"), first(fields, "recipe")
    if verb not in VERBS or verb in OF_REELS:
        raise DecisionError("choose a decision: accept, keep original, redo or question")
    if recipe and recipe not in house.store.recipes:
        raise DecisionError(f"no recipe {recipe[:40]!r}; choose one of the list")
    redo, model = verb == "redo", first(fields, "model")
    if redo and model and model not in models_of(house):
        raise DecisionError(f"no model {model[:60]!r} is on the shelf; choose one of the list")
    return Draft(
        person=visitor.name, verb=verb, reel_id=str(found["reel_id"]),  # type: ignore[arg-type]
        start_frame=int(found["start_frame"]), stop_frame=int(found["stop_frame"]),
        treatment_id=str(found["treatment_id"]), output_sha256=first(fields, "output_sha256"),
        codes=tuple(dict.fromkeys(fields.get("codes", ()))),
        comment=first(fields, "comment").replace("\r\n", "\n").strip(),
        frame=_frame(first(fields, "frame"), found), recipe=recipe if redo else "",
        model=model if redo else "", batch_id=str(found["batch_id"] or ""),
    )  # fmt: skip


def _frame(text: str, found: Row) -> int | None:
    """The frame of the reel that a frame of the shot is."""
    text = text.strip()
    if not text:
        return None
    is_frame = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    if not is_frame or int(text) >= int(found["frames"]):
        raise DecisionError(f"the shot has frames 0 to {int(found['frames']) - 1}")
    return int(found["start_frame"]) + int(text)


def _of_reel(
    request: Request, visitor: Visitor, fields: dict[str, list[str]], reel_id: str
) -> Response:
    house = house_of(request)
    _check_may_decide(visitor)
    row = find_reel(house, reel_id)
    verb: Any = first(fields, "verb")
    if verb == "reopen" and not visitor.may_reopen:
        raise NotAllowed("A locked reel is reopened by an admin.")
    comment = first(fields, "comment").replace("\r\n", "\n").strip()
    try:
        if verb not in (*OF_REELS, "question"):
            raise DecisionError("choose sign off, lock, reopen or question")
        draft = Draft(
            person=visitor.name, verb=verb, reel_id=reel_id,
            treatment_id=str(row["treatment_id"] or ""),
            output_sha256=first(fields, "output_sha256"), comment=comment,
            batch_id=str(row["batch_id"] or ""),
        )  # fmt: skip
        taken = _take(house, draft)
    except DecisionError as error:
        return reel_page(request, visitor, row, 409, str(error), comment)
    return RedirectResponse(f"/reels/{reel_id}?done={taken.sequence}#review", 303)


def _take(house: House, draft: Draft) -> Decision:
    """Take it down, then tell the view."""
    decision = decide(house.store, house.view.decisions.log, draft)
    house.view.tell_decisions()
    return decision


def _check_may_decide(visitor: Visitor) -> None:
    if not visitor.name:
        raise NotAllowed("Decisions need a name: open the dashboard with --as NAME.")
    if not visitor.may_decide:
        raise NotAllowed("A viewer looks; decisions are taken from reviewers.")
