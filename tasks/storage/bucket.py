"""Object storage through fsspec: listing, reading exactly, writing.

Sources are listed and read and nothing else. Each request has a time limit and a few tries; what
comes out of them is a `StorageError` that says what to do, without a word of any credentials.
"""

import base64
import hashlib
import importlib.util
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from catalogs.errors import StorageError
from catalogs.fixity import OnBytes
from catalogs.origin import RemoteRoot
from tasks.storage.words import BY_NAME, UNREACHABLE, in_words

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0  # without a byte
TRIES = 3  # s3fs tries so often twice over, one loop within another
PIECE_BYTES = 16 << 20

_CHECKSUMS = {"ChecksumSHA256": "sha256", "ChecksumSHA1": "sha1", "ChecksumCRC32": "crc32"}


@dataclass(frozen=True)
class RemoteObject:
    """One object as it was listed.

    Attributes:
        path: relative to the root.
        tag: entity tag; opaque, for that of a multipart upload is no MD5.
        modified: seconds since 1970; 0 where the storage does not say.
    """

    path: str
    size_bytes: int
    tag: str
    modified: int


@dataclass(frozen=True)
class Bucket:
    """A folder in object storage, opened."""

    root: RemoteRoot
    files: Any

    def look(self, path: str) -> RemoteObject | None:
        """One object; None where there is none of that name.

        Raises:
            StorageError: the storage does not answer, or there is no such bucket.
        """
        with in_words():
            try:
                found = self.files.info(self._full(path))
            except FileNotFoundError:
                self._refuse_missing_bucket()
                return None
        return _object(path, found) if found["type"] == "file" else None

    def folder(self, path: str) -> dict[str, RemoteObject]:
        """The objects that lie in a folder itself, by name; nothing where there is none.

        Raises:
            StorageError: the storage does not answer, or there is no such bucket.
        """
        with in_words():
            try:
                found = self.files.ls(self._full(path), detail=True)
            except FileNotFoundError:
                self._refuse_missing_bucket()
                return {}
        inside = (one for one in found if one["type"] == "file" and one["name"] != self._full(path))
        names = ((PurePosixPath(one["name"]).name, one) for one in inside)
        below = f"{path}/" if path else ""
        return {name: _object(below + name, one) for name, one in names}

    def read(self, path: str, start: int, stop: int) -> bytes:
        """Bytes `[start, stop)` of an object, all of them.

        Raises:
            StorageError: they could not be had.
        """
        data = b""
        for _ in range(TRIES):
            with in_words():
                data = self.files.cat_file(self._full(path), start=start, end=stop)
            if len(data) == stop - start:
                return bytes(data)
        raise StorageError(
            f"{len(data)} bytes came for the {stop - start} from byte {start} on; {UNREACHABLE}"
        )

    def sha256(self, path: str, size_bytes: int, on_bytes: OnBytes | None = None) -> str:
        """SHA-256 of an object, read back to its last byte; `on_bytes` is told of each piece.

        Raises:
            StorageError: it could not be read.
        """
        digest = hashlib.sha256()
        for start in range(0, size_bytes, PIECE_BYTES):
            piece = self.read(path, start, min(start + PIECE_BYTES, size_bytes))
            digest.update(piece)
            if on_bytes:
                on_bytes(len(piece))
        return digest.hexdigest()

    def checksums(self, path: str) -> dict[str, str]:
        """What the storage itself says of the whole content: hexadecimal digests by algorithm.

        Nothing where it says nothing; a checksum of a multipart upload's parts is not of the whole.
        """
        if self.root.protocol != "s3":
            return {}
        bucket, _, key = self._full(path).partition("/")
        with in_words():
            said = self.files.call_s3("head_object", Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        if said.get("ChecksumType") == "COMPOSITE":
            return {}
        written = {name: said[field] for field, name in _CHECKSUMS.items() if said.get(field)}
        return {name: _hexadecimal(text) for name, text in written.items() if "-" not in text}

    def write(self, source: Path, path: str) -> None:
        """Copy a file there; in object storage it appears whole or not at all.

        Raises:
            StorageError: the storage would not take it.
        """
        with in_words():
            self.files.put_file(str(source), self._full(path))

    def remove(self, path: str) -> None:
        """Remove an object that we published.

        Raises:
            StorageError: it may not be removed.
        """
        with in_words():
            self.files.rm_file(self._full(path))

    def _full(self, path: str) -> str:
        place = self.root.url.partition("://")[2]
        return f"{place}/{path}" if path else place

    def _refuse_missing_bucket(self) -> None:
        with suppress(PermissionError):  # what may be read there need not be the bucket's own facts
            try:
                self.files.info(self.root.bucket)
            except FileNotFoundError as error:
                raise StorageError(BY_NAME["NoSuchBucket"]) from error


def open_bucket(root: RemoteRoot) -> Bucket:
    """Object storage at a URL.

    Raises:
        StorageError: what speaks to it is not installed.
    """
    with in_words():
        return Bucket(root, _filesystem(root.protocol))


def listing_of(objects: Iterable[RemoteObject]) -> str:
    """One digest of what was listed: another one means that something was written there."""
    lines = (f"{o.path}\0{o.size_bytes}\0{o.tag}\0{o.modified}\n" for o in objects)
    return hashlib.sha256("".join(sorted(lines)).encode(errors="surrogateescape")).hexdigest()


@cache
def _filesystem(protocol: str) -> Any:
    if protocol != "s3":
        return fsspec.filesystem(protocol, use_listings_cache=False)
    if importlib.util.find_spec("s3fs") is None:
        raise StorageError("s3:// needs s3fs; install wetgate with its extra `s3`")
    limits = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "retries": {"total_max_attempts": 1},  # s3fs tries again by itself
    }
    files = fsspec.filesystem("s3", use_listings_cache=False, config_kwargs=limits)
    files.retries = TRIES
    return files


def _object(path: str, found: dict[str, Any]) -> RemoteObject:
    when = found.get("LastModified") or found.get("mtime") or found.get("created") or 0
    seconds = when.timestamp() if hasattr(when, "timestamp") else 0
    with suppress(TypeError, ValueError):
        seconds = seconds or float(when)
    tag = str(found.get("ETag") or found.get("etag") or "")
    return RemoteObject(path, int(found["size"]), tag, int(seconds))


def _hexadecimal(text: str) -> str:
    return base64.b64decode(text).hex()
