"""How many bytes the sources of a night hold.

A disk answers at once; a bucket, or a scan of many files on a server, may take minutes, and a
server that is away never answers. The night does not wait: each source is asked apart.
"""

import threading
import time
from pathlib import Path

from catalogs.errors import NoAnswerError
from catalogs.origin import RemoteRoot
from catalogs.records import CatalogReel
from tasks.find import find_source
from tasks.storage.listed import REST_SECONDS, look_for

AT_ONCE_SECONDS = 0.1  # a disk has answered by then
PATIENCE_SECONDS = REST_SECONDS + 60  # a storage that was silent for a moment is asked once more
AGAIN_SECONDS = 10.0  # between two questions to a storage that does not answer
MOST_ASKED = 32  # sources, at the same time


class SourceSizes:
    """Sizes that are known, and those that are being asked for.

    Args:
        archive: where the sources lie.
    """

    def __init__(self, archive: Path | RemoteRoot) -> None:
        self._archive = archive
        self._known: dict[str, float] = {}
        self._since: dict[str, float] = {}  # of those that are not known: when patience began
        self._asking: set[str] = set()
        self._heard = 0.0  # when one answered last
        self._rests_until = 0.0

    def know(self, entry: CatalogReel) -> bool:
        """Whether the size of a reel's source is known."""
        return entry.reel_id in self._known

    def found(self, reel_id: str, size_bytes: float) -> None:
        """It was learned otherwise."""
        self._known[reel_id] = size_bytes

    def of(self, entry: CatalogReel) -> float:
        """Bytes of a reel's source; 0.0 where nobody can say."""
        return self._known.get(entry.reel_id, 0.0)

    def ask(self, entry: CatalogReel) -> bool:
        """Whether no more is to be learned of a source; it is asked for its size meanwhile.

        One that does not answer is given up after `PATIENCE_SECONDS`: ingesting says what is
        wrong with it. Those in line behind others that do answer are not given up.
        """
        if self.know(entry):
            return True
        now = time.monotonic()
        since = self._since.setdefault(entry.reel_id, now)
        if entry.reel_id not in self._asking:
            since = self._since[entry.reel_id] = max(since, self._heard)
        if now >= self._rests_until and self._may_ask(entry, now):
            self._asking.add(entry.reel_id)
            thread = threading.Thread(target=self._learn, args=(entry,), daemon=True)
            thread.start()
            thread.join(AT_ONCE_SECONDS)
        return self.know(entry) or now - since > PATIENCE_SECONDS

    def awaited(self) -> bool:
        """Whether a source that was asked may answer yet."""
        now = time.monotonic()
        return any(self._may_answer(reel_id, now) for reel_id in list(self._since))

    def _may_ask(self, entry: CatalogReel, now: float) -> bool:
        fresh = sum(self._may_answer(reel_id, now) for reel_id in list(self._asking))
        return entry.reel_id not in self._asking and fresh < MOST_ASKED

    def _may_answer(self, reel_id: str, now: float) -> bool:
        since = self._since.get(reel_id, now)
        return reel_id not in self._known and now - since <= PATIENCE_SECONDS

    def _learn(self, entry: CatalogReel) -> None:
        try:
            self._known[entry.reel_id] = source_bytes(entry, self._archive)
            self._heard = time.monotonic()
        except NoAnswerError:
            self._rests_until = time.monotonic() + AGAIN_SECONDS
        except Exception:  # what is wrong with it, ingesting says
            self._known[entry.reel_id] = 0.0
        finally:
            self._asking.discard(entry.reel_id)


def source_bytes(entry: CatalogReel, archive: Path | RemoteRoot) -> float:
    """Ask for the size of a source.

    Raises:
        NoAnswerError: its storage does not answer.
        SourceError, OSError: it is not there, or not to be had.
    """
    if isinstance(archive, Path):
        return float(find_source(entry, archive).measure()[0])
    return float(look_for(entry, archive).size_bytes)
