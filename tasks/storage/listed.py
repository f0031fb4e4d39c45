"""A reel's source as a bucket lists it: names, sizes, tags and times; nothing is copied.

The listing stands as empty files in a folder, so that all rules of `tasks.find` hold for it.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from catalogs.errors import CatalogError, NoAnswerError, SourceError, StorageError
from catalogs.origin import Origin, RemoteRoot
from catalogs.paths import confine
from catalogs.records import CatalogReel, Reel
from tasks import find
from tasks.find import FoundSource, find_source
from tasks.media.sequence import split_pattern
from tasks.storage.bucket import Bucket, RemoteObject, listing_of, open_bucket

# Who asks for reel after reel must not wait for a storage that does not answer as often as there
# are reels: for a while it is not asked about any, and each is listed when its own work begins.
REST_SECONDS = 600.0
_not_asked: dict[str, tuple[float, str]] = {}  # by root: until when, and what it said


@dataclass(frozen=True)
class Part:
    """What somebody reads of an image sequence: frames `[start_frame, stop_frame)`, the sound."""

    start_frame: int = 0
    stop_frame: int = 0
    sound: bool = False


@dataclass(frozen=True)
class Listed:
    """A reel's source as a bucket lists it.

    Attributes:
        origin: where it lies.
        picture: its files, in the order of the frames.
        sound: the file of its sound, where that lies beside the picture.
    """

    origin: Origin
    picture: tuple[RemoteObject, ...]
    sound: RemoteObject | None

    @property
    def objects(self) -> tuple[RemoteObject, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys((*self.picture, *((self.sound,) if self.sound else ()))))

    def only(self, part: "Part") -> "Listed":
        """Of an image sequence: the files of a part alone."""
        picture = self.picture[part.start_frame : part.stop_frame]
        sound = self.sound if part.sound else None
        listing = listing_of((*picture, *((sound,) if sound else ())))
        return Listed(replace(self.origin, listing=listing), picture, sound)

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(one.size_bytes for one in self.objects)

    @property
    def key(self) -> str:
        """Names the copies of exactly this."""
        roles = f"{len(self.picture)}\n{self.sound.path if self.sound else ''}"
        said = f"{self.origin.root}\n{self.origin.listing}\n{roles}"
        return hashlib.sha256(said.encode(errors="surrogateescape")).hexdigest()[:32]


def list_source(catalog: CatalogReel, root: RemoteRoot) -> Listed:
    """The source of a reel in object storage; nothing is copied.

    Raises:
        NoAnswerError: the storage does not answer, or refuses.
        SourceError: whatever `find_source` raises.
    """
    with held_by_name(catalog.path), tempfile.TemporaryDirectory(prefix="wetgate-listing-") as name:
        mirror, bucket = Path(name), open_bucket(root)
        objects = _mirror(bucket, mirror, catalog.path)
        if catalog.sound_path:
            objects |= _mirror(bucket, mirror, catalog.sound_path)
        found = find_source(catalog, mirror)
        below = Path(os.path.realpath(mirror))
        picture = tuple(objects[_relative(path, below)] for path in found.picture_files())
        sound = objects[_relative(found.sound, below)] if found.sound else None
        path = _relative(found.path, below)
    listing = listing_of((*picture, *((sound,) if sound else ())))
    origin = Origin(root.url, path, sound.path if sound else None, listing)
    return Listed(origin, picture, sound)


def list_again(reel: Reel) -> Listed:
    """The source of a reel that was ingested, as its bucket lists it now.

    Raises:
        NoAnswerError: the storage does not answer, or refuses.
        SourceError: a file of it is not there any more.
    """
    origin = reel.origin
    assert origin is not None  # the caller asked
    with held_by_name(reel.catalog.path):
        bucket = open_bucket(RemoteRoot(origin.root))
        if reel.header.sequence is None:
            picture: tuple[RemoteObject, ...] = (_there(bucket.look(origin.path), origin.path),)
        else:
            known = bucket.folder(origin.path)
            names = (path.name for path in FoundSource.of(reel).picture_files())
            picture = tuple(_there(known.get(name), f"{origin.path}/{name}") for name in names)
        sound = None
        if origin.sound_path:
            sound = _there(bucket.look(origin.sound_path), origin.sound_path)
    listing = listing_of((*picture, *((sound,) if sound else ())))
    return Listed(replace(origin, listing=listing), picture, sound)


def is_unchanged(reel: Reel, root: Path | RemoteRoot) -> bool:
    """True when the source's files, and no others, are as they were when it was ingested.

    Files are compared by size and time, objects by these and their tags; nothing is read.

    Raises:
        NoAnswerError: its storage did not answer, now or a short while ago.
    """
    if isinstance(root, Path):
        return find.is_unchanged(reel, root)
    try:
        return look_for(reel.catalog, root).origin == reel.origin
    except NoAnswerError:
        raise
    except SourceError:
        return False


def look_for(catalog: CatalogReel, root: RemoteRoot) -> Listed:
    """As `list_source`, for who asks for reel after reel.

    Raises:
        NoAnswerError: the storage did not answer, now or a short while ago.
        SourceError: as `list_source`.
    """
    with _asked_once(root.url, catalog.path):
        return list_source(catalog, root)


def is_there(reel: Reel) -> bool:
    """The same where no archive root is known: of the files that were ingested.

    Raises:
        NoAnswerError: as `is_unchanged`.
    """
    if reel.origin is None:
        return find.is_there(reel)
    try:
        with _asked_once(reel.origin.root, reel.catalog.path):
            return list_again(reel).origin == reel.origin
    except NoAnswerError:
        raise
    except SourceError:
        return False


def _mirror(bucket: Bucket, mirror: Path, written: str) -> dict[str, RemoteObject]:
    """Stand empty files for what a path of the catalog may name; by path below the root."""
    try:
        path = confine(mirror, written)
    except CatalogError:
        return {}  # which `find_source` says with line and field
    relative = _relative(path, Path(os.path.realpath(mirror)))
    if split_pattern(path) is not None:
        found = bucket.folder(relative) or bucket.folder(parent_of(relative))
    elif (one := bucket.look(relative)) is not None:
        found = {path.name: one}
    else:
        found = bucket.folder(relative)
    objects = {one.path: one for one in found.values()}
    for one in objects.values():
        target = mirror / one.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as stream:
            stream.truncate(one.size_bytes)
    return objects


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _there(found: RemoteObject | None, path: str) -> RemoteObject:
    if found is None:
        raise SourceError(f"{path} is not there any more; bring it back, then run the night again")
    return found


def parent_of(path: str) -> str:
    """The folder of something below a root; "" for the root itself."""
    return path.rpartition("/")[0]


@contextmanager
def held_by_name(written: str) -> Iterator[None]:
    """A fault of the storage holds the reel, by the name that its catalog has for it."""
    try:
        yield
    except StorageError as error:
        raise NoAnswerError(f"{written}: {error}; then run the night again") from error


@contextmanager
def _asked_once(root: str, written: str) -> Iterator[None]:
    """A storage that did not answer is let alone for a while."""
    until, said = _not_asked.get(root, (0.0, ""))
    if time.monotonic() < until:
        raise NoAnswerError(f"{written}: not asked for now, for of another reel it said: {said}")
    try:
        yield
    except NoAnswerError as error:
        _not_asked[root] = (time.monotonic() + REST_SECONDS, str(error))
        raise
