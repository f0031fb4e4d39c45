"""Native samples of a frame as PNG, whole or a region, of source, restored or their difference.

Grey and RGB of full range lose nothing on the way: 8 bits stay as they are, more bits become 16
(`round(v * 65535 / peak)`, which can be undone). YUV is converted to R'G'B' as `tasks.media.still`
does, into 16 bits where the source has more than 8.
"""

import threading
from collections import OrderedDict
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from catalogs.errors import MediaError
from catalogs.store import Store
from dashboard.pictures.shots import KnownShot, index_of
from tasks.media.still import Region, shares_of, split_planes
from tasks.proxy import frame_sides, on_luma_grid

Side = Literal["source", "restored", "difference", "change"]
SIDES: tuple[Side, ...] = ("source", "restored", "difference", "change")
GAINS = (1, 4, 16)

_KEPT = 4  # frames that are kept for the next region

Sides = tuple[bytes, bytes]


class Frames:
    """Native frames of both sides, read once for all regions that are cut from them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str, int], Sides] = OrderedDict()

    def cut(
        self, shot: KnownShot, frame: int, side: Side, region: Region | None, gain: int = 1
    ) -> bytes:
        """A PNG of a region, or of the whole frame.

        Args:
            shot: which shot.
            frame: of the shot, from 0.
            side: whose samples.
            region: within the picture; None for all of it.
            gain: of the difference.

        Raises:
            SourceError, VerificationError, MediaError, StoreError: as reading both sides.
        """
        return png_of(shot, self._sides(shot, frame), side, region, gain)

    def _sides(self, shot: KnownShot, frame: int) -> Sides:
        name = (shot.restored.key, shot.restored.picture_sha256, frame)
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        index = index_of(self._store, shot.reel)
        sides = frame_sides(self._store, shot.reel, index, shot.restored, frame)
        with self._lock:
            self._kept[name] = sides
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return sides


def png_of(shot: KnownShot, sides: Sides, side: Side, region: Region | None, gain: int) -> bytes:
    """One side of a frame, as PNG."""
    header = shot.reel.header
    if side == "change":
        values = _changed(shot, sides)
    elif side == "difference":
        before, after = (shares_of(raw, header.picture, header.colour) for raw in sides)
        values = np.abs(after - before) * np.float32(gain)
    else:
        values = shares_of(sides[side == "restored"], header.picture, header.colour)
    if region is not None:
        rows = slice(region.top, region.top + region.height)
        values = values[rows, region.left : region.left + region.width]
    if header.picture.layout == "gray" and values.ndim == 3:
        values = values[..., 0]
    samples: NDArray[np.uint8] | NDArray[np.uint16]
    if header.picture.depth == 8:
        samples = (values.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    else:
        samples = (values.clip(0, 1).astype(np.float64) * 65535 + 0.5).astype(np.uint16)
    done, png = cv2.imencode(".png", samples[..., ::-1] if samples.ndim == 3 else samples)
    if not done:
        raise MediaError("the picture could not be written as PNG")
    return bytes(png.tobytes())


def _changed(shot: KnownShot, sides: Sides) -> NDArray[np.float32]:
    """1 where any sample differs, `[H, W]`."""
    picture = shot.reel.header.picture
    whole = np.zeros(picture.plane_shapes[0], bool)
    planes = (split_planes(raw, picture) for raw in sides)
    for old, new in zip(*planes, strict=True):
        whole |= on_luma_grid((old != new).astype(np.uint8), whole.shape).astype(bool)
    return whole.astype(np.float32)
