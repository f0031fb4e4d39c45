"""What an operator chooses when the dashboard is opened."""

import ipaddress
from dataclasses import dataclass

from catalogs.errors import StoreError

FIRST_PORT = 8420
PORTS_TRIED = 20


@dataclass(frozen=True)
class Settings:
    """How the dashboard listens, and for whom.

    Attributes:
        host: address to listen at.
        port: the first free from `FIRST_PORT` when None; 0 lets the system choose.
        person: name under which decisions are made where there are no accounts; empty for none.
        names: further host names under which people reach it, for instance of a proxy.
        is_encrypted: True when browsers speak TLS to it, itself or through a proxy.
        is_behind_proxy: True when a proxy in front of it says in X-Forwarded-For who asks.
        watch_seconds: how long an answer may lag behind the ledger.
        hour_price: what a worker hour costs, and in which currency.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    person: str = ""
    names: tuple[str, ...] = ()
    is_encrypted: bool = False
    is_behind_proxy: bool = False
    watch_seconds: float = 2.0
    hour_price: tuple[float, str] | None = None

    @property
    def is_local(self) -> bool:
        """True when only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_for_others(self) -> bool:
        """True when others than this machine's own people may reach it, a proxy's for instance."""
        return not self.is_local or self.is_encrypted or self.is_behind_proxy or bool(self.names)

    @property
    def known_hosts(self) -> frozenset[str]:
        """What the header Host may name, without a port, in lower case.

        A page of another site whose name was made to point here (DNS rebinding) names another.
        """
        own = {"127.0.0.1", "localhost", "::1"} if self.is_local else {self.host.lower()}
        return frozenset(own | {name.lower() for name in self.names})


def check_access(settings: Settings, has_accounts: bool) -> None:
    """Refuse to be open to a network without knowing people.

    Raises:
        StoreError: says what to do.
    """
    if settings.is_for_others and not has_accounts:
        what = settings.host if not settings.is_local else "a dashboard with TLS or another name"
        raise StoreError(
            f"{what} can be reached from other machines, and this store has no accounts; make one "
            "with `wetgate review accounts add NAME --role admin`, or leave "
            "--host, --name, --certificate and --behind-tls out"
        )
    if has_accounts and settings.person:
        raise StoreError("this store has accounts: people sign in; leave --as out")
