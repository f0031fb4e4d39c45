"""How many bytes the sources of a night hold.

A disk answers at once; a bucket, or a scan of many files on a server, may take minutes. The night
does not wait meanwhile: it is asked apart, one source at a time.
"""

import threading
from pathlib import Path

from catalogs.origin import RemoteRoot
from catalogs.records import CatalogReel
from tasks.find import find_source
from tasks.storage.listed import look_for

AT_ONCE_SECONDS = 0.1  # a disk has answered by then


class SourceSizes:
    """Sizes that are known, and the one that is being asked for.

    Args:
        archive: where the sources lie.
    """

    def __init__(self, archive: Path | RemoteRoot) -> None:
        self._archive = archive
        self._known: dict[str, float] = {}
        self._asking: threading.Thread | None = None

    def know(self, entry: CatalogReel) -> bool:
        """Whether the size of a reel's source is known."""
        return entry.reel_id in self._known

    def found(self, reel_id: str, size_bytes: float) -> None:
        """It was learned otherwise."""
        self._known[reel_id] = size_bytes

    def ask(self, entry: CatalogReel) -> None:
        """Have it asked for, unless it is known or another one is being asked for."""
        busy = self._asking is not None and self._asking.is_alive()
        if busy or self.know(entry):
            return
        self._asking = threading.Thread(target=self._learn, args=(entry,), daemon=True)
        self._asking.start()
        self._asking.join(AT_ONCE_SECONDS)

    def of(self, entry: CatalogReel) -> float:
        """Bytes of a reel's source, 0.0 where it cannot be said; waits for the answer."""
        while not self.know(entry):
            self.ask(entry)
            if self._asking is not None:
                self._asking.join()
        return self._known[entry.reel_id]

    def _learn(self, entry: CatalogReel) -> None:
        size = 0.0  # of one that cannot be asked: ingesting says at once what is wrong with it
        try:
            size = source_bytes(entry, self._archive)
        except Exception:  # whatever a server answers
            pass
        finally:
            self._known[entry.reel_id] = size


def source_bytes(entry: CatalogReel, archive: Path | RemoteRoot) -> float:
    """Ask for the size of a source.

    Raises:
        SourceError, StorageError, OSError: it is not there, or not to be had.
    """
    if isinstance(archive, Path):
        return float(find_source(entry, archive).measure()[0])
    return float(look_for(entry, archive).size_bytes)
