"""Whether a night is to end, for whoever waits beside its loop."""

import threading
from collections.abc import Callable, Sequence

from flows.window.gate import Gate
from flows.window.look import Look


class Stop:
    """A signal asks the night to end, or one of its gates stops it.

    Gates belong to the thread that this is made on: it asks them, at most once a second, and
    other threads are told what it found last.

    Args:
        signalled: whether a signal asked for it.
        gates: of the night.
    """

    def __init__(self, signalled: Callable[[], bool], gates: Sequence[Gate] = ()) -> None:
        self._signalled = signalled
        self._look = Look(lambda: any(gate.stops(()) for gate in gates), False)
        self._own = threading.get_ident()
        self._found = False

    def __call__(self) -> bool:
        """Whether it is to end."""
        if threading.get_ident() == self._own:
            self._found = self._look()
        return self._signalled() or self._found
