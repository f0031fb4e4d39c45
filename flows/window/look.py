"""A look at something that is asked about often, at most once a second or so."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from catalogs.errors import StoreError

LOOK_SECONDS = 1.0
Found = TypeVar("Found")


class Look(Generic[Found]):
    """Remembers what was found last; what cannot be read leaves it as it is.

    Args:
        find: reads the control.
        found: what holds until the first look.
        times: as many seconds between looks, where one is long.
    """

    def __init__(self, find: Callable[[], Found], found: Found, times: float = 1.0) -> None:
        self._find = find
        self._found = found
        self._times = times
        self._at = float("-inf")

    def __call__(self) -> Found:
        """What holds now."""
        now = time.monotonic()
        if now - self._at >= self._times * LOOK_SECONDS:
            self._at = now
            with suppress(StoreError):  # damaged by hand; `wetgate status` says so
                self._found = self._find()
            self._at = time.monotonic()  # a slow look is not repeated at once
        return self._found
