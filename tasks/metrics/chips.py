"""Face chips: a face brought upright to a fixed place and size.

A chip is `CHIP` samples square with the eyes `CHIP_EYE_DISTANCE` samples apart, so that a
region of the face is at the same place on every frame. Source and restored picture go through
the same transform. A face larger than the chip is reduced by area first.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tasks.metrics.colour import Place, Plane
from tasks.metrics.pair import CHIP

Transform = npt.NDArray[np.float32]  # [2, 3]


def chipped(plane: Plane, to_chip: Transform) -> Plane:
    """Draw a plane `[H, W]` on a chip, float32 `[CHIP, CHIP]`; the edge is repeated.

    Args:
        plane: float32 `[H, W]`.
        to_chip: places (x, y) of the plane to places of the chip, a similarity.
    """
    shrink = 1 / max(float(np.hypot(to_chip[0, 0], to_chip[1, 0])), 1e-6)
    factor = int(shrink + 0.25)
    if factor > 1:
        plane, to_chip = _reduced(plane, to_chip, factor)
    drawn = cv2.warpAffine(
        plane, to_chip, (CHIP, CHIP), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(drawn, np.float32)


def on_chip(to_chip: Transform) -> Place:
    """A place for `tasks.metrics.colour`: the chip."""

    def place(plane: Plane, down: int, across: int) -> Plane:
        wider = np.eye(3, dtype=np.float32)
        wider[0, 0], wider[1, 1] = across, down
        wider[0, 2], wider[1, 2] = (across - 1) / 2, (down - 1) / 2
        return chipped(plane, np.asarray(to_chip @ wider, np.float32))

    return place


def _reduced(plane: Plane, to_chip: Transform, factor: int) -> tuple[Plane, Transform]:
    """The part of the plane that the chip shows, smaller by a whole factor, and its transform."""
    corners = np.array([[0, 0, 1], [CHIP, 0, 1], [0, CHIP, 1], [CHIP, CHIP, 1]], np.float32)
    back = cv2.invertAffineTransform(to_chip)
    seen = corners @ back.T
    height, width = plane.shape
    left, top = (int(np.clip(v, 0, size - 1)) for v, size in
                 zip(np.floor(seen.min(0)) - factor, (width, height), strict=True))  # fmt: skip
    right, bottom = (int(np.clip(v, low + 1, size)) for v, low, size in
                     zip(np.ceil(seen.max(0)) + factor, (left, top), (width, height),
                         strict=True))  # fmt: skip
    across, down = max((right - left) // factor, 1), max((bottom - top) // factor, 1)
    part = plane[top : min(top + down * factor, height), left : min(left + across * factor, width)]
    small = cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA)
    scale_x, scale_y = part.shape[1] / across, part.shape[0] / down
    larger = np.eye(3, dtype=np.float32)
    larger[0, 0], larger[1, 1] = scale_x, scale_y
    larger[0, 2], larger[1, 2] = left + (scale_x - 1) / 2, top + (scale_y - 1) / 2
    return np.asarray(small, np.float32), np.asarray(to_chip @ larger, np.float32)
