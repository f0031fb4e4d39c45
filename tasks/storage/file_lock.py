"""Locks of files that may be removed with what they guard; a dead process holds none."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class FileLock:
    """A lock file, opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = -1

    def open(self) -> None:
        """Open it, made if need be."""
        self.close()
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)

    def close(self) -> None:
        """Let go of it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1


@contextmanager
def file_lock(path: Path) -> Iterator[FileLock]:
    """A lock file for as long as the context lasts; it is let go of however that ends."""
    lock = FileLock(path)
    try:
        yield lock
    finally:
        lock.close()


def take(lock: FileLock, how: int) -> None:
    """Lock a file that is still the one of its name: who removes a copy removes its lock.

    Raises:
        BlockingIOError: somebody else has it, and `how` does not wait.
    """
    while True:
        if lock.descriptor < 0:
            lock.open()
        fcntl.flock(lock.descriptor, how)
        with suppress(FileNotFoundError):
            if os.fstat(lock.descriptor).st_ino == lock.path.stat().st_ino:
                return
        lock.open()
