"""A window that slides over a stream: what a streaming detector may look at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class View(Generic[T]):
    """Consecutive items around one of them.

    Attributes:
        index: position of the item looked at, counted from the start of the stream.
        first: position of `items[0]`.
        items: the item and its neighbours; fewer at the ends of the stream.
    """

    index: int
    first: int
    items: tuple[T, ...]

    @property
    def stop(self) -> int:
        """One past the position of the last item in view."""
        return self.first + len(self.items)

    @property
    def here(self) -> T:
        """The item looked at."""
        return self.items[self.index - self.first]

    def holds(self, position: int) -> bool:
        """True where the position is in view."""
        return self.first <= position < self.stop

    def at(self, position: int) -> T:
        """The item at a position of the stream; positions out of view give the nearest."""
        return self.items[min(max(position, self.first), self.stop - 1) - self.first]


def slide(stream: Iterable[T], behind: int, ahead: int) -> Iterator[View[T]]:
    """Look at every item in turn, holding at most `behind + 1 + ahead` of them."""
    source = iter(stream)
    held: deque[T] = deque(islice(source, ahead + 1))
    index = first = 0
    while index < first + len(held):
        yield View(index, first, tuple(held))
        held.extend(islice(source, 1))
        index += 1
        if index - first > behind:
            held.popleft()
            first += 1
