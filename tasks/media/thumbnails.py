"""Small pictures of every frame of a source, in order, in constant memory.

One thumbnail per decoded frame: nothing is dropped, repeated or rotated, whatever the
time stamps and the header say. Every source is squeezed to 96x54 by area averaging; its
shape is not kept, because only changes from frame to frame are looked at.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from catalogs.errors import MediaError
from tasks.media.program import failure, pipe
from tasks.media.source import open_input

THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH = 54, 96

Thumbnail = NDArray[np.uint8]  # RGB [54, 96, 3], gamma-coded, 0..255


def stream_thumbnails(source: Path) -> Iterator[Thumbnail]:
    """Decode the first video stream of a file, read-only, in one pass.

    Damage that the decoder conceals is not reported here.

    Raises:
        MediaError: ffmpeg failed, or ended within a frame; carries its whole stderr.
    """
    with pipe(shrunk(open_input(source)["v:0"], "pipe:"), feed=False) as decoder:
        partial = yield from read_thumbnails(decoder.stream)
        stderr = decoder.finish()
        if partial:
            raise MediaError(failure(decoder.line, 0, f"a frame is incomplete\n{stderr}"))


def shrunk(video: Any, url: str) -> Any:
    """The output of ffmpeg that carries a video stream's thumbnails."""
    small = video.filter("scale", THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT, flags="area")
    return small.output(url, format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough")


def read_thumbnails(stream: IO[bytes]) -> Generator[Thumbnail, None, bytes]:
    """Yield thumbnails to the end of a stream; returns the bytes of an incomplete one."""
    frame_bytes = THUMBNAIL_HEIGHT * THUMBNAIL_WIDTH * 3
    while len(data := stream.read(frame_bytes)) == frame_bytes:
        yield np.frombuffer(data, np.uint8).reshape(THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH, 3)
    return data
