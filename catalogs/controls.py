"""What people ask of the nights of a store, from any terminal.

    controls/paused.json     that nights begin nothing
    controls/draining.json   that one night is to end
    controls/storages.json   storages under maintenance, whose reels wait
    controls/first.json      reels that come before others
    controls/storages.lock   held while the list of storages is changed

Each is replaced whole and says who asked for it, when and why. It holds until somebody takes it
back, across restarts; that one night is to end holds for that night only.
"""

import fcntl
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from catalogs.asked import Asked, Drain, First, Storage
from catalogs.durable import write_whole
from catalogs.errors import StoreError

EVENT = "control"  # of what people asked for, and of a night that heeds it


class Controls:
    """The controls of one store.

    Args:
        folder: `STORE/controls`; made when something is first asked for.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def paused(self) -> Asked | None:
        """Who paused nights, if somebody did.

        Raises:
            StoreError: the file was damaged by hand.
        """
        found = self._read("paused")
        return self._made("paused", lambda: Asked(**found)) if found else None

    def pause(self, asked: Asked) -> None:
        """Let nights begin nothing until somebody resumes."""
        self._write("paused", asdict(asked))

    def resume(self) -> None:
        """Take back that nights are paused."""
        self._path("paused").unlink(missing_ok=True)

    @property
    def draining(self) -> Drain | None:
        """Which night is to end; it may be over.

        Raises:
            StoreError: the file was damaged by hand.
        """
        found = self._read("draining")
        return self._made("draining", lambda: _drain(found)) if found else None

    def drain(self, asked: Asked, batch_id: str) -> None:
        """Let a night finish what is at work, and end; that nights are paused holds as well."""
        self._write("draining", asdict(Drain(batch_id, asked)))

    @property
    def storages(self) -> tuple[Storage, ...]:
        """Storages under maintenance.

        Raises:
            StoreError: the file was damaged by hand.
        """
        found = self._read("storages")
        return self._made("storages", lambda: _storages(found)) if found else ()

    def change_storages(
        self, change: Callable[[tuple[Storage, ...]], Iterable[Storage]]
    ) -> tuple[Storage, ...]:
        """Change the list of storages under maintenance; of two changes one waits for the other.

        Args:
            change: given the list as it is, answers what it is to be.

        Returns:
            The list as it was.
        """
        lock = self._path("storages").with_suffix(".lock")
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            with lock.open("a") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                before = self.storages
                after = [asdict(storage) for storage in change(before)]
                self._write("storages", {"storages": after})
                return before
        except OSError as error:
            raise StoreError(f"{lock} cannot be locked: {error.strerror}") from error

    @property
    def first(self) -> First | None:
        """Which reels come before others.

        Raises:
            StoreError: the file was damaged by hand.
        """
        found = self._read("first")
        return self._made("first", lambda: _first(found)) if found else None

    def put_first(self, reels: Iterable[str], asked: Asked) -> None:
        """Name the reels that come before others, in their order; none takes it back."""
        self._write("first", asdict(First(tuple(reels), asked)))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _read(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads(self._path(name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise self._damaged(name, error) from error
        if not isinstance(found, dict):
            raise self._damaged(name, TypeError("not an object"))
        return found

    def _made(self, name: str, make: Any) -> Any:
        try:
            return make()
        except (KeyError, TypeError, AttributeError) as error:
            raise self._damaged(name, error) from error

    def _damaged(self, name: str, error: Exception) -> StoreError:
        return StoreError(f"{self._path(name)} cannot be read ({error}); remove it and ask again")

    def _write(self, name: str, value: dict[str, Any]) -> None:
        try:
            write_whole(self._path(name), json.dumps(value, ensure_ascii=False).encode())
        except OSError as error:
            raise StoreError(f"{self._path(name)} cannot be written: {error.strerror}") from error


def _drain(found: dict[str, Any]) -> Drain:
    return Drain(found["batch_id"], Asked(**found["asked"]))


def _storages(found: dict[str, Any]) -> tuple[Storage, ...]:
    return tuple(
        Storage(one["path"], one["real"], Asked(**one["asked"])) for one in found["storages"]
    )


def _first(found: dict[str, Any]) -> First:
    return First(tuple(map(str, found["reels"])), Asked(**found["asked"]))
