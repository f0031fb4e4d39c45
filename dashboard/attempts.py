"""How often signing in may fail: 5 times in 5 minutes for a name, 30 for an address.

A name that is being guessed waits; others of the same address do not until that is too much. An
attempt counts as a failure from its beginning, so that many at once are not more than one by one.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 300.0
OF_NAME = 5
OF_ADDRESS = 30
MOST_KEPT = 10_000

Key = tuple[str, str]


class Attempts:
    """Failures that are not yet forgotten, and attempts that may become some.

    Args:
        now: seconds of a clock that does not go back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._failures: dict[Key, deque[float]] = {}

    def begin(self, name: str, address: str) -> int:
        """Begin an attempt, which counts as failed until it is known to have succeeded.

        Returns:
            How long to wait before another attempt, in seconds; 0 when this one is allowed.
        """
        now, keys = self._now(), _keys(name, address)
        with self._lock:
            wait = max(self._wait(key, most, now) for key, most in keys.items())
            if not wait:
                self._make_room(now)
                for key in keys:
                    self._failures.setdefault(key, deque(maxlen=OF_ADDRESS)).append(now)
        return wait

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name; those of the address before this attempt stay."""
        self.take_back(name, address)
        with self._lock:
            self._failures.pop(next(iter(_keys(name, address))), None)

    def take_back(self, name: str, address: str) -> None:
        """An attempt was no failure."""
        with self._lock:
            for key in _keys(name, address):
                if times := self._failures.get(key):
                    times.pop()

    def _wait(self, key: Key, most: int, now: float) -> int:
        times = [t for t in self._failures.get(key, ()) if now - t < WINDOW_SECONDS]
        if len(times) < most:
            return 0
        return max(1, int(times[-most] + WINDOW_SECONDS - now) + 1)

    def _make_room(self, now: float) -> None:
        """Forget what is over; where that is not enough, who came first."""
        if len(self._failures) <= MOST_KEPT:
            return
        fresh = {
            key: times
            for key, times in self._failures.items()
            if times and now - times[-1] < WINDOW_SECONDS
        }
        self._failures = dict(list(fresh.items())[-MOST_KEPT // 2 :])


def _keys(name: str, address: str) -> dict[Key, int]:
    """What an attempt counts for, the name first, and how many failures each may have."""
    return {("name", name.casefold()[:64]): OF_NAME, ("address", address): OF_ADDRESS}
