"""Frames of a source beside those of a restored shot, for who shows them.

They are read from the source. Where that lies in object storage nothing is copied for it: the
restored frames and the change map give the source's own samples back exactly, and each frame is
compared with the hash that it was ingested with.
"""

import hashlib
from collections.abc import Iterator
from itertools import islice

from catalogs.errors import VerificationError
from catalogs.records import Reel, RestoredShot
from catalogs.source import FrameIndex
from catalogs.store import Store
from tasks.media.read import read_frames, read_picture, read_written
from tasks.samples import source_bytes


def source_frames(
    store: Store, reel: Reel, index: FrameIndex, restored: RestoredShot, start: int, stop: int
) -> Iterator[bytes]:
    """Frames `[start, stop)` of the source, counted in a restored shot, each proved.

    Raises:
        SourceError: the source is no longer what was ingested.
        VerificationError: the files of the shot do not give back what was ingested.
        MediaError: a file of the shot cannot be decoded.
    """
    first = restored.shot.start_frame
    if reel.origin is None:
        yield from read_frames(reel.source, reel.header, index, first + start, first + stop)
        return
    picture = reel.header.picture
    after = read_written(
        store.root / restored.picture_file, reel.header, reel.frame_rate, restored.frame_md5,
        start, stop,
    )  # fmt: skip
    changes = islice(read_picture(store.root / restored.change_file, picture), start, stop)
    for number, (frame, change) in enumerate(zip(after, changes, strict=True), first + start):
        before = source_bytes(frame, change, picture)
        if hashlib.md5(before, usedforsecurity=False).hexdigest() != index.md5[number]:
            raise VerificationError(
                f"{restored.change_file}: does not give back frame {number} of the source; run "
                "`wetgate verify`"
            )
        yield before
