"""A night heeds what is done to its flow run in Prefect: paused, resumed, suspended, cancelled.

Prefect keeps no task of ours from running: their states are made here. So the state of the flow
run is asked for every few seconds, on a thread of its own. Prefect is a view: where it does not
answer for a while, the night goes on.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from prefect import get_client
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.settings import PREFECT_API_URL, temporary_settings

from catalogs.controls import EVENT
from flows.night.order import Order
from flows.window.gate import Begun, Gate

_LOOK_SECONDS = 3.0
_PATIENCE = 20  # questions without an answer, a minute, until a pause no longer holds


class PrefectRun(Gate):
    """What the flow run's state asks of the night.

    A run that is paused in place ("Paused") waits until it is resumed. One that is suspended, as
    by the button "Pause" of Prefect's pages, ends as if drained, and is begun anew when it is
    resumed there. One that is cancelled ends as if drained.
    """

    def __init__(self, order: Order, tell: Callable[[str], None]) -> None:
        self._order = order
        self._tell = tell
        self._said = ""
        self.word = ""  # "", "paused", "suspended" or "cancelled"; written by the thread

    def stops(self, running: Sequence[Begun]) -> bool:
        """Whether the flow run was suspended or cancelled."""
        self._heed()
        return self.word in ("suspended", "cancelled")

    def pauses(self) -> bool:
        """Whether the flow run is paused in place."""
        self._heed()
        return self.word == "paused"

    def _heed(self) -> None:
        if (word := self.word) != self._said:
            self._said = word
            said = f"the flow run was {word} in Prefect" if word else "the flow run goes on"
            self._order.record(EVENT, self._order.batch_id, "success", said, agent="Prefect")
            self._tell(said)


def word_of(state: State | None) -> str:
    """What a flow run's state asks of a night."""
    if state is None:
        return ""
    if state.is_paused():
        return "suspended" if state.state_details.pause_reschedule else "paused"
    return "cancelled" if state.is_cancelling() or state.is_cancelled() else ""


@contextmanager
def watching(gate: PrefectRun) -> Iterator[None]:
    """Ask Prefect for the state of the flow run that this is called in, if there is one."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        yield
        return
    over, address = threading.Event(), PREFECT_API_URL.value()
    asked = (gate, context.flow_run.id, over, address)
    thread = threading.Thread(target=_watch, args=asked, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_LOOK_SECONDS)


def _watch(gate: PrefectRun, flow_run_id: UUID, over: threading.Event, address: str | None) -> None:
    silent = 0
    while not over.wait(_LOOK_SECONDS):
        try:
            # Settings are those of a thread: without its address Prefect would start a server.
            with (
                temporary_settings({PREFECT_API_URL: address}),
                get_client(sync_client=True) as client,
            ):
                gate.word = word_of(client.read_flow_run(flow_run_id).state)
            silent = 0
        except Exception:  # whatever a server raises that is away
            silent += 1
            if silent >= _PATIENCE and gate.word == "paused":
                gate.word = ""
