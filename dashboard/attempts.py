"""How often signing in may fail: 5 times in 5 minutes for a name, 30 for an address.

A name that is being guessed waits; others of the same address do not until that is too much.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 300.0
OF_NAME = 5
OF_ADDRESS = 30
MOST_KEPT = 10_000


class Attempts:
    """Failures that are not yet forgotten.

    Args:
        now: seconds of a clock that does not go back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._failures: dict[tuple[str, str], deque[float]] = {}

    def wait_seconds(self, name: str, address: str) -> int:
        """How long to wait before another attempt; 0 when one is allowed."""
        now = self._now()
        with self._lock:
            waits = [
                self._wait(("name", name.casefold()), OF_NAME, now),
                self._wait(("address", address), OF_ADDRESS, now),
            ]
        return max(waits)

    def failed(self, name: str, address: str) -> None:
        """Remember a failure."""
        now = self._now()
        with self._lock:
            if len(self._failures) > MOST_KEPT:
                self._forget(now)
            for key in (("name", name.casefold()[:64]), ("address", address)):
                self._failures.setdefault(key, deque(maxlen=OF_ADDRESS)).append(now)

    def succeeded(self, name: str) -> None:
        """Forget the failures of a name; those of the address stay."""
        with self._lock:
            self._failures.pop(("name", name.casefold()), None)

    def _wait(self, key: tuple[str, str], most: int, now: float) -> int:
        times = [t for t in self._failures.get(key, ()) if now - t < WINDOW_SECONDS]
        if len(times) < most:
            return 0
        return max(1, int(times[-most] + WINDOW_SECONDS - now) + 1)

    def _forget(self, now: float) -> None:
        self._failures = {
            key: times
            for key, times in self._failures.items()
            if times and now - times[-1] < WINDOW_SECONDS
        }
