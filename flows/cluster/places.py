"""Places of a cluster: no more work is handed out than its workers can begin at this moment.

A worker that died is away until its successor has started. Work that is handed out meanwhile
would wait behind other work at a worker that lives, and be blamed if that one dies as well.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_SECONDS = 600.0  # a machine at its limit took more than one minute to start a worker
_LOOK_SECONDS = 0.5


class ClusterLostError(Exception):
    """The scheduler or its workers went away for good: no work can be done any more."""


class Places:
    """Counts what is in flight.

    Args:
        count: how many pieces of work the living workers can do at once; asked again and again.
        patience_seconds: how long there may be none at all.
        stop: whether to wait no more, while there is none.
    """

    def __init__(
        self,
        count: Callable[[], int],
        patience_seconds: float = PATIENCE_SECONDS,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._count = count
        self._patience_seconds = patience_seconds
        self._stop = stop
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a place, and have it.

        Raises:
            ClusterLostError: there was no worker for too long.
        """
        self._take()
        try:
            yield
        finally:
            with self._changed:
                self._taken -= 1
                self._changed.notify()

    def _take(self) -> None:
        last_seen = time.monotonic()
        with self._changed:
            while self._taken >= (places := self._count()):
                if places:
                    last_seen = time.monotonic()
                elif time.monotonic() - last_seen > self._patience_seconds:
                    raise ClusterLostError(
                        f"no worker has come for {self._patience_seconds:.0f} seconds; look at "
                        "the machine's load and memory"
                    )
                elif self._stop():
                    raise ClusterLostError("no worker was there, and the night was to stop")
                self._changed.wait(_LOOK_SECONDS)
            self._taken += 1
