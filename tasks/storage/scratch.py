"""A bounded folder for copies of sources that lie in object storage, shared by a host's workers.

    <folder>/<key>.lock    held by who fills the entry (alone) and by who uses it (together)
    <folder>/<key>/bytes   what the entry may come to; counted against the limit from then on
    <folder>/<key>/files/  the copies
    <folder>/<key>/whole   what was found when they were verified, written last
    <root>/needed          of the disk, what others need (`tasks.storage.disk_share`)

The system lets go of a lock when its process ends, however it ends. What is locked by nobody and
not whole was left by a process that was killed, and counts for nothing; it goes when its room is
needed, or with the rest when a night is done. What is whole and used by nobody stays until then, so
that nothing is copied twice without need.
"""

import fcntl
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from catalogs.durable import write_whole
from catalogs.errors import NoRoomYetError, StorageError
from tasks.storage.disk_share import (
    ahead_bytes,
    entries_of,
    forget_needed,
    last_used,
    lock_of,
    needed_bytes,
    promised_bytes,
)
from tasks.storage.file_lock import file_lock, take

SCRATCH_GB = 200.0  # of copies on a host, where nothing else is said
PATIENCE_SECONDS = 12 * 3600.0  # for room that others use
MODEST_SECONDS = 180.0  # of a modest copy: others may be waiting for its worker
WARM_SECONDS = 60.0  # after its last use a modest copy leaves another to the next shot of its reel
HOPELESS_SECONDS = 60.0  # on a disk that is too small, and on which nothing is that could go
SPARE_BYTES = 1 << 30  # of the disk that are not taken, whatever the limit
_LOOK_SECONDS = 0.5

Fill = Callable[[Path], str]


