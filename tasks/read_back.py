"""A restored shot read back from the disk, the source's frames beside its own.

    restored.mkv ──┬─────────────────────────────> restored frames, proved by their MD5
    change.mkv  ───┴─> restored less change ─┬───> source frames, proved by the source's index
    source ──────────────────────────────────┘

The source's frames come from whichever is less to read: the source, or the change map, which of a
shot that is hardly touched is next to nothing. They are the same frames, and are proved so.
"""

import hashlib
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

from catalogs.errors import SourceError, VerificationError
from catalogs.records import Reel, RestoredShot
from catalogs.source import FrameIndex
from catalogs.store import Store
from models.contract import Frame
from tasks.media.read import proved, read_frames, read_picture
from tasks.pipeline import read_ahead
from tasks.samples import frames_from, source_bytes


def read_back(
    reel: Reel, index: FrameIndex, restored: RestoredShot, store: Store
) -> Generator[tuple[Frame, Frame], None, None]:
    """Yield (source frame, restored frame), one and the same where they are equal.

    Raises:
        VerificationError: a file does not hold what restoration recorded.
        SourceError: the source is no longer what was ingested.
    """
    picture = reel.header.picture
    with closing(read_ahead(_both(reel, index, restored, store))) as pairs:
        for before, after in pairs:
            (first,) = frames_from([before], picture, "cpu")
            yield first, first if after == before else next(frames_from([after], picture, "cpu"))


def is_lighter(change_file: Path, reel: Reel, frames: int) -> bool:
    """Whether a change map is less to read than so many frames of the source."""
    whole = reel.content
    return change_file.stat().st_size * whole.frame_count < whole.picture_bytes * frames


def _both(
    reel: Reel, index: FrameIndex, restored: RestoredShot, store: Store
) -> Generator[tuple[bytes, bytes], None, None]:
    shot, change_file = restored.shot, store.root / restored.change_file
    if is_lighter(change_file, reel, shot.frame_count):
        yield from _computed_back(reel, index, restored, store)
        return
    source = read_frames(reel.source, reel.header, index, shot.start_frame, shot.stop_frame)
    with closing(source):
        yield from zip(source, _restored(reel, restored, store), strict=True)


def _computed_back(
    reel: Reel, index: FrameIndex, restored: RestoredShot, store: Store
) -> Iterator[tuple[bytes, bytes]]:
    shot, picture = restored.shot, reel.header.picture
    change_file = store.root / restored.change_file
    restored_frames = _restored(reel, restored, store)
    latest: list[bytes] = []

    def differences() -> Iterator[bytes]:
        with closing(read_picture(change_file, picture)) as changes:
            for frame, change in zip(restored_frames, changes, strict=False):
                latest[:] = [frame]
                yield source_bytes(frame, change, picture)

    try:
        for before in proved(differences(), index, shot.start_frame, shot.stop_frame, change_file):
            yield before, latest[0]
    except SourceError as error:
        raise VerificationError(
            f"{change_file.name}: the source cannot be computed back from it; run the night again "
            f"to write it anew ({error})"
        ) from error
    next(restored_frames, None)  # to the end of the file: its frames are counted


def _restored(reel: Reel, restored: RestoredShot, store: Store) -> Iterator[bytes]:
    path = store.root / restored.picture_file
    count = 0
    for frame in read_picture(path, reel.header.picture):
        digest = hashlib.md5(frame, usedforsecurity=False).hexdigest()
        if count >= len(restored.frame_md5) or digest != restored.frame_md5[count]:
            raise VerificationError(f"{path.name}: frame {count} is not the one that was restored")
        count += 1
        yield frame
    if count != len(restored.frame_md5):
        raise VerificationError(f"{path.name}: {count} of {len(restored.frame_md5)} frames")
