"""Proxies: made when somebody looks, one at a time, kept while there is room.

    STORE/proxies/<reel>/<key>.<what it was made of>.mp4    and its numbers beside it, .json

Any of it may be deleted at any time. A proxy is whole or not there; two who ask for one have it
made once; a file that is looked at is young again, and the oldest go when all are larger than the
limit. Who asked last is served first, and who waits no longer is not.
"""

import hashlib
import json
import os
import queue
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogs.errors import StoreError, WetgateError
from catalogs.store import Store
from dashboard.pictures.shots import KnownShot, index_of
from tasks.proxy import PROXY_VERSION, build_proxy

LIMIT_BYTES = 50 * 10**9
FREE_BYTES = 5 * 10**9  # of the disk, which the next night has need of
FORGOTTEN_SECONDS = 20.0  # a player asks twice a second while it waits
FAILED_SECONDS = 30.0  # after which it may be tried again
OLD_SECONDS = 3600.0  # after which what is half written is nobody's


@dataclass
class Work:
    """A proxy that is being made, or could not be."""

    shot: KnownShot
    asked_at: float = 0.0
    done: int = 0
    reason: str = ""
    failed_at: float = 0.0

    @property
    def is_over(self) -> bool:
        """Failed, and long enough ago to try again."""
        return bool(self.reason) and time.monotonic() - self.failed_at > FAILED_SECONDS


class Proxies:
    """The proxies of a store.

    Args:
        store: whose shots are looked at.
        limit_bytes: how large all of them may be together.
    """

    def __init__(self, store: Store, limit_bytes: int = LIMIT_BYTES) -> None:
        self._store = store
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._works: dict[Path, Work] = {}
        self._queue: queue.LifoQueue[Path] = queue.LifoQueue()
        self._worker: threading.Thread | None = None

    def file_of(self, shot: KnownShot) -> Path:
        """Where the proxy of a shot lies, whether it is there or not."""
        restored = shot.restored
        made_of = f"{PROXY_VERSION}:{restored.picture_sha256}:{shot.reel.frame_rate}"
        name = f"{restored.key}.{hashlib.sha256(made_of.encode()).hexdigest()[:16]}.mp4"
        return self._store.proxies / shot.reel.reel_id / name

    def ready(self, shot: KnownShot) -> Path | None:
        """The proxy, if it is there; it is young again."""
        file = self.file_of(shot)
        with suppress(FileNotFoundError):
            os.utime(file)
            return file
        return None

    def ask(self, shot: KnownShot) -> Work | None:
        """Have the proxy made; how far that is, or None when it is ready."""
        file = self.file_of(shot)
        with self._lock:
            if self.ready(shot):
                self._works.pop(file, None)
                return None
            work = self._works.get(file)
            if work is None or work.is_over:
                work = self._works[file] = Work(shot)
                self._queue.put(file)
                self._start()
            work.asked_at = time.monotonic()
            return work

    def series(self, shot: KnownShot) -> list[dict[str, Any]]:
        """The proxy's numbers per frame; none before it is made."""
        try:
            series: list[dict[str, Any]] = json.loads(
                self.file_of(shot).with_suffix(".json").read_bytes()
            )
        except (FileNotFoundError, ValueError):
            return []
        return series

    def _check_room(self, file: Path) -> None:
        """Proxies give way before the disk is full, and none is made when that does not help."""
        free = shutil.disk_usage(self._store.root).free
        if free < FREE_BYTES:
            make_room(self._store.proxies, 0, file)
            free = shutil.disk_usage(self._store.root).free
        if free < FREE_BYTES:
            raise StoreError(
                f"only {free / 1e9:.1f} GB are free on the store's disk, and the next night needs "
                "them; make room, then look again"
            )

    def _start(self) -> None:
        if self._worker is None or not self._worker.is_alive():
            self._worker = threading.Thread(target=self._run, name="proxies", daemon=True)
            self._worker.start()

    def _run(self) -> None:
        while True:
            file = self._queue.get()
            with self._lock:
                work = self._works.get(file)
                if work and time.monotonic() - work.asked_at > FORGOTTEN_SECONDS:
                    del self._works[file]
                    continue
            if work is not None:
                self._make(file, work)

    def _make(self, file: Path, work: Work) -> None:
        try:
            self._build(file, work)
            with self._lock:
                self._works.pop(file, None)
        except (WetgateError, OSError) as error:
            work.failed_at = time.monotonic()
            work.reason = _in_words(error)
        except Exception as error:  # whatever it is, it must not end the worker
            work.failed_at = time.monotonic()
            work.reason = f"the proxy could not be made: {type(error).__name__}"

    def _build(self, file: Path, work: Work) -> None:
        shot = work.shot

        def count(done: int) -> None:
            work.done = done

        self._check_room(file)
        build_proxy(
            self._store, shot.reel, index_of(self._store, shot.reel), shot.restored, file, count
        )
        make_room(self._store.proxies, self._limit, file)


def make_room(folder: Path, limit_bytes: int, kept: Path) -> None:
    """Delete the oldest proxies until all are within the limit; never the one that is named."""
    now = time.time()
    for partial in folder.glob("*/.*.partial"):
        with suppress(FileNotFoundError):
            if now - partial.stat().st_mtime > OLD_SECONDS:
                partial.unlink()
    found = []
    for file in folder.glob("*/*.mp4"):
        with suppress(FileNotFoundError):
            known = file.stat()
            found.append((known.st_mtime, known.st_size, file))
    total = sum(size for _, size, _ in found)
    for _, size, file in sorted(found):
        if total <= limit_bytes:
            break
        if file != kept:
            file.unlink(missing_ok=True)
            file.with_suffix(".json").unlink(missing_ok=True)
            total -= size


def _in_words(error: Exception) -> str:
    """Of one of our errors its first line; of another what the system says, without a path."""
    if isinstance(error, OSError):
        return f"the proxy could not be made: {error.strerror or type(error).__name__}"
    return str(error).partition("\n")[0]
