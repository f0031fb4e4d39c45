"""Frames of a source by index, in its own samples, each proved by its hash.

A range is reached by seeking to the key frame before it and decoding from there. Seeking
in the formats that archives hold is not always exact, so every frame that comes out is
compared with the hash that the index has for that frame; where seeking gave another
frame, the range is read again from the start of the file, and where that differs too,
the source has changed.
"""

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from catalogs.errors import MediaError, SourceError
from catalogs.picture import PictureFormat
from catalogs.records import FrameIndex, Header
from tasks.media.program import file_url, pipe


def read_frames(
    path: Path, header: Header, index: FrameIndex, start_frame: int, stop_frame: int
) -> Iterator[bytes]:
    """Yield the samples of frames `[start_frame, stop_frame)`.

    Each is `picture.frame_bytes` bytes: planes one after the other, lines without
    padding, little endian. Memory does not grow with the range.

    Raises:
        ValueError: the range is not within the source.
        SourceError: a frame is missing or is not the one that was indexed.
    """
    if not 0 <= start_frame < stop_frame <= len(index):
        raise ValueError(f"[{start_frame}, {stop_frame}) is not within 0..{len(index)}")
    picture = header.picture
    expected = index.md5[start_frame:stop_frame]
    seek = _seek_graph(path, header, index, start_frame, len(expected))
    done = 0
    try:
        for frame in _proved(_raw_frames(seek, picture), expected, path, start_frame):
            yield frame
            done += 1
        return
    except (SourceError, MediaError):
        # Not only the first frame tells: after a miss among equal frames, a later one does.
        at = start_frame + done
    scan = _raw_frames(_scan_graph(path, picture, at, stop_frame), picture)
    yield from _proved(scan, expected[done:], path, at)


def read_picture(path: Path, picture: PictureFormat) -> Iterator[bytes]:
    """Yield every frame of a file that Wetgate wrote itself, from the first to the last."""
    yield from _raw_frames(_to_pipe(open_picture(path, picture)), picture)


def open_picture(path: Path, picture: PictureFormat, **options: Any) -> Any:
    """The first video stream of a file, its frames as they are.

    8-bit RGB is what FFV1 hands over as `bgr0`: its planes are taken apart, bit for bit.
    """
    stream = ffmpeg.input(file_url(path), noautorotate=None, **options)["v:0"]
    return stream.filter("format", "gbrp") if picture.pixel_format == "gbrp" else stream


def _seek_graph(path: Path, header: Header, index: FrameIndex, start: int, count: int) -> Any:
    """Decode from the key frame before `start`; half a frame of slack against rounding."""
    if start == 0:
        return _to_pipe(open_picture(path, header.picture), vframes=count)
    between = Fraction(index.pts[start - 1] + index.pts[start], 2) * header.time_base
    place = {"ss": f"{float(between):.6f}", "seek_timestamp": 1}
    return _to_pipe(open_picture(path, header.picture, **place), vframes=count)


def _scan_graph(path: Path, picture: PictureFormat, start: int, stop: int) -> Any:
    """Decode from the first frame and let only the range through."""
    chosen = open_picture(path, picture).filter("select", f"between(n,{start},{stop - 1})")
    return _to_pipe(chosen, vframes=stop - start)


def _to_pipe(stream: Any, **options: Any) -> Any:
    """Raw frames; `autoscale` off, or a picture that changes its size would be fitted."""
    return stream.output(
        "pipe:", format="rawvideo", fps_mode="passthrough", noautoscale=None, **options
    )


def _raw_frames(graph: Any, picture: PictureFormat) -> Iterator[bytes]:
    with pipe(graph, feed=False) as decoder:
        while len(frame := decoder.stream.read(picture.frame_bytes)) == picture.frame_bytes:
            yield frame
        decoder.finish()


def _proved(
    frames: Iterator[bytes], expected: tuple[str, ...], path: Path, start_frame: int
) -> Iterator[bytes]:
    """Pass on frames whose hashes are as expected, all of them, or raise."""
    for offset, digest in enumerate(expected):
        frame = next(frames, None)
        if frame is None or hashlib.md5(frame, usedforsecurity=False).hexdigest() != digest:
            what = "is missing" if frame is None else "is not what was ingested"
            raise SourceError(
                f"{path.name}: frame {start_frame + offset} {what}; the source has changed or "
                "its disk is failing"
            )
        yield frame
