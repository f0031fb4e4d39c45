"""Who asks, and what they may do."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qs, urlencode

from fastapi import Depends, Request

from dashboard.accounts import Role
from dashboard.house import House, house_of

COOKIE = "wetgate"
MOST_FIELDS = 200


class MustSignIn(Exception):
    """The page is for people who are signed in."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


class NotAllowed(Exception):
    """The person may not do this; says why."""


@dataclass(frozen=True)
class Visitor:
    """Somebody with a browser.

    Attributes:
        name: empty for nobody in particular.
        role: None for one who is not signed in.
        token: of the cookie; a new one where the browser had none.
        is_new: True when the browser must be given the token.
    """

    name: str
    role: Role | None
    token: str
    is_new: bool = False

    @property
    def may_decide(self) -> bool:
        """Whether decisions are taken from them."""
        return bool(self.name) and self.role in ("reviewer", "admin")

    @property
    def may_reopen(self) -> bool:
        """Whether a locked reel is opened again for them."""
        return bool(self.name) and self.role == "admin"


def cookie_name(house: House) -> str:
    """With TLS the browser itself holds the cookie to this host and path."""
    return f"__Host-{COOKIE}" if house.settings.is_encrypted else COOKIE


def address_of(request: Request) -> str:
    """Where a request comes from: behind a proxy what the proxy added last to X-Forwarded-For.

    Whatever stands before that was said by the browser, and may be invented.
    """
    socket = request.client.host if request.client else ""
    if not house_of(request).settings.is_behind_proxy:
        return socket
    said = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    return said[:64] or socket


def visitor_of(request: Request) -> Visitor:
    """Who a request comes from."""
    house = house_of(request)
    token = request.cookies.get(cookie_name(house), "")
    is_new = not 20 <= len(token) <= 100
    token = house.sessions.token() if is_new else token
    if not house.accounts.all():
        if house.settings.is_for_others:  # the last account was removed while it was open
            return Visitor("", None, token, is_new)
        person = house.settings.person
        return Visitor(person, "admin" if person else "viewer", token, is_new)
    session = house.sessions.find(token)
    account = house.accounts.find(session.name) if session else None
    if session is None or account is None or account.password != session.password:
        return Visitor("", None, token, is_new)
    return Visitor(account.name, account.role, token)


def looking(request: Request) -> Visitor:
    """A visitor who may look.

    Raises:
        MustSignIn: they are not signed in.
    """
    visitor = visitor_of(request)
    if visitor.role is None:
        query = f"?{request.url.query}" if request.url.query else ""
        raise MustSignIn("/login?" + urlencode({"then": request.url.path + query}))
    return visitor


async def form_of(request: Request) -> dict[str, list[str]]:
    """The fields of a form, after its proof was checked.

    Raises:
        NotAllowed: it is not from a page that this visitor was given.
    """
    body = (await request.body()).decode("utf-8", "replace")
    try:
        fields = parse_qs(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise NotAllowed("This form has too many fields.") from error
    claimed = request.headers.get("x-csrf-token") or next(iter(fields.get("csrf", [])), "")
    house = house_of(request)
    token = request.cookies.get(cookie_name(house), "")
    if not house.sessions.proves(token, claimed):
        raise NotAllowed(
            "This form is from before the last sign-in or restart; load its page again."
        )
    return fields


Looking = Annotated[Visitor, Depends(looking)]
Form = Annotated[dict[str, list[str]], Depends(form_of)]


def first(fields: dict[str, list[str]], name: str) -> str:
    """A field's first value; empty where there is none."""
    return next(iter(fields.get(name, [])), "")
