"""Short clips as arrays of R'G'B', for the injection suite: read, and compressed on purpose.

For looking and testing, not for restoring: ffmpeg converts on the way.
"""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import ffmpeg
import numpy as np
import numpy.typing as npt

from catalogs.errors import MediaError
from tasks.media.probe import probe
from tasks.media.program import file_url, pipe

Bytes = npt.NDArray[np.uint8]


def read_clip(path: Path, start: int, frames: int, lines: int) -> tuple[Bytes, Fraction]:
    """Decode some frames at up to so many lines.

    Args:
        path: the file.
        start: first frame.
        frames: how many at most.
        lines: a taller picture is reduced by area.

    Returns:
        uint8 `[T, H, W, 3]` and the frame rate.

    Raises:
        MediaError: it cannot be read, or no frame was there.
    """
    header = probe(path)
    height = min(header.picture.height, lines)
    aspect = float(header.sample_aspect or 1) * header.picture.width / header.picture.height
    width = round(height * aspect)
    graph = (
        ffmpeg.input(file_url(path))
        .filter("trim", start_frame=start, end_frame=start + frames)
        .filter("scale", width, height, flags="area+accurate_rnd+full_chroma_int")
        .output("pipe:", format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough")
    )
    with pipe(graph, feed=False) as running:
        raw = running.stream.read()
        running.finish()
    pictures = np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
    if not len(pictures):
        raise MediaError(f"{path}: no frame from {start} on; choose an earlier start")
    return pictures, header.frame_rate or Fraction(25)


def compressed(pictures: Bytes, rate: float, quality: int) -> Bytes:
    """The pictures after H.264 at a constant rate factor, uint8 `[T, H, W, 3]`.

    Raises:
        MediaError: ffmpeg failed, or gave back another number of frames.
    """
    count, height, width, _ = pictures.shape
    shape = {"format": "rawvideo", "pix_fmt": "rgb24", "s": f"{width}x{height}", "r": rate}
    even = (width + width % 2, height + height % 2)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clip.mp4"
        encode = (
            ffmpeg.input("pipe:", **shape)
            .filter("pad", *even)
            .output(file_url(file), vcodec="libx264", crf=quality, pix_fmt="yuv420p", threads=1)
        )
        with pipe(encode, feed=True) as running:
            running.stream.write(pictures.tobytes())
            running.finish()
        decode = (
            ffmpeg.input(file_url(file))
            .filter("crop", width, height, 0, 0)
            .output("pipe:", format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough")
        )
        with pipe(decode, feed=False) as running:
            raw = running.stream.read()
            running.finish()
    found = np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
    if len(found) != count:
        raise MediaError(f"{len(found)} of {count} frames came back from H.264")
    return found
