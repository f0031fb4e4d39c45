"""Pages from templates."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dashboard import words
from dashboard.house import house_of
from dashboard.visitor import Visitor, cookie_name

NAVIGATION = (
    ("n", "/", "Night"), ("u", "/queue", "Queue"), ("r", "/reels", "Reels"),
    ("s", "/shots", "Shots"), ("t", "/strata", "Strata"), ("c", "/compare", "Compare"),
    ("d", "/metrics", "Metrics"), ("a", "/audit", "Audit"),
)  # fmt: skip


def page(
    request: Request, visitor: Visitor, template: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page; with its cookie where the browser has none yet.

    Args:
        request: that is answered; one of htmx gets only the part that it swaps.
        visitor: who asks.
        template: name of the template.
        status: of HTTP.
        values: of the template.
    """
    house = house_of(request)
    html = _templates().get_template(template).render(
        values,
        request=request, visitor=visitor, proof=house.sessions.proof(visitor.token),
        asset=house.assets.address, has_asset=house.assets.has, navigation=NAVIGATION,
        has_accounts=bool(house.accounts.all()), log_problem=house.view.decisions.problem,
        partial="hx-request" in request.headers and "hx-boosted" not in request.headers,
    )  # fmt: skip
    answer = HTMLResponse(html, status, {"vary": "HX-Request"})
    if visitor.is_new:
        give_token(request, answer, visitor.token)
    return answer


def give_token(request: Request, answer: Any, token: str) -> None:
    """Set the visitor's cookie: this site only, out of reach of scripts, gone with the browser."""
    house = house_of(request)
    answer.set_cookie(
        cookie_name(house), token, httponly=True, samesite="strict", path="/",
        secure=house.settings.is_encrypted,
    )  # fmt: skip


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("dashboard"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(words.FILTERS)
    made.globals.update({"light_mark": light_mark, "now": lambda: datetime.now(UTC)})
    return made


_MARKS: Mapping[str, tuple[str, str]] = {
    "flag": ("▲", "flagged"), "look": ("◆", "worth a look"), "ok": ("●", "no flag"),
    "none": ("○", "not judged"), "kept": ("■", "original kept"),
}  # fmt: skip


def light_mark(light: str, said: bool = False) -> Markup:
    """The sign of a light: a form of its own for each, so that colour is never alone."""
    form, word = _MARKS[light]
    shown = Markup('<span class="said">{}</span>').format(word) if said else ""
    return Markup(
        '<span class="light {}"><span aria-hidden="true">{}</span>'
        '<span class="unseen">{}</span></span> {}'
    ).format(light, form, "" if said else word, shown)
