"""Windows at native resolution: where they lie, and what is taken of them.

Grain and pores live at native resolution and are averaged away on a smaller picture. So a few
windows of background, fixed, and one on each face, which follows it in whole samples, are kept
as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
import torch

from tasks.metrics.pair import TilePair

Plane = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]  # left, top, right, bottom

GROUNDS = 8  # windows of background
GROUND = 128  # samples, their side; smaller where the picture is
FACE_TILE = 384  # samples, the largest side of a window on a face
FACE_SPAN = 2.6  # eye distances, the side of a window on a face
DARKEST, BRIGHTEST = 0.08, 0.92  # mean luma of a window of background
DETAIL = (1.0, 2.5)  # samples, the two blurs between which the detail lies that is looked for


@dataclass
class Window:
    """A window while its frames go by."""

    side: tuple[int, int]
    origins: list[tuple[int, int]] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    source: list[Plane] = field(default_factory=list)
    restored: list[Plane] = field(default_factory=list)

    def take(self, frame: int, corner: tuple[int, int], before: Plane, after: Plane) -> None:
        """Take what both pictures show with the window's corner (y, x) there."""
        top, left = (
            min(max(at, 0), size - side)
            for at, size, side in zip(corner, before.shape, self.side, strict=True)
        )
        place = (slice(top, top + self.side[0]), slice(left, left + self.side[1]))
        self.origins.append((top, left))
        self.frames.append(frame)
        self.source.append(before[place].copy())
        self.restored.append(after[place].copy())

    def pair(self) -> TilePair:
        """All that was taken."""
        return TilePair(
            origins=torch.tensor(self.origins, dtype=torch.int64),
            frames=torch.tensor(self.frames, dtype=torch.int64),
            source=torch.from_numpy(np.stack(self.source)),
            restored=torch.from_numpy(np.stack(self.restored)),
        )


def choose_grounds(picture: Plane, faces: list[Box]) -> list[tuple[int, int]]:
    """Corners (y, x) of at most `GROUNDS` windows of background with detail in them.

    Args:
        picture: luma of the first frame, float32 `[H, W]`, 0..1.
        faces: boxes in which no window may lie.

    Returns:
        Corners, the most detailed first; windows do not overlap. Empty for a flat picture.
    """
    side = ground_side(picture)
    fine, coarse = (cv2.GaussianBlur(picture, (0, 0), sigma) for sigma in DETAIL)
    energy = (fine - coarse) ** 2
    found: list[tuple[float, tuple[int, int]]] = []
    for top in _steps(picture.shape[0], side):
        for left in _steps(picture.shape[1], side):
            place = (slice(top, top + side), slice(left, left + side))
            if not DARKEST < float(picture[place].mean()) < BRIGHTEST:
                continue
            if not any(_overlap((left, top, left + side, top + side), face) for face in faces):
                found.append((float(np.median(energy[place]) + energy[place].mean()), (top, left)))
    found.sort(key=lambda item: (-item[0], item[1]))
    return [corner for _, corner in found[:GROUNDS]]


def ground_side(picture: Plane) -> int:
    """Side of a window of background."""
    return max(16, min(GROUND, int(min(picture.shape)) // 3))


def face_side(eye_distance: float, picture: Plane) -> tuple[int, int]:
    """Lines and samples of a window on a face."""
    side = max(16, min(FACE_TILE, round(FACE_SPAN * eye_distance)))
    return min(side, picture.shape[0]), min(side, picture.shape[1])


def _steps(size: int, side: int) -> list[int]:
    count = max(size // side, 1)
    spare = max(size - count * side, 0)
    return [n * side + spare * (n + 1) // (count + 1) for n in range(count)]


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
