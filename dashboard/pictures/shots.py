"""A shot that a request names, as the ledger knows it.

Nothing of a request becomes part of a path: a reel is looked up among the names of the ledger's
own partitions, a key among the rows of that partition.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from catalogs.errors import StoreError
from catalogs.ledger import Ledger
from catalogs.records import Reel, RestoredShot
from catalogs.rows import known_reels, read_frame_index, restored_of
from catalogs.source import FrameIndex
from catalogs.store import Store
from dashboard.ledger_files import Names, partitions_of

_KEY = re.compile(r"[0-9a-f]{64}")


class UnknownShot(Exception):
    """The ledger has no such shot."""


@dataclass(frozen=True)
class KnownShot:
    """A restored shot with its reel.

    Attributes:
        row: of the table `restorations`, whole.
    """

    reel: Reel
    restored: RestoredShot
    row: Mapping[str, Any]

    @property
    def address(self) -> str:
        """Where its pictures are served."""
        return f"/pictures/{self.reel.reel_id}/{self.restored.key}"


def find_shot(store: Store, reel_id: str, key: str) -> KnownShot:
    """A shot by its reel and key.

    Raises:
        UnknownShot: the ledger has no such shot.
        StoreError: its source is another one now.
    """
    if not _KEY.fullmatch(key):
        raise UnknownShot
    partition = _partition(store.tables / "restorations", reel_id)
    state = frozenset(
        name
        for table in ("restorations", "reels")
        for name in partitions_of(store.tables / table / partition)
    )
    return _shot(store.tables, partition, key, state)


@lru_cache(maxsize=64)
def _shot(tables: Path, reel_id: str, key: str, state: Names) -> KnownShot:
    """Kept until the ledger has other files of the reel: a player asks twice a second."""
    ledger = Ledger(tables)
    rows = ledger.find("restorations", reel_id, key=key, reel_id=reel_id)
    if rows.empty:
        raise UnknownShot
    row = rows.iloc[-1].to_dict()
    reel = known_reels(ledger, reel_id).get(reel_id)
    if reel is None or reel.digest != row["reel_digest"]:
        raise StoreError(f"{reel_id}: its source is another one than this shot was restored from")
    return KnownShot(reel, restored_of(row), row)


def index_of(store: Store, reel: Reel) -> FrameIndex:
    """The frames of a reel, kept for the next request.

    Raises:
        StoreError: they are not in the ledger.
    """
    return _index(store.tables, reel.digest)


@lru_cache(maxsize=4)
def _index(tables: Path, digest: str) -> FrameIndex:
    index = read_frame_index(Ledger(tables), digest)
    if index is None:
        raise StoreError("the frames of the source are not in the ledger; run the night again")
    return index


def _partition(table: Path, reel_id: str) -> str:
    """The partition of that name, by looking at what there is."""
    names = [entry.name for entry in table.iterdir()] if table.is_dir() else []
    for name in names:
        if name == reel_id:
            return name
    raise UnknownShot
