"""Fetch: objects become files of the same names, in pieces, several at once, and are checked.

Every piece has its length, every file its size, and a file whose object has a SHA-256, SHA-1 or
CRC-32 of the whole content in the storage has that too. Memory does not grow with the objects.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import TypeVar

from zlib_ng.zlib_ng import crc32

from catalogs.errors import StorageError
from catalogs.fixity import hash_file
from tasks.storage.bucket import PIECE_BYTES, Bucket, RemoteObject
from tasks.storage.words import BETWEEN

T = TypeVar("T")

AT_ONCE = 8  # requests; as many pieces are in memory


def fetch(bucket: Bucket, objects: Sequence[RemoteObject], folder: Path) -> str:
    """Copy objects into a folder.

    Args:
        bucket: where they lie.
        objects: what to copy, as listed.
        folder: where each goes, under its path.

    Returns:
        By what the copies were verified, in words.

    Raises:
        StorageError: one could not be had whole, or is not what the storage says of it.
        OSError: the disk would not take it.
    """
    for one in objects:
        target = folder / one.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    pieces = [(one, start) for one in objects for start in range(0, one.size_bytes, PIECE_BYTES)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        _all(pool, [partial(_copy, bucket, folder, one, start) for one, start in pieces])
        agreed = _all(pool, [partial(_check, bucket, folder, one) for one in objects])
    named = sorted({name for names in agreed for name in names})
    every = all(agreed)
    if not named:
        return "of the sizes listed; the storage has no checksums of them"
    which = "each" if every else f"{sum(map(bool, agreed))} of them"
    return f"of the sizes listed, and {which} as the storage's own {' and '.join(named)} says"


def _all(pool: ThreadPoolExecutor, calls: Iterable[Callable[[], T]]) -> list[T]:
    """What all calls answer; after the first that fails no more is begun."""
    futures = [pool.submit(call) for call in calls]
    done, _ = wait(futures, return_when=FIRST_EXCEPTION)
    for future in (f for f in done if f.exception() is not None):
        pool.shutdown(wait=True, cancel_futures=True)
        future.result()
    return [future.result() for future in futures]


def _copy(bucket: Bucket, folder: Path, one: RemoteObject, start: int) -> None:
    data = bucket.read(one.path, start, min(start + PIECE_BYTES, one.size_bytes))
    with (folder / one.path).open("r+b") as stream:
        stream.seek(start)
        stream.write(data)


def _check(bucket: Bucket, folder: Path, one: RemoteObject) -> tuple[str, ...]:
    """Algorithms whose checksums agree."""
    path = folder / one.path
    if (size := path.stat().st_size) != one.size_bytes:
        raise StorageError(f"{one.path}: {size} bytes came, {one.size_bytes} are listed")
    planned = bucket.checksums(one.path)
    found = _digests(path, planned)
    for name, digest in planned.items():
        if found[name] != digest:
            raise StorageError(
                f"{one.path}: {name} is {found[name]}, the storage says {digest}; {BETWEEN}"
            )
    os.utime(path, (one.modified, one.modified))
    return tuple(planned)


def _digests(path: Path, names: Iterable[str]) -> dict[str, str]:
    found = hash_file(path, *hashed) if (hashed := set(names) - {"crc32"}) else {}
    if "crc32" in names:
        value = 0
        with path.open("rb") as stream:
            while block := stream.read(PIECE_BYTES):
                value = crc32(block, value)
        found["crc32"] = f"{value:08x}"
    return found
