"""Stages of a shot that go on beside each other: decoding, steps, encoding.

    with closing(read_ahead(decoded)) as frames, written_behind(write) as hand_over:
        for frame in frames:                     # the next ones are decoded meanwhile
            hand_over(restored(frame))           # the ones before are encoded meanwhile

Each has one thread of its own and holds `UNDER_WAY` items at most, so that the slowest stage
decides the speed and memory stays bounded. Order is kept. What a stage raises is raised where the
caller meets it: at the item that could not be read, at a later `hand_over` or on leaving. When the
block is left, for whatever reason, both threads have ended and `decoded` is closed.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any, TypeVar

UNDER_WAY = 3  # items; one would do if every frame took the same time

T = TypeVar("T")


def read_ahead(items: Generator[T, None, None], most: int = UNDER_WAY) -> Generator[T, None, None]:
    """The same items in order, the next ones made in a thread while the caller is at work.

    Args:
        items: what is read; closed at the end, in whatever way that comes.
        most: how many are made before they are asked for.
    """
    end = object()
    with closing(items), ThreadPoolExecutor(1, "read-ahead") as thread:
        try:
            waiting = deque(thread.submit(next, items, end) for _ in range(most))
            while (item := waiting.popleft().result()) is not end:
                waiting.append(thread.submit(next, items, end))
                yield item  # type: ignore[misc]  # mypy takes it for the end as well
        finally:
            thread.shutdown(cancel_futures=True)


@contextmanager
def written_behind(
    write: Callable[..., None], most: int = UNDER_WAY
) -> Iterator[Callable[..., None]]:
    """What takes work for `write` and does it in a thread, in order.

    Args:
        write: called with what is handed over; after it failed, what it raised is raised by the
            next call that has to wait for it, at the latest on leaving.
        most: how many may wait to be written before handing over waits for one.

    When the block is left by an exception, what waits is not written any more.
    """
    with ThreadPoolExecutor(1, "write-behind") as thread:
        waiting: deque[Future[None]] = deque()

        def hand_over(*arguments: Any) -> None:
            if len(waiting) >= most:
                waiting.popleft().result()
            waiting.append(thread.submit(write, *arguments))

        try:
            yield hand_over
            while waiting:
                waiting.popleft().result()
        finally:
            thread.shutdown(cancel_futures=True)
