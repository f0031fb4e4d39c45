"""What every page has at hand."""

from dataclasses import dataclass

from fastapi import Request

from catalogs.store import Store
from dashboard.accounts import Accounts
from dashboard.assets import Assets
from dashboard.attempts import Attempts
from dashboard.ledger_view import LedgerView
from dashboard.sessions import Sessions
from dashboard.settings import Settings


@dataclass(frozen=True)
class House:
    """One open dashboard."""

    store: Store
    settings: Settings
    view: LedgerView
    accounts: Accounts
    sessions: Sessions
    attempts: Attempts
    assets: Assets


def house_of(request: Request) -> House:
    """The dashboard that a request is to."""
    house: House = request.app.state.house
    return house
