"""A night heeds what people ask of it from another terminal: to pause, to go on, to end."""

from collections.abc import Callable, Sequence

from catalogs.controls import EVENT, NightControl
from flows.gate import Begun, Gate
from flows.look import Look
from flows.order import Order


class AskedByPeople(Gate):
    """Looks at the store's controls every second.

    Args:
        order: of the night.
        tell: told in words when something begins or ceases to hold.
    """

    def __init__(self, order: Order, tell: Callable[[str], None]) -> None:
        self._order = order
        self._tell = tell
        self._look: Look[NightControl | None] = Look(self._found, None)
        self._holds: NightControl | None = None

    def stops(self, running: Sequence[Begun]) -> bool:
        """Whether somebody asked this night to end."""
        holds = self._heed()
        return holds is not None and holds.word == "draining"

    def pauses(self) -> bool:
        """Whether somebody paused the nights of the store."""
        holds = self._heed()
        return holds is not None and holds.word == "paused"

    def _found(self) -> NightControl | None:
        asked = self._order.store.controls.night
        if asked and asked.word == "draining" and asked.batch_id != self._order.batch_id:
            return None  # it was of a night that is over
        return asked

    def _heed(self) -> NightControl | None:
        asked = self._look()
        if asked != self._holds:
            self._holds = asked
            said = f"{asked.word} {asked.asked}" if asked else "goes on"
            detail = f"the night takes heed: {said}"
            self._order.record(EVENT, self._order.batch_id, "success", detail)
            self._tell(said)
        return asked
