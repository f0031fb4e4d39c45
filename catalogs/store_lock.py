"""Who may write to a store: one night or check at a time, known by a lock that dies with it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from catalogs.errors import StoreError
from catalogs.store import MARKER, STORE_VERSION, Store, mark

_LOCK = "night.lock"  # held by a night or a check, and by a copying of the store
_HOLDER = "night.holder"  # held by a night or a check only; names the night
_NIGHT = "night or check"


@contextmanager
def hold_store(store: Store) -> Iterator[None]:
    """Keep every other night out of the store until this one ends or dies.

    What is written from now on is of this version, and the store is marked so.

    Raises:
        StoreError: another night or check is running in it.
    """
    with _hold(store.root / _LOCK, _NIGHT), _hold(store.root / _HOLDER, _NIGHT):
        yield


def is_held(store: Store) -> bool:
    """Whether a night or a check is running in the store."""
    return is_locked(store.root / _LOCK)


def is_locked(lock: Path) -> bool:
    """Whether somebody has a lock file alone; nobody has one that is not there."""
    with suppress(FileNotFoundError), lock.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def name_batch(store: Store, batch_id: str) -> None:
    """Say which night holds the store, called by the one that does.

    Raises:
        StoreError: the store cannot be written.
    """
    lock = store.root / _HOLDER
    try:
        lock.write_text(batch_id)
    except OSError as error:
        raise StoreError(f"{lock} cannot be written: {error.strerror}; free or fix it") from error


def holding_batch(store: Store) -> str:
    """The night that holds the store; "" where none does, or a check, or one that only prepares."""
    holder = store.root / _HOLDER
    return holder.read_text(errors="replace") if is_locked(holder) else ""


@contextmanager
def hold_readings(store: Store) -> Iterator[None]:
    """Keep every other merging of what was read for strata out, and no night.

    Raises:
        StoreError: another one is at it.
    """
    with _hold(store.root / "strata.lock", "`wetgate strata`"):
        yield


@contextmanager
def _hold(lock: Path, holder: str) -> Iterator[None]:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _locked(descriptor):
            raise StoreError(f"another {holder} is running in {lock.parent}; wait for it")
        os.ftruncate(descriptor, 0)  # whom one that was killed named
        if (lock.parent / MARKER).read_text() != f"{STORE_VERSION}\n":
            mark(lock.parent)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Take a lock; tried again for a moment, in which somebody may ask `is_held`."""
    for _ in range(5):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False
