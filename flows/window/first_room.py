"""Whether a night that is about to begin has room for a single reel."""

from pathlib import Path

from catalogs.catalog import Catalog
from catalogs.errors import MediaError, SourceError, StoreError
from catalogs.origin import RemoteRoot
from catalogs.policy import Policy
from catalogs.recipe import Treatment
from catalogs.rows import reels_at_hand
from catalogs.store import Store
from catalogs.treatments import recorded_treatments
from flows.plan import DISK_SHARE, Planning
from flows.window.room import free_bytes, gigabytes
from tasks.find import find_source


def refuse_without_room(
    read: Catalog, archive: Path | RemoteRoot, treatment: Treatment, store: Store, policy: Policy
) -> None:
    """Begin no night that has no room for a single reel; headers are read until one fits.

    A night that finds a reel finished is begun all the same: for what is left to do of that.
    Headers in object storage are not read: there each reel is looked at when it is begun.

    Raises:
        StoreError: no reel fits, and none is finished; names the smallest, what it needs, and how
            much to free.
    """
    if not isinstance(archive, Path):
        return
    ledger = store.ledger()
    known, recorded = reels_at_hand(ledger), recorded_treatments(ledger)
    night, free = (
        Planning(archive, treatment, store, None, policy, recorded),
        free_bytes(store.root),
    )
    needs: dict[str, float] = {}
    for entry in read.reels:
        try:
            planned = night.reel(entry, known.get(entry.reel_id))
            if planned.finished:
                return  # the night has to conclude it, and to publish it where that failed
            source_bytes = find_source(entry, archive).measure()[0]
        except (SourceError, MediaError, OSError):
            continue  # it will be held
        # Where the header has no length, its shots and the reel are no smaller than the source.
        whole = planned.picture_bytes * DISK_SHARE or 2.0 * source_bytes
        needs[entry.reel_id] = whole - _size(store.shot_folder(entry.reel_id))
        if needs[entry.reel_id] <= free:
            return
    if needs:
        reel_id, need = min(needs.items(), key=lambda item: item[1])
        raise StoreError(
            f"there is no room for a single reel on the disk of {store.root}: "
            f"{reel_id} needs about {gigabytes(need)}, {gigabytes(free)} can be had beside the "
            f"reserve; free about {gigabytes(need - free)}, or name another --store"
        )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*") if path.is_file())
