"""Storages under maintenance: reels whose sources lie there wait, and the others go on."""

import os
from collections.abc import Sequence
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


class Storages(Gate):
    """Asks the store's controls every second which storages are under maintenance.

    No disk of such a storage is asked for anything: it may be away, and asking may hang.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._look: Look[tuple[Storage, ...]] = Look(lambda: order.store.controls.storages, ())

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
        found = self.holding(*source_paths(self._order.archive, entry, reel))
        return str(found) if found else ""

    def holding(self, *paths: Path) -> Storage | None:
        """The storage under maintenance that one of the paths lies in."""
        return next((storage for storage in self._look() if storage.holds(*paths)), None)


def source_paths(archive: Path | RemoteRoot, entry: CatalogReel, reel: Reel | None) -> list[Path]:
    """Where a reel's picture and sound lie, as written and as found when it was ingested.

    Nowhere, of an archive in object storage: its maintenance is not switched here.
    """
    if not isinstance(archive, Path):
        return []
    written = [path for path in (entry.path, entry.sound_path) if path]
    paths = [Path(os.path.abspath(archive / path)) for path in written]  # noqa: PTH100
    if reel is not None:
        paths += [path for path in (reel.source, reel.sound_source) if path is not None]
    return paths


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
