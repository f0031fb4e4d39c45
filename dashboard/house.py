"""What every page has at hand."""

from dataclasses import dataclass, field

from fastapi import Request

from catalogs.store import Store
from dashboard.accounts import Accounts
from dashboard.assets import Assets
from dashboard.attempts import Attempts
from dashboard.ledger_view import LedgerView
from dashboard.sessions import Sessions
from dashboard.settings import Settings
from dashboard.turns import Turns


@dataclass(frozen=True)
class House:
    """One open dashboard.

    Attributes:
        verifying: passwords, each of which takes much memory.
        comparing: nights and treatments, which takes seconds.
    """

    store: Store
    settings: Settings
    view: LedgerView
    accounts: Accounts
    sessions: Sessions
    attempts: Attempts
    assets: Assets
    verifying: Turns = field(default_factory=lambda: Turns(at_once=2, waiting=8))
    comparing: Turns = field(default_factory=lambda: Turns(at_once=1, waiting=4))


def house_of(request: Request) -> House:
    """The dashboard that a request is to."""
    house: House = request.app.state.house
    return house