@dataclass(frozen=True)
class Scratch:
    """The folder and its limit; every host has a part of it to itself.

    Attributes:
        root: a folder on a local disk.
        limit_bytes: what a host's copies may come to, all together.
        modest: whether copies leave what reels in work are about to write to the disk, and wait for
            room a short while only; those that such a reel itself waits for do not.
    """

    root: Path
    limit_bytes: int
    modest: bool = False

    @property
    def folder(self) -> Path:
        """This host's part."""
        return self.root / socket.gethostname()

    @contextmanager
    def use(self, key: str, size_bytes: int, fill: Fill) -> Iterator[tuple[Path, str]]:
        """Have copies, made now or earlier, for as long as the context lasts.

        Args:
            key: names what is copied; equal keys mean equal content.
            size_bytes: of all its files.
            fill: makes the copies in the folder it is given, and says what it found.

        Yields:
            The folder of the copies, and what `fill` said when they were made.

        Raises:
            StorageError: it is larger than the limit or the disk, or no room came about.
            NoRoomYetError: it is modest, and limit or disk have no room for it now.
        """
        if size_bytes > self.limit_bytes:
            raise StorageError(
                f"takes {size_bytes / 1e9:.3f} GB of scratch and {self.limit_bytes / 1e9:.3f} GB "
                "are allowed; raise --scratch-gb"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        entry = self.folder / key
        with file_lock(lock_of(entry)) as lock:
            take(lock, fcntl.LOCK_SH)
            while not (entry / "whole").is_file():
                take(lock, fcntl.LOCK_EX)
                if not (entry / "whole").is_file():
                    self._make(entry, size_bytes, fill)
                take(lock, fcntl.LOCK_SH)  # for a moment nobody's, and could be removed
            try:
                yield entry / "files", (entry / "whole").read_text(encoding="utf-8")
            finally:
                with suppress(FileNotFoundError):
                    os.utime(entry)

    @property
    def ahead_bytes(self) -> int:
        """What copies that are being made, on all hosts that this folder shows, still write."""
        return sum(map(ahead_bytes, entries_of(self.root)))

    def holds(self, key: str) -> bool:
        """Whether whole copies are there at this moment."""
        return (self.folder / key / "whole").is_file()

    def drop(self, key: str) -> None:
        """Remove copies that are not needed any more, unless others use them."""
        self._remove_unused(self.folder / key)

    def sweep(self) -> None:
        """Remove all copies that nobody uses, of every host that this folder shows."""
        for entry in entries_of(self.root):
            self._remove_unused(entry)
        forget_needed(self.root)
        for folder in self.root.glob("*"):
            with suppress(OSError):  # somebody else's are there
                (folder / "room.lock").unlink(missing_ok=True)
                folder.rmdir()

    def _make(self, entry: Path, size_bytes: int, fill: Fill) -> None:
        shutil.rmtree(entry, ignore_errors=True)  # of a process that was killed
        self._reserve(entry, size_bytes)
        try:
            found = fill(entry / "files")
            write_whole(entry / "whole", found.encode())
        except BaseException:
            shutil.rmtree(entry, ignore_errors=True)
            raise

    def _reserve(self, entry: Path, size_bytes: int) -> None:
        """Wait until there is room, making it where copies are that nobody uses."""
        began = hopeful = time.monotonic()
        while not self._reserved(entry, size_bytes):
            now = time.monotonic()
            if self.modest and now - began > MODEST_SECONDS:
                size = f"no room for {size_bytes / 1e9:.3f} GB in {self.folder} yet"
                raise NoRoomYetError(f"{size}: {self._taken(size_bytes)}")
            hopeful = now if entries_of(self.root) or self._free() >= size_bytes else hopeful
            if now - hopeful > HOPELESS_SECONDS or now - began > PATIENCE_SECONDS:
                raise StorageError(
                    f"no room for {size_bytes / 1e9:.3f} GB came about in {self.folder}: its disk "
                    f"has {max(self._free(), 0) / 1e9:.3f} GB to give; free some, raise "
                    "--scratch-gb, or name another --scratch"
                )
            time.sleep(_LOOK_SECONDS)

    def _taken(self, size_bytes: int) -> str:
        """What there is no room beside, and what to do about it."""
        if not self._is_allowed(size_bytes):
            return (
                f"--scratch-gb allows {self.limit_bytes / 1e9:.3f} GB, of which other copies in "
                f"use take {self._promised() / 1e9:.3f} GB; raise it"
            )
        return (
            f"its disk has {max(self._free(), 0) / 1e9:.3f} GB to give, and "
            f"{self._kept_bytes() / 1e9:.3f} GB are kept for reels in work, other copies and the "
            "store's reserve; free some, or name another --scratch"
        )

    def _reserved(self, entry: Path, size_bytes: int) -> bool:
        with file_lock(self.folder / "room.lock") as room:
            take(room, fcntl.LOCK_EX)
            for other in (None, *sorted(self._entries(), key=last_used)):
                if other not in (None, entry) and not (self.modest and _is_warm(other)):
                    self._remove_unused(other)
                if self._has_room(size_bytes):
                    (entry / "files").mkdir(parents=True)
                    (entry / "bytes").write_text(str(size_bytes))
                    return True
        return False

    def _has_room(self, size_bytes: int) -> bool:
        """Room within the limit, and on the disk for what is promised and not yet written."""
        return self._is_allowed(size_bytes) and self._free() >= size_bytes + self._kept_bytes()

    def _is_allowed(self, size_bytes: int) -> bool:
        return self._promised() + size_bytes <= self.limit_bytes

    def _promised(self) -> int:
        return sum(map(promised_bytes, self._entries()))

    def _kept_bytes(self) -> int:
        """Of the disk, what is promised to others and not yet written."""
        needed = max(0, needed_bytes(self.root) - SPARE_BYTES) if self.modest else 0
        return self.ahead_bytes + needed

    def _free(self) -> int:
        return shutil.disk_usage(self.folder).free - SPARE_BYTES

    def _entries(self) -> list[Path]:
        return [entry for entry in entries_of(self.root) if entry.parent == self.folder]

    def _remove_unused(self, entry: Path) -> None:
        name = lock_of(entry)
        if not entry.parent.is_dir():
            return
        gone = FileNotFoundError  # with its folder: another process sweeps too
        with file_lock(name) as lock, suppress(BlockingIOError, gone):
            take(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (entry / "whole").unlink(missing_ok=True)  # first: it is whole no longer
            shutil.rmtree(entry, ignore_errors=True)
            name.unlink(missing_ok=True)


def _is_warm(entry: Path) -> bool:
    return 0 <= time.time() - last_used(entry) < WARM_SECONDS
