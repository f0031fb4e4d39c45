"""A shot's change map: where it changed most, and how a change is shown."""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from catalogs.picture import PictureFormat
from catalogs.store import Store
from tasks.media.read import read_picture
from tasks.media.still import Region, split_planes

MOST_CHANGE_FRAMES = 200
AMPLIFIED = 4  # times; what the change map's distance from mid-grey is multiplied by
DETAIL = (120, 80)  # samples of the source shown enlarged, width and height


def _maps(store: Store, name: str | None, picture: PictureFormat) -> Iterator[bytes]:
    """The change maps of the first frames of a shot."""
    if not name or not (store.root / name).is_file():
        raise ValueError(f"the change map is not at {name}" if name else "no file is recorded")
    return itertools.islice(read_picture(store.root / name, picture), MOST_CHANGE_FRAMES)


def change_at(store: Store, name: str | None, picture: PictureFormat, frame: int) -> bytes:
    """The change map of one frame of a shot, of the first `MOST_CHANGE_FRAMES`."""
    for number, change in enumerate(_maps(store, name, picture)):
        if number == frame:
            return change
    raise ValueError(f"the change map was read to frame {MOST_CHANGE_FRAMES} only")


def most_changed(store: Store, name: str | None, picture: PictureFormat) -> tuple[int, bytes]:
    """(frame within the shot, change map of it) of the largest mean change."""
    frames = _maps(store, name, picture)
    best: tuple[float, int, bytes] | None = None
    for number, frame in enumerate(frames):
        size = float(np.mean([np.abs(d).mean() for d in _distances(frame, picture)]))
        if best is None or size > best[0]:
            best = size, number, frame
    if best is None:
        raise ValueError("the change map holds no frame")
    return best[1], best[2]


def _distances(change: bytes, picture: PictureFormat) -> list[NDArray[np.int32]]:
    half = 1 << (picture.depth - 1)
    return [plane.astype(np.int32) - half for plane in split_planes(change, picture)]


def shown_change(
    before: bytes | None, after: bytes | None, change: bytes | None, picture: PictureFormat
) -> bytes | None:
    """After minus before, amplified around mid-grey.

    A change map counts modulo the depth, so that a change of more than half the range
    comes out with the wrong sign; it is shown only where a frame is missing.
    """
    if before and after:
        old, new = (split_planes(frame, picture) for frame in (before, after))
        distances = [n.astype(np.int32) - o for n, o in zip(new, old, strict=True)]
    elif change:
        distances = _distances(change, picture)
    else:
        return None
    half = 1 << (picture.depth - 1)
    dtype = "u1" if picture.sample_bytes == 1 else "<u2"
    return b"".join(
        (half + AMPLIFIED * distance).clip(0, picture.peak).astype(dtype).tobytes()
        for distance in distances
    )


def busiest(change: bytes, picture: PictureFormat) -> Region | None:
    """The part of the picture that changed most apart from the rest; None without change."""
    change_of_first = _distances(change, picture)[0]
    if not change_of_first.any():
        return None
    distance = (change_of_first - np.median(change_of_first)) ** 2
    width, height = min(DETAIL[0], picture.width), min(DETAIL[1], picture.height)
    total = np.pad(distance.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    right, below = total[:, width:] - total[:, :-width], slice(height, None)
    inside = right[below] - right[:-height]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    return Region(int(left), int(top), width, height)
