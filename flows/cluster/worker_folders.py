"""The folders that a night reads from, which workers of other hosts must see as well."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from catalogs.rows import reels_at_hand
from flows.cluster.worker_look import Folder
from flows.night.order import Order
from flows.window.storages import Storages

_ENTRIES = 20  # of a folder


def folders_of(order: Order) -> tuple[Folder, ...]:
    """The archive, where reels are ingested from it, and the folders of sources to be read again.

    What is in object storage each host copies for itself. A folder under maintenance, or one that
    is not seen here either, nobody is asked for: its reels wait or are held, whoever has them.
    """
    return (*_archive(order), *_sources(order))


def _archive(order: Order) -> Iterator[Folder]:
    archive = order.archive
    if not isinstance(archive, Path) or archive == Path():
        return
    storages = Storages(order)
    if storages.holding(*storages.roots):
        return
    with suppress(OSError):
        entries = sorted(path.name for path in archive.iterdir())
        yield Folder("the archive", archive, tuple(entries[:_ENTRIES]))


def _sources(order: Order) -> Iterator[Folder]:
    """Of reels that were ingested: where their picture and sound lay then."""
    if not order.treatments:
        return
    storages, found = Storages(order), defaultdict[Path, set[str]](set)
    for reel_id, reel in reels_at_hand(order.ledger).items():
        if reel_id in order.treatments and reel.origin is None:
            if storages.why(reel.catalog, reel):
                continue
            for path in (reel.source, reel.sound_source):
                if path is not None and _is_here(path):
                    found[path.parent].add(path.name)
    for folder, names in sorted(found.items()):
        yield Folder("the sources' folder", folder, tuple(sorted(names)[:_ENTRIES]))


def _is_here(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
