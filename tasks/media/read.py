"""Frames of a source by index, in its own samples, each proved by its hash.

A range is reached by seeking to the key frame before it and decoding from there. Seeking
in the formats that archives hold is not always exact, so every frame that comes out is
compared with the hash that the index has for that frame; where seeking gave another
frame, the range is read again from the start of the file, and where that differs too,
the source has changed. An image sequence is entered at the frame's own file.
"""

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from zlib_ng.zlib_ng import crc32

from catalogs.errors import MediaError, SourceError, VerificationError
from catalogs.picture import PictureFormat
from catalogs.source import FrameIndex, Header
from tasks.media.program import pipe
from tasks.media.source import (
    DEINTERLACE_LEAD,
    open_file,
    open_source,
    read_as,
    sequence_input,
)


def read_frames(
    path: Path, header: Header, index: FrameIndex, start_frame: int, stop_frame: int
) -> Generator[bytes, None, None]:
    """Yield the samples of frames `[start_frame, stop_frame)`.

    Each is `picture.frame_bytes` bytes: planes one after the other, lines without
    padding, little endian. Memory does not grow with the range.

    Raises:
        ValueError: the range is not within the source.
        SourceError: a frame is missing or is not the one that was indexed.
    """
    if not 0 <= start_frame < stop_frame <= len(index):
        raise ValueError(f"[{start_frame}, {stop_frame}) is not within 0..{len(index)}")
    expected = _Expected.of(index, start_frame, stop_frame)
    if header.sequence is not None:
        files = _sequence_frames(path, header, start_frame, stop_frame)
        yield from _proved(files, expected, path)
        return
    seek = _seek_frames(path, header, index, start_frame, stop_frame - start_frame)
    done = 0
    try:
        for frame in _proved(seek, expected, path):
            yield frame
            done += 1
        return
    except (SourceError, MediaError) as error:
        if not path.exists():
            raise SourceError(
                f"{path.name}: is not there any more; bring it back and run the night again"
            ) from error
        # Not only the first frame tells: after a miss among equal frames, a later one does.
        at = start_frame + done
    scan = _raw_frames(_scan_graph(path, header, at, stop_frame), header.picture)
    yield from _proved(scan, _Expected.of(index, at, stop_frame), path)


def read_written(
    path: Path, header: Header, rate: Fraction, frame_md5: Sequence[str], start: int, stop: int
) -> Iterator[bytes]:
    """Yield frames `[start, stop)` of a restored shot's file, each proved by its hash.

    Args:
        path: the file that `ffv1_writer` wrote.
        header: of the reel's source.
        rate: frames per second it was written at.
        frame_md5: hash of every frame, as recorded.
        start: first frame, counted in the shot.
        stop: frame after the last.

    Raises:
        VerificationError: the file does not hold the frames recorded.
    """
    times = tuple(round(1000 * n / rate) for n in range(len(frame_md5)))
    own = replace(header, time_base=Fraction(1, 1000), sequence=None, deinterlaced=False)
    try:
        yield from read_frames(path, own, FrameIndex(times, tuple(frame_md5)), start, stop)
    except (SourceError, MediaError) as error:
        raise VerificationError(
            f"{path.name} does not hold the frames that were restored; run the night again to "
            f"write them anew ({error})"
        ) from error


def proved(
    frames: Iterator[bytes], index: FrameIndex, start: int, stop: int, path: Path
) -> Iterator[bytes]:
    """Pass on frames `[start, stop)` of a source, each proved by its hash.

    Args:
        frames: what they are taken to be, however they were come by.
        index: the hashes of the source's frames.
        start: number of the first.
        stop: number after the last.
        path: what is named where they are others.

    Raises:
        SourceError: a frame is missing or is not the one that was indexed.
    """
    yield from _proved(frames, _Expected.of(index, start, stop), path)


def read_picture(path: Path, picture: PictureFormat) -> Generator[bytes, None, None]:
    """Yield every frame of a file that Wetgate wrote itself, from the first to the last."""
    yield from _raw_frames(_to_pipe(open_file(path, picture)), picture)


def _sequence_frames(folder: Path, header: Header, start: int, stop: int) -> Iterator[bytes]:
    assert header.sequence is not None  # the caller asked
    with sequence_input(folder, header.sequence, start, stop) as source:
        graph = _to_pipe(read_as(source["v:0"], header), vframes=stop - start)
        try:
            yield from _raw_frames(graph, header.picture)
        except MediaError as error:
            raise SourceError(
                f"{folder.name}: files cannot be decoded any more: {error}"
            ) from error


def _seek_frames(
    path: Path, header: Header, index: FrameIndex, start: int, count: int
) -> Iterator[bytes]:
    """Decode from the key frame before `start`; half a frame of slack against rounding."""
    lead = min(start, DEINTERLACE_LEAD) if header.deinterlaced else 0
    first = start - lead
    place = {}
    if first > 0:
        between = Fraction(index.pts[first - 1] + index.pts[first], 2) * header.time_base
        place = {"ss": f"{float(between):.6f}", "seek_timestamp": 1}
    graph = _to_pipe(open_source(path, header, **place), vframes=lead + count)
    return islice(_raw_frames(graph, header.picture), lead, None)


def _scan_graph(path: Path, header: Header, start: int, stop: int) -> Any:
    """Decode from the first frame and let only the range through."""
    chosen = open_source(path, header).filter("select", f"between(n,{start},{stop - 1})")
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


@dataclass(frozen=True)
class _Expected:
    """The frames from `start_frame` on, by what is quick to compute of those recorded."""

    start_frame: int
    hashes: tuple[object, ...]
    hash_of: Callable[[bytes], object]

    @staticmethod
    def of(index: FrameIndex, start: int, stop: int) -> "_Expected":
        if index.crc32:
            return _Expected(start, index.crc32[start:stop], crc32)
        return _Expected(start, index.md5[start:stop], _md5)


def _proved(frames: Iterator[bytes], expected: _Expected, path: Path) -> Iterator[bytes]:
    """Pass on frames whose hashes are as expected, all of them, or raise."""
    number = expected.start_frame
    for planned, frame in zip(expected.hashes, frames, strict=False):
        if expected.hash_of(frame) != planned:
            raise _unproved(path, number, "is not what was ingested")
        yield frame
        number += 1
    if number - expected.start_frame < len(expected.hashes):
        raise _unproved(path, number, "is missing")


def _md5(frame: bytes) -> str:
    return hashlib.md5(frame, usedforsecurity=False).hexdigest()


def _unproved(path: Path, frame: int, what: str) -> SourceError:
    return SourceError(
        f"{path.name}: frame {frame} {what}; the source has changed or its disk is failing"
    )
