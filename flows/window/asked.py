"""A night heeds what people ask of it from another terminal: to pause, to go on, to end."""

from collections.abc import Callable, Sequence

from catalogs.asked import Asked
from catalogs.controls import EVENT
from flows.night.order import Order
from flows.window.gate import Begun, Gate
from flows.window.look import Look


class AskedByPeople(Gate):
    """Looks at the store's controls every second.

    Args:
        order: of the night.
        tell: told in words when something begins or ceases to hold.
    """

    def __init__(self, order: Order, tell: Callable[[str], None]) -> None:
        self._order = order
        self._tell = tell
        self._paused: Look[Asked | None] = Look(lambda: order.store.controls.paused, None)
        self._draining: Look[Asked | None] = Look(self._drained, None)
        self._said = ""

    def stops(self, running: Sequence[Begun]) -> bool:
        """Whether somebody asked this night to end."""
        self._heed()
        return self._draining() is not None

    def pauses(self) -> bool:
        """Whether somebody paused the nights of the store."""
        self._heed()
        return self._paused() is not None

    def _drained(self) -> Asked | None:
        drain = self._order.store.controls.draining
        if drain is None or drain.batch_id != self._order.batch_id:
            return None  # it was of a night that is over
        return drain.asked

    def _heed(self) -> None:
        said = in_words(self._draining(), self._paused())
        if said != self._said:
            self._said = said
            said = said or "goes on"
            detail = f"the night takes heed: {said}"
            self._order.record(EVENT, self._order.batch_id, "success", detail)
            self._tell(said)


def in_words(draining: Asked | None, paused: Asked | None) -> str:
    """What is asked of nights; "" where nothing is."""
    asked = (("draining", draining), ("paused", paused))
    return "; ".join(f"{word} {one}" for word, one in asked if one)
