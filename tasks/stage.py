"""Stage: a source in object storage becomes files in scratch, verified, for as long as it is read.

What is staged is a reel's whole source, as `tasks.find` finds it: names and sizes are listed first
and stand as empty files, so that all its rules hold, and then what belongs to the reel is copied.
A copy counts when every file has the size that was listed, agrees with each checksum that the
storage has of the whole object, and the bucket lists the same again. Its SHA-256 is compared with
what was ingested each time it is taken up. An entity tag is a name and never a checksum.
"""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from catalogs.errors import CatalogError, SourceError, StorageError
from catalogs.fixity import hash_file, sha256_of_files
from catalogs.origin import Origin, RemoteRoot
from catalogs.paths import confine
from catalogs.records import CatalogReel, Reel
from tasks import find
from tasks.bucket import Bucket, RemoteObject, listing_of, open_bucket
from tasks.fetch import fetch
from tasks.find import FoundSource, find_source
from tasks.media.sequence import split_pattern
from tasks.scratch import Scratch

# Who asks for reel after reel must not wait for a storage that is silent as often as there are
# reels: for a while none counts as unchanged, and each is then looked at by itself.
SILENT_SECONDS = 20.0
REST_SECONDS = 600.0
_not_asked_before: dict[str, float] = {}


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

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(one.size_bytes for one in self.objects)

    @property
    def key(self) -> str:
        """Names the copies of exactly this."""
        return hashlib.sha256(f"{self.origin.root}\n{self.origin.listing}".encode()).hexdigest()[
            :32
        ]


@dataclass(frozen=True)
class Staged:
    """Copies in scratch.

    Attributes:
        root: folder that stands for the archive root.
        sha256: of the picture: of the file, or of an image sequence's files.
        sound_sha256: of the sound file, where there is one.
        said: what was copied and how it was verified.
        fresh: whether it was copied for this use.
    """

    listed: Listed
    root: Path
    sha256: str
    sound_sha256: str | None
    said: str
    fresh: bool


def list_source(catalog: CatalogReel, root: RemoteRoot) -> Listed:
    """The source of a reel in object storage; nothing is copied.

    Raises:
        SourceError: whatever `find_source` raises, or the storage does not answer.
    """
    with _held(catalog.path), tempfile.TemporaryDirectory(prefix="wetgate-listing-") as name:
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
        SourceError: a file of it is not there any more, or the storage does not answer.
    """
    origin = reel.origin
    assert origin is not None  # the caller asked
    with _held(reel.catalog.path):
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
    """
    if isinstance(root, Path):
        return find.is_unchanged(reel, root)
    if time.monotonic() < _not_asked_before.get(root.url, 0.0):
        return False
    began = time.monotonic()
    try:
        return list_source(reel.catalog, root).origin == reel.origin
    except SourceError:
        if time.monotonic() - began > SILENT_SECONDS:
            _not_asked_before[root.url] = time.monotonic() + REST_SECONDS
        return False


def is_there(reel: Reel) -> bool:
    """The same where no archive root is known: of the files that were ingested."""
    if reel.origin is None:
        return find.is_there(reel)
    try:
        return list_again(reel).origin == reel.origin
    except SourceError:
        return False


@contextmanager
def staged(listed: Listed, scratch: Scratch) -> Iterator[Staged]:
    """Have a source in scratch, copied now or earlier.

    Raises:
        SourceError: it does not fit, cannot be had, or is not what the storage says of it.
    """
    written, root = listed.origin.path, RemoteRoot(listed.origin.root)
    fresh: list[bool] = []

    def fill(folder: Path) -> str:
        bucket = open_bucket(root)
        try:
            evidence = fetch(bucket, listed.objects, folder)
        except OSError as error:
            raise StorageError(
                f"cannot be copied to {folder} ({error.strerror}); free its disk"
            ) from error
        _refuse_changed(bucket, listed)
        fresh.append(True)
        size = f"{len(listed.objects)} objects, {listed.size_bytes} bytes of {listed.origin.url}"
        return json.dumps({**_digests(listed, folder), "said": f"{size}: {evidence}"})

    with (
        _held(written),
        scratch.use(listed.key, listed.size_bytes, fill) as (folder, found),
    ):
        facts = json.loads(found)
        yield Staged(listed, folder, facts["picture"], facts["sound"], facts["said"], bool(fresh))


def staged_reel(reel: Reel, copies: Staged) -> Reel:
    """The reel that was ingested, its files where they are staged.

    Raises:
        SourceError: the copies are not what was ingested: the source in the bucket has changed.
    """
    known, now = reel.content, (copies.sha256, copies.sound_sha256)
    if now != (known.sha256, known.sound_sha256):
        which = "the source" if copies.sha256 != known.sha256 else "the sound"
        was, found = (
            (known.sha256, now[0]) if which == "the source" else (known.sound_sha256, now[1])
        )
        raise SourceError(
            f"{reel.place}: {which} is not what was ingested (sha256 {was}, now {found}); it has "
            "changed in the bucket; restore it from a copy or from an earlier version of the object"
        )
    sound = copies.listed.origin.sound_path
    return replace(
        reel,
        source=copies.root / copies.listed.origin.path,
        sound_source=copies.root / sound if sound else None,
    )


def ingested_there(reel: Reel, copies: Staged) -> Reel:
    """A reel that was ingested from staged copies, with its place in object storage."""
    origin = copies.listed.origin
    sound = Path(RemoteRoot(origin.root).below(origin.sound_path)) if origin.sound_path else None
    return replace(reel, source=Path(origin.url), sound_source=sound, origin=origin)


def _mirror(bucket: Bucket, mirror: Path, written: str) -> dict[str, RemoteObject]:
    """Stand empty files for what a path of the catalog may name; by path below the root."""
    try:
        path = confine(mirror, written)
    except CatalogError:
        return {}  # which `find_source` says with line and field
    relative = _relative(path, Path(os.path.realpath(mirror)))
    if split_pattern(path) is not None:
        found = bucket.folder(relative) or bucket.folder(_parent(relative))
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
        raise StorageError(f"{path} is not there any more; bring it back")
    return found


def _refuse_changed(bucket: Bucket, listed: Listed) -> None:
    """The same listing before and after: what was copied is of one version of each object."""
    if len(listed.picture) == 1:
        now = [bucket.look(one.path) for one in listed.objects]
    else:
        folder = bucket.folder(_parent(listed.picture[0].path))
        now = [folder.get(PurePosixPath(one.path).name) for one in listed.picture]
        now += [bucket.look(listed.sound.path)] if listed.sound else []
    for before, after in zip(listed.objects, now, strict=True):
        if before != after:
            raise StorageError(f"{before.path} changed while it was read; let it come to rest")


def _digests(listed: Listed, folder: Path) -> dict[str, str | None]:
    files = [folder / one.path for one in listed.picture]
    each = [hash_file(path, "sha256")["sha256"] for path in files]
    sound = folder / listed.sound.path if listed.sound else None
    return {
        "picture": each[0] if not _is_folder(listed) else sha256_of_files(each),
        "sound": hash_file(sound, "sha256")["sha256"] if sound else None,
    }


def _is_folder(listed: Listed) -> bool:
    return listed.picture[0].path != listed.origin.path


def _parent(path: str) -> str:
    """The folder of something below a root; "" for the root itself."""
    return path.rpartition("/")[0]


@contextmanager
def _held(written: str) -> Iterator[None]:
    """A fault of the storage holds the reel, by the name that its catalog has for it."""
    try:
        yield
    except StorageError as error:
        raise SourceError(f"{written}: {error}; then run the night again") from error
