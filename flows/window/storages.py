"""Storages under maintenance: reels whose sources lie there wait, and the others go on."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

from catalogs.asked import Storage
from catalogs.errors import StoreError
from catalogs.origin import RemoteRoot
from catalogs.records import CatalogReel, Reel
from flows.night.jobs import Job
from flows.night.order import Order
from flows.window.gate import Begun, Gate
from flows.window.look import Look

EVENT = "storage"
_MOST_LINKS = 40  # as the kernel follows


class Storages(Gate):
    """Asks the store's controls every second which storages are under maintenance.

    No disk of such a storage is asked for anything: it may be away, and asking may hang.

    Attributes:
        roots: the archive root, as written and with its symlinks resolved; none in object storage,
            whose maintenance is not switched here.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._look: Look[tuple[Storage, ...]] = Look(lambda: order.store.controls.storages, ())
        self.roots = self._roots(order.archive)

    def stops(self, running: Sequence[Begun]) -> bool:
        """Whether the store itself is under maintenance."""
        return self.holding(self._order.store.root) is not None

    def admits(self, job: Job, running: Sequence[Begun]) -> bool:
        """Whether the job's source may be read."""
        return not self.why(job.catalog, job.reel)

    def why(self, entry: CatalogReel, reel: Reel | None = None) -> str:
        """Why a reel waits; "" where it need not."""
        if not self._look():
            return ""
        found = self.holding(*source_paths(self.roots, entry, reel))
        return str(found) if found else ""

    def holding(self, *paths: Path) -> Storage | None:
        """The storage under maintenance that one of the paths lies in."""
        return next((storage for storage in self._look() if storage.holds(*paths)), None)

    def _roots(self, archive: Path | RemoteRoot) -> tuple[Path, ...]:
        if not isinstance(archive, Path):
            return ()
        written = _absolute(archive)
        real = _resolved(written, lambda path: self.holding(path) is not None)
        return tuple(dict.fromkeys((written, real)))


def source_paths(roots: Sequence[Path], entry: CatalogReel, reel: Reel | None) -> list[Path]:
    """Where a reel's picture and sound lie, below each root and as found when it was ingested."""
    written = [path for path in (entry.path, entry.sound_path) if path]
    paths = [_absolute(root / path) for root in roots for path in written]
    if reel is not None and roots:
        paths += [path for path in (reel.source, reel.sound_source) if path is not None]
    return paths


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100


def _resolved(path: Path, is_away: Callable[[Path], bool]) -> Path:
    """An absolute path with its symlinks resolved, up to where a disk that is away would be asked.

    What cannot be resolved stays as it is.
    """
    with suppress(OSError):
        for _ in range(_MOST_LINKS):
            asked = takewhile(lambda step: not is_away(step), (*reversed(path.parents), path))
            link = next(filter(Path.is_symlink, asked), None)
            if link is None:
                break
            path = _absolute(link.parent / link.readlink() / path.relative_to(link))
    return path


def refuse_maintained(order: Order) -> None:
    """Begin no night in a store that is under maintenance.

    Raises:
        StoreError: it is; names who said so, when and why.
    """
    root = order.store.root
    for storage in order.store.controls.storages:
        if storage.holds(root):
            raise StoreError(
                f"the store {root} is not to be worked in: {storage}; wait, or end it with "
                f"`wetgate maintenance end {storage.path}`"
            )
