"""Proxy: what a reviewer sees of a restored shot, before, after and what changed.

    source frames   ──┬──> source | restored | change  ──> one file, and its numbers per frame
    restored frames ──┘

Both sides are read and proved by their hashes. The change is computed from the samples as they are
on disk: |restored - source| over full scale, the largest of the planes, and, where the proxy
reduces the picture, of a sample's neighbours, so that a single changed sample survives. Its code is
0 where nothing changed, else `FLOOR + (255 - FLOOR) * sqrt(change)`: the smallest change of 8 bits
stands clear of what the codec adds.
"""

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from catalogs.durable import write_whole
from catalogs.errors import SourceError
from catalogs.picture import PictureFormat
from catalogs.records import Reel, RestoredShot
from catalogs.source import ColourTags, FrameIndex
from catalogs.store import Store
from tasks.media.proxy import panels_of, proxy_writer
from tasks.media.read import read_written
from tasks.media.still import is_full_range, split_planes
from tasks.source_frames import source_frames

FLOOR = 20  # code of the smallest change
PROXY_VERSION = 1  # another one makes every proxy anew
OnFrame = Callable[[int], None]
Codes = NDArray[np.uint8]
Plane = NDArray[np.uint16]


def build_proxy(
    store: Store,
    reel: Reel,
    index: FrameIndex,
    restored: RestoredShot,
    target: Path,
    on_frame: OnFrame | None = None,
) -> None:
    """Make the proxy of a restored shot, and beside it its numbers per frame (`.json`).

    Args:
        store: where the restored frames lie.
        reel: the reel the shot is of.
        index: its frames.
        restored: what restoration recorded.
        target: the MP4 file; whole or not at all.
        on_frame: told how many frames are done.

    Raises:
        SourceError: the source is no longer what was ingested, or a file is missing.
        VerificationError: the restored file does not hold the frames recorded.
        MediaError: the encoder failed.
    """
    picture, numbers = reel.header.picture, Numbers(reel.header.picture)
    with proxy_writer(target, reel.header, reel.frame_rate) as writer:
        for before, after in shot_sides(store, reel, index, restored):
            old, new = split_planes(before, picture), split_planes(after, picture)
            writer.write(before, after, change_frame(old, new, picture, reel.header.colour))
            numbers.count(old, new)
            if on_frame:
                on_frame(writer.frame_count)
        write_whole(target.with_suffix(".json"), json.dumps(numbers.series()).encode())


def shot_sides(
    store: Store, reel: Reel, index: FrameIndex, restored: RestoredShot
) -> Iterator[tuple[bytes, bytes]]:
    """Frames of the source and of the restored shot, all of them, both proved."""
    yield from _sides(store, reel, index, restored, 0, restored.shot.frame_count)


def frame_sides(
    store: Store, reel: Reel, index: FrameIndex, restored: RestoredShot, frame: int
) -> tuple[bytes, bytes]:
    """One frame of the shot, counted from 0, of the source and restored, both proved."""
    (sides,) = _sides(store, reel, index, restored, frame, frame + 1)
    return sides


def _sides(
    store: Store, reel: Reel, index: FrameIndex, restored: RestoredShot, start: int, stop: int
) -> Iterator[tuple[bytes, bytes]]:
    needed = [store.root / restored.picture_file, *(() if reel.origin else (reel.source,))]
    for path in needed:
        if not path.exists():
            raise SourceError(f"{path.name} is not where it was; mount its disk or restore it")
    before = source_frames(store, reel, index, restored, start, stop)
    after = read_written(
        store.root / restored.picture_file, reel.header, reel.frame_rate, restored.frame_md5,
        start, stop,
    )  # fmt: skip
    yield from zip(before, after, strict=True)


def change_frame(
    before: list[Plane], after: list[Plane], picture: PictureFormat, colour: ColourTags
) -> bytes:
    """The change of a frame as a raw frame of the source's own format, grey."""
    codes = change_codes(before, after, picture)
    if picture.layout == "rgb" or is_full_range(picture, colour):
        black, span = 0, picture.peak
    else:
        black, span = 16 << (picture.depth - 8), 219 << (picture.depth - 8)
    levels = (black + np.arange(256) * span / 255 + 0.5).astype(np.uint16)
    dtype = np.dtype("u1" if picture.sample_bytes == 1 else "<u2")
    grey = levels[codes].astype(dtype).tobytes()
    if picture.layout == "rgb":
        return 3 * grey
    neutral = np.array([1 << (picture.depth - 1)], dtype).tobytes()
    return grey + neutral * sum(h * w for h, w in picture.plane_shapes[1:])


def change_codes(before: list[Plane], after: list[Plane], picture: PictureFormat) -> Codes:
    """What changed in a frame, uint8 `[H, W]`: 0 for nothing, else from `FLOOR` on.

    Of a picture that the proxy reduces, a sample's code is the largest around it.
    """
    table = _table(picture.peak)
    whole = np.zeros(picture.plane_shapes[0], np.uint8)
    for old, new in zip(before, after, strict=True):
        if np.array_equal(old, new):
            continue
        codes = table[np.maximum(old, new) - np.minimum(old, new)]
        np.maximum(whole, on_luma_grid(codes, whole.shape), out=whole)
    panels = panels_of(picture, None)
    reduction = max(picture.height / panels.height, picture.width / panels.width)
    reach = 2 * ceil(reduction - 1) + 1
    return cv2.dilate(whole, np.ones((reach, reach), np.uint8)).astype(np.uint8)


def on_luma_grid(plane: Codes, shape: tuple[int, ...]) -> Codes:
    """A plane of fewer samples, each repeated, to the size of the first plane."""
    if plane.shape == shape:
        return plane
    down, across = -(-shape[0] // plane.shape[0]), -(-shape[1] // plane.shape[1])
    return plane.repeat(down, 0).repeat(across, 1)[: shape[0], : shape[1]]


@lru_cache(maxsize=8)
def _table(peak: int) -> Codes:
    """Code of each difference of two samples."""
    shares = np.sqrt(np.arange(peak + 1) / peak)
    codes = (FLOOR + (255 - FLOOR) * shares + 0.5).astype(np.uint8)
    codes[0] = 0
    return codes


class Numbers:
    """What is said of each frame: mean luma of both sides, and how many samples differ."""

    def __init__(self, picture: PictureFormat) -> None:
        self._picture = picture
        self._frames: list[tuple[float, float, float]] = []

    def count(self, before: list[Plane], after: list[Plane]) -> None:
        """Take note of a frame."""
        differing = sum(
            int(np.count_nonzero(old != new)) for old, new in zip(before, after, strict=True)
        )
        share = 100 * differing / self._picture.frame_samples
        self._frames.append((self._luma(before), self._luma(after), share))

    def series(self) -> list[dict[str, Any]]:
        """Each series: id, name, unit and a value a frame."""
        by_series = zip(*self._frames, strict=True)
        source, restored, changed = ([round(v, 4) for v in row] for row in by_series)
        percent = "% of full scale"
        return [
            {"id": "luma_source", "name": "Mean luma, source", "unit": percent, "values": source},
            {"id": "luma_restored", "name": "Mean luma, restored", "unit": percent,
             "values": restored},
            {"id": "changed", "name": "Changed", "unit": "% of samples", "values": changed},
        ]  # fmt: skip

    def _luma(self, planes: list[Plane]) -> float:
        """Mean of the first plane; of RGB by the weights of BT.709."""
        if self._picture.layout == "rgb":
            green, blue, red = (float(plane.mean()) for plane in planes)
            mean = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        else:
            mean = float(planes[0].mean())
        return 100 * mean / self._picture.peak
