"""Small pictures of every frame of a source, decoded once, in order, in constant memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from catalogs.errors import MediaError
from tasks.media.program import failure, file_url, pipe

THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH = 54, 96


def stream_thumbnails(source: Path) -> Iterator[NDArray[np.uint8]]:
    """Decode the first video stream of a source, read-only, in one pass.

    One thumbnail per decoded frame: nothing is dropped, repeated or rotated, whatever the
    time stamps and the header say. Every source is squeezed to 96x54 by area averaging;
    its shape is not kept, because only changes from frame to frame are looked at. Damage
    that the decoder conceals is not reported here.

    Yields:
        uint8 RGB `[54, 96, 3]`, gamma-coded, 0..255.

    Raises:
        MediaError: ffmpeg failed, or ended within a frame; carries its whole stderr.
    """
    frame_bytes = THUMBNAIL_HEIGHT * THUMBNAIL_WIDTH * 3
    with pipe(_thumbnail_graph(source), feed=False) as decoder:
        while len(data := decoder.stream.read(frame_bytes)) == frame_bytes:
            yield np.frombuffer(data, np.uint8).reshape(THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH, 3)
        stderr = decoder.finish()
        if data:
            raise MediaError(failure(decoder.line, 0, f"a frame is incomplete\n{stderr}"))


def _thumbnail_graph(source: Path) -> Any:
    """The ffmpeg graph that writes raw RGB thumbnails to its standard output."""
    video = ffmpeg.input(file_url(source), noautorotate=None)["v:0"]
    small = video.filter("scale", THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT, flags="area")
    return small.output("pipe:", format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough")
