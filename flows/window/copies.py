"""Copies of sources on the store's disk: what they still take of it, and what they must leave."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from catalogs.origin import RemoteRoot
from flows.night.order import Order
from flows.window.look import Look
from tasks.storage.disk_share import tell_needed

_SELDOM = 5.0  # a look at a sequence that is being copied asks after each of its files


class Copies:
    """Of a batch's sources in object storage, where they share the store's disk.

    Args:
        order: of the batch.
        needed: bytes that its other work is about to write, and the disk's reserve.
    """

    def __init__(self, order: Order, needed: Callable[[], float]) -> None:
        scratch = order.scratch
        self._order = order
        self._root = scratch.root
        self._ahead = Look(lambda: scratch.ahead_bytes, 0, _SELDOM)
        self._tell = Look(lambda: tell_needed(scratch.root, needed()), None, _SELDOM)

    def ahead_bytes(self) -> int:
        """What they have still to write to the store's disk; they are told what to leave of it.

        Scratch that cannot be looked at, or a full disk, ends no night here: who copies says
        what is wrong with it.
        """
        with suppress(OSError):
            if self._share_the_disk():
                with suppress(OSError):
                    self._tell()
                return self._ahead()
        return 0

    def make_room(self) -> None:
        """Remove those that nobody uses, where the work found no room beside them."""
        with suppress(OSError):
            if self._share_the_disk():
                self._order.scratch.sweep()

    def _share_the_disk(self) -> bool:
        used = isinstance(self._order.archive, RemoteRoot) or self._root.is_dir()
        return used and _device(self._root) == _device(self._order.store.root)


def _device(path: Path) -> int:
    there = next(one for one in (path, *path.parents) if one.exists())
    return there.stat().st_dev
