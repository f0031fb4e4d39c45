"""Signing in and out."""

from functools import partial
from typing import Annotated
from urllib.parse import unquote, urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from dashboard.house import house_of
from dashboard.pages import give_token, page
from dashboard.turns import Busy
from dashboard.visitor import Form, Visitor, address_of, cookie_name, first, visitor_of

router = APIRouter()

Anyone = Annotated[Visitor, Depends(visitor_of)]


@router.get("/login")
def ask(request: Request, visitor: Anyone, then: str = "/") -> Response:
    """The form."""
    if visitor.role is not None:
        return RedirectResponse(_own(then), 303)
    return page(request, visitor, "login.html", then=_own(then), problem="", name="")


@router.post("/login")
async def sign_in(request: Request, visitor: Anyone, fields: Form) -> Response:
    """Check name and password; the same words whatever is wrong."""
    house = house_of(request)
    name, then = first(fields, "name")[:64], _own(first(fields, "then"))
    address = address_of(request)
    if wait := house.attempts.begin(name, address):
        problem = f"Too many attempts. Try again in {wait} seconds."
        answer: Response = page(
            request, visitor, "login.html", 429, then=then, problem=problem, name=name
        )
        answer.headers["retry-after"] = str(wait)
        return answer
    try:
        account = await house.verifying.run(
            partial(house.accounts.check, name, first(fields, "password"))
        )
    except Busy:
        house.attempts.take_back(name, address)
        raise
    if account is None:
        problem = "Name or password is wrong."
        return page(request, visitor, "login.html", 401, then=then, problem=problem, name=name)
    house.attempts.succeeded(name, address)
    answer = RedirectResponse(then, 303)
    give_token(request, answer, house.sessions.begin(account))
    return answer


@router.post("/logout")
async def sign_out(request: Request, fields: Form) -> Response:
    """End the session."""
    house = house_of(request)
    house.sessions.end(request.cookies.get(cookie_name(house), ""))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_name(house), path="/")
    return answer


def _own(address: str) -> str:
    """An address of ours; the front page where it is none."""
    parts = urlsplit(address)
    plain = unquote(address)
    is_own = address.startswith("/") and not parts.scheme and not parts.netloc
    odd = "\\" in plain or plain.startswith("//") or any(ord(c) < 32 for c in plain)
    return address if is_own and not odd else "/"
