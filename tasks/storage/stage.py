"""Stage: a source in object storage becomes files in scratch, verified, for as long as it is read.

What is staged is a reel's whole source, as `tasks.storage.listed` has it, or of an image sequence
the files of some frames. A copy counts when every file has the size that was listed, agrees with
each checksum that the storage has of the whole object, and the bucket lists the same again. The
SHA-256 of a whole source is compared with what was ingested each time it is taken up; of some
frames, the listing of the whole sequence is, and every frame is proved by its hash where it is
read (`tasks.media.read`). An entity tag is a name and never a checksum.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from catalogs.errors import SourceError, StorageError
from catalogs.fixity import hash_file, sha256_of_files
from catalogs.origin import RemoteRoot
from catalogs.records import Reel
from tasks.storage.bucket import Bucket, open_bucket
from tasks.storage.fetch import fetch
from tasks.storage.listed import Listed, held_by_name, parent_of
from tasks.storage.scratch import Scratch


@dataclass(frozen=True)
class Staged:
    """Copies in scratch.

    Attributes:
        root: folder that stands for the archive root.
        sha256: of the picture: of the file, or of an image sequence's files.
        sound_sha256: of the sound file, where there is one.
        said: what was copied and how it was verified.
        fresh: whether it was copied for this use.
        waited: seconds until it had room to be copied, or was there.
    """

    listed: Listed
    root: Path
    sha256: str
    sound_sha256: str | None
    said: str
    fresh: bool
    waited: float


@contextmanager
def staged(listed: Listed, scratch: Scratch) -> Iterator[Staged]:
    """Have a source in scratch, copied now or earlier.

    Raises:
        SourceError: it does not fit, cannot be had, or is not what the storage says of it.
    """
    written, root = listed.origin.path, RemoteRoot(listed.origin.root)
    asked, begun = time.monotonic(), list[float]()

    def fill(folder: Path) -> str:
        begun.append(time.monotonic())
        bucket = open_bucket(root)
        try:
            evidence = fetch(bucket, listed.objects, folder)
        except OSError as error:
            raise StorageError(
                f"cannot be copied to {folder} ({error.strerror}); free its disk"
            ) from error
        _refuse_changed(bucket, listed)
        size = f"{len(listed.objects)} objects, {listed.size_bytes} bytes of {listed.origin.url}"
        return json.dumps({**_digests(listed, folder), "said": f"{size}: {evidence}"})

    with (
        held_by_name(written),
        scratch.use(listed.key, listed.size_bytes, fill) as (folder, found),
    ):
        facts, waited = json.loads(found), (begun[0] if begun else time.monotonic()) - asked
        yield Staged(
            listed, folder, facts["picture"], facts["sound"], facts["said"], bool(begun), waited
        )


def staged_reel(reel: Reel, copies: Staged) -> Reel:
    """The reel that was ingested, its files where they are staged.

    Raises:
        SourceError: the copies are not what was ingested: the source in the bucket has changed.
    """
    _refuse(reel, "the source", reel.content.sha256, copies.sha256)
    _refuse(reel, "the sound", reel.content.sound_sha256, copies.sound_sha256)
    return _in_copies(reel, copies)


def part_is_enough(reel: Reel, listed: Listed, scratch: Scratch) -> bool:
    """Whether who needs a part of the source is served by that part.

    Not of a file, which is had whole; not where this host has the whole source already; and not
    where the bucket lists other objects than were ingested, of which only SHA-256 can tell whether
    they hold the same.
    """
    same = reel.origin is not None and listed.origin.listing == reel.origin.listing
    return reel.header.sequence is not None and same and not scratch.holds(listed.key)


def staged_part(reel: Reel, copies: Staged) -> Reel:
    """The reel that was ingested, a part of its source where it is staged.

    Raises:
        SourceError: the sound is not what was ingested.
    """
    if copies.listed.sound is not None:
        _refuse(reel, "the sound", reel.content.sound_sha256, copies.sound_sha256)
    return _in_copies(reel, copies)


def ingested_there(reel: Reel, copies: Staged) -> Reel:
    """A reel that was ingested from staged copies, with its place in object storage."""
    origin = copies.listed.origin
    sound = Path(RemoteRoot(origin.root).below(origin.sound_path)) if origin.sound_path else None
    return replace(reel, source=Path(origin.url), sound_source=sound, origin=origin)


def _refuse(reel: Reel, which: str, was: str | None, found: str | None) -> None:
    if was != found:
        raise SourceError(
            f"{reel.place}: {which} is not what was ingested (sha256 {was}, now {found}); it has "
            "changed in the bucket; restore it from a copy or from an earlier version of the object"
        )


def _in_copies(reel: Reel, copies: Staged) -> Reel:
    sound = copies.listed.sound
    return replace(
        reel,
        source=copies.root / copies.listed.origin.path,
        sound_source=copies.root / sound.path if sound else None,
    )


def _refuse_changed(bucket: Bucket, listed: Listed) -> None:
    """The same listing before and after: what was copied is of one version of each object."""
    if len(listed.picture) <= 1:
        now = [bucket.look(one.path) for one in listed.objects]
    else:
        folder = bucket.folder(parent_of(listed.picture[0].path))
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
        "picture": sha256_of_files(each) if _of_a_folder(listed) else each[0],
        "sound": hash_file(sound, "sha256")["sha256"] if sound else None,
    }


def _of_a_folder(listed: Listed) -> bool:
    return [one.path for one in listed.picture] != [listed.origin.path]
