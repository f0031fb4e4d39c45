"""Heavy work in threads of its own: so many at once, so many waiting, and further ones turned away.

The pages' own threads never wait for it, so a page answers however much of it is asked for.
"""

import asyncio
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.exceptions import HTTPException

RETRY_SECONDS = 2

T = TypeVar("T")


class Busy(HTTPException):
    """More are waiting than can be served soon."""

    def __init__(self) -> None:
        super().__init__(
            503, "Too much is asked of this server at once; ask again in a moment.",
            {"Retry-After": str(RETRY_SECONDS)},
        )  # fmt: skip


class Turns:
    """A short queue in front of a few threads.

    Args:
        at_once: how many work at the same time.
        waiting: how many may wait besides.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(at_once)
        self._most = at_once + waiting
        self._lock = threading.Lock()
        self._taken = 0
        self._shared: dict[Hashable, Future[Any]] = {}

    async def run(self, work: Callable[[], T], key: Hashable = None) -> T:
        """The result of some work, when its turn came.

        Args:
            work: what is done, in a thread.
            key: names it; who asks for the same while it is under way gets the same result.

        Raises:
            Busy: too many wait already.
            Exception: as the work does.
        """
        found: T = await asyncio.shield(asyncio.wrap_future(self._begun(work, key)))
        return found

    def _begun(self, work: Callable[[], T], key: Hashable) -> Future[T]:
        with self._lock:
            if key is not None and key in self._shared:
                return self._shared[key]
            if self._taken >= self._most:
                raise Busy
            self._taken += 1
            future = self._threads.submit(work)
            if key is not None:
                self._shared[key] = future
        future.add_done_callback(lambda _: self._leave(key))
        return future

    def _leave(self, key: Hashable) -> None:
        with self._lock:
            self._taken -= 1
            if key is not None:
                self._shared.pop(key, None)
