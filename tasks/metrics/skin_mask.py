"""Where the skin of a face is, from its landmarks.

Skin is the inside of the face's outline, drawn in a little, without the eyes with their lids,
the brows, the lips and the lower nose: forehead, cheeks, bridge of the nose and chin. Background
is all that lies outside the outline, drawn out a little. What is between counts as neither.

Source of the indices: MediaPipe Face Mesh, `face_mesh_connections.py` (Apache-2.0).

Limits: a fringe, a beard, spectacles or a hand in front of the face count as skin.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from torch import Tensor

Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float32]

OUTLINE = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
RIGHT_BROW = (46, 53, 52, 65, 55, 70, 63, 105, 66, 107)
LEFT_BROW = (276, 283, 282, 295, 285, 300, 293, 334, 296, 336)
LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409,
)  # fmt: skip
LOWER_NOSE = (4, 45, 220, 115, 48, 275, 440, 344, 278, 98, 97, 2, 326, 327)

INNER, OUTER = 0.90, 1.15  # the outline drawn in and out, share of its distance to the middle
# What is cut out, and how much larger than its landmarks.
FEATURES = (
    (RIGHT_EYE, 2.2), (LEFT_EYE, 2.2), (RIGHT_BROW, 1.3), (LEFT_BROW, 1.3),
    (LIPS, 1.3), (LOWER_NOSE, 1.15),
)  # fmt: skip
SHIFT = 4  # fractional bits of the corners of a polygon


def skin_and_background(landmarks: Tensor, origin: Tensor, shape: tuple[int, int]) -> Mask:
    """Draw both masks in a window.

    Args:
        landmarks: float32 `[478, 2]` (or 468), (x, y) in native samples.
        origin: int64 `[2]`, (y, x) of the window's corner.
        shape: lines and samples of the window.

    Returns:
        bool `[2, h, w]`: skin, background.
    """
    points = np.asarray(landmarks.numpy() - origin.flip(0).numpy(), np.float32)
    skin, face = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    _fill(skin, _scaled(points[list(OUTLINE)], INNER), 1)
    _fill(face, _scaled(points[list(OUTLINE)], OUTER), 1)
    for feature, larger in FEATURES:
        _fill(skin, _scaled(points[list(feature)], larger), 0)
    return np.stack((skin > 0, face == 0))


def _scaled(points: Points, factor: float) -> Points:
    middle = (points.min(0) + points.max(0)) / 2
    return np.asarray(middle + (points - middle) * factor, np.float32)


def _fill(mask: npt.NDArray[np.uint8], points: Points, value: int) -> None:
    hull = cv2.convexHull(points)
    corners = np.round(hull * (1 << SHIFT)).astype(np.int32)
    cv2.fillConvexPoly(mask, corners, (value,), cv2.LINE_8, SHIFT)
