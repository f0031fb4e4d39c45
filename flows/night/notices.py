"""Notices of a night, sent where people asked for them; a night never depends on one.

Addresses are Apprise's (https://github.com/caronc/apprise): a JSON POST is `jsons://host/path`, an
e-mail `mailtos://user:password@host?to=name@example.org`. They hold secrets: they come from the
environment or a file of the store, and stand in no record and in no message.
"""

import os
import threading
import time
from collections.abc import Iterator
from typing import Literal

from catalogs.store import Store
from flows.night.order import Order

VARIABLE = "WETGATE_NOTIFY"
FILE = "notify.txt"
EVENT = "notification"
MOST_SECONDS = 30.0  # for all of them together

Kind = Literal["success", "warning", "failure"]


class Notices:
    """Sends notices side by side, and records which failed.

    Args:
        order: of the night.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._sending: list[_Sending] = []

    def soon(self, title: str, body: str, kind: Kind) -> None:
        """Begin to send a notice to all addresses; returns at once."""
        try:
            written = list(addresses(self._order.store))
        except (OSError, UnicodeDecodeError) as error:
            self._record(f"{FILE} cannot be read ({type(error).__name__}); nobody was told", False)
            return
        for number, address in enumerate(written, start=1):
            sending = _Sending(number, address, title, body, kind)
            sending.start()
            self._sending.append(sending)

    def finish(self) -> None:
        """Wait for what is being sent, not long, and record what became of it."""
        deadline = time.monotonic() + MOST_SECONDS
        for sending in self._sending:
            sending.join(max(deadline - time.monotonic(), 0.0))
            if sending.is_alive():
                self._record(f"{sending.subject}: no answer within {MOST_SECONDS:.0f} s", False)
            else:
                self._record(f"{sending.subject}: {sending.said}", sending.sent)
        self._sending = []

    def _record(self, detail: str, sent: bool) -> None:
        outcome = "success" if sent else "failure"
        self._order.record(EVENT, self._order.batch_id, outcome, detail)


class _Sending(threading.Thread):
    """One notice on its way; a daemon, so that one that hangs keeps no process."""

    def __init__(self, number: int, address: str, title: str, body: str, kind: Kind) -> None:
        super().__init__(daemon=True)
        from apprise import Apprise  # takes a second, and is rarely asked for

        self._service = Apprise()
        self._title, self._body, self._kind = title, body, kind
        self._is_known = bool(self._service.add(address))
        name = f" ({self._service[0].service_name})" if self._is_known else ""
        self.subject = f"notice {number}{name}"
        self.sent = False
        self.said = "its address is none that Apprise knows; correct it"

    def run(self) -> None:
        """Send it; what goes wrong is said without the address, which holds secrets."""
        if not self._is_known:
            return
        try:
            self.sent = bool(self._service.notify(self._body, self._title, self._kind))
            self.said = "sent" if self.sent else "its server did not take it"
        except Exception as error:
            self.said = f"it could not be sent ({type(error).__name__})"


def addresses(store: Store) -> Iterator[str]:
    """Where notices go: of the environment, else of the store's file; none where there is none."""
    if (written := os.environ.get(VARIABLE)) is None:
        file = store.root / FILE
        written = file.read_text(encoding="utf-8") if file.exists() else ""
    for line in written.splitlines():
        if (address := line.strip()) and not address.startswith("#"):
            yield address
