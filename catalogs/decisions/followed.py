"""What was read of the log of decisions, and whether the file still is what was read."""

import hashlib
import os
from pathlib import Path

from catalogs.decisions.chain import FIRST, read_line
from catalogs.decisions.decision import Decision
from catalogs.errors import VerificationError

REMEDY = "put the log back from a copy; nothing was computed from what follows"

_BLOCK = 1 << 20


class Followed:
    """The decisions that were read, kept with the hash of their bytes.

    Whenever the file is not as it was left (its size, its times, or another file of that name)
    these are hashed again: as they were, only what was added is read; otherwise all of it is, and
    the chain says what was changed.

    Args:
        path: of the log, for what is said of it.

    Attributes:
        decisions: oldest first; as they were where the chain does not hold any more.
        size: bytes of their lines.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.decisions: list[Decision] = []
        self.size = 0
        self._digest = hashlib.sha256()
        self._stamp: tuple[int, ...] = ()
        self._snapshot: tuple[Decision, ...] = ()

    @property
    def last(self) -> str:
        """SHA-256 of the last line."""
        return self.decisions[-1].sha256 if self.decisions else FIRST

    @property
    def snapshot(self) -> tuple[Decision, ...]:
        """The decisions now; the same object as long as they are the same."""
        if len(self._snapshot) != len(self.decisions):
            self._snapshot = tuple(self.decisions)
        return self._snapshot

    def check_never_was(self, error: FileNotFoundError) -> None:
        """Where there is no file there must never have been one.

        Raises:
            VerificationError: decisions were read from it.
        """
        if self.decisions:
            raise VerificationError(f"{self.path} is gone; {REMEDY}") from error

    def update(self, descriptor: int) -> None:
        """Read the whole lines that are new, or all where some were changed.

        Raises:
            VerificationError: the chain does not hold.
        """
        status = os.fstat(descriptor)
        if _stamp(status) == self._stamp:
            return
        if status.st_size < self.size and _file(status) == self._stamp[:2]:
            raise VerificationError(f"{self.path} is shorter than it was; {REMEDY}")
        if self._is_as_read(descriptor):
            self._take(descriptor, status)
            return
        fresh = Followed(self.path)
        fresh._take(descriptor, status)
        self.__dict__.update(fresh.__dict__)

    def keep(self, added: list[Decision], data: bytes, status: os.stat_result) -> None:
        """Take up decisions and their bytes.

        Args:
            added: decisions that follow those that are known.
            data: their lines.
            status: of the file with them in it.
        """
        self.decisions += added
        self.size += len(data)
        self._digest.update(data)
        self._stamp = _stamp(status)

    def _is_as_read(self, descriptor: int) -> bool:
        """Whether the file still begins with the bytes that were read."""
        digest, place = hashlib.sha256(), 0
        while part := os.pread(descriptor, min(_BLOCK, self.size - place), place):
            digest.update(part)
            place += len(part)
        return place == self.size and digest.digest() == self._digest.digest()

    def _take(self, descriptor: int, status: os.stat_result) -> None:
        data = read_bytes(descriptor, self.size, status.st_size)
        whole = data[: data.rfind(b"\n") + 1]
        added: list[Decision] = []
        last, number = self.last, len(self.decisions)
        try:
            for line in whole.split(b"\n")[:-1]:
                number += 1
                added.append(read_line(line, number, last))
                last = added[-1].sha256
        except VerificationError as error:
            raise VerificationError(f"{self.path}: {error}; {REMEDY}") from error
        self.keep(added, whole, status)


def read_bytes(descriptor: int, start: int, stop: int) -> bytes:
    """Bytes of a file from `start` up to `stop`, or to its end."""
    parts = []
    while start < stop and (part := os.pread(descriptor, stop - start, start)):
        parts.append(part)
        start += len(part)
    return b"".join(parts)


def _file(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    """What is another after any change to the file."""
    return (*_file(status), status.st_size, status.st_mtime_ns, status.st_ctime_ns)
