"""The application: pages over the ledger and the store of one archive.

request -> guard -> page -> view of the ledger (DuckDB) -> template
"""

from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from catalogs.errors import WetgateError
from catalogs.store import Store
from dashboard.accounts import Accounts
from dashboard.assets import Assets
from dashboard.attempts import Attempts
from dashboard.guard import Guard
from dashboard.house import House
from dashboard.ledger_view import LedgerView
from dashboard.pages import page
from dashboard.pictures.routes import router_of
from dashboard.routes import ROUTERS
from dashboard.sessions import Sessions
from dashboard.settings import Settings, check_access
from dashboard.visitor import MustSignIn, NotAllowed, Visitor, looking, visitor_of

_SAID = {
    404: "There is no such page, reel or shot.",
    405: "This address is not asked for like this.",
    422: "This address does not hold together.",
}


def create_app(store: Store, settings: Settings) -> FastAPI:
    """Open the dashboard of a store.

    Raises:
        StoreError: it would be open to a network without accounts.
    """
    accounts = Accounts(store.root / "accounts.json")
    check_access(settings, bool(accounts.all()))
    view = LedgerView(store, settings.watch_seconds)
    view.refresh(at_once=True)
    app = FastAPI(title="Wetgate", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.house = House(
        store, settings, view, accounts, Sessions(), Attempts(), Assets.shipped()
    )
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(router_of(store, dependencies=[Depends(looking)]))
    app.add_exception_handler(MustSignIn, _sign_in)
    app.add_exception_handler(NotAllowed, _not_allowed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(WetgateError, _ours)
    app.add_middleware(Guard, hosts=settings.known_hosts)
    return app


def _sign_in(request: Request, error: Any) -> Response:
    if request.method == "POST" or "hx-request" in request.headers:
        return PlainTextResponse("Sign in first.\n", 401, {"HX-Redirect": error.address})
    return RedirectResponse(error.address, 303)


def _not_allowed(request: Request, error: Any) -> Response:
    return _problem(request, 403, str(error))


def _http(request: Request, error: Any) -> Response:
    why = _SAID.get(error.status_code, str(error.detail))
    answer = _problem(request, error.status_code, why)
    answer.headers.update(error.headers or {})
    return answer


def _ours(request: Request, error: Any) -> Response:
    return _problem(request, 500, str(error))


def _problem(request: Request, status: int, why: str) -> Response:
    visitor: Visitor = visitor_of(request)
    if visitor.role is None or "hx-request" in request.headers:
        return PlainTextResponse(why + "\n", status)
    return page(request, visitor, "problem.html", status, why=why)
