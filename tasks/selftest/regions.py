"""Regions of a face as soft masks, from the 478 points of the mesh.

The indices are those of MediaPipe's face mesh (Apache-2.0), in drawing order.
"""

from __future__ import annotations

import cv2
import numpy as np

from tasks.selftest.scene import Mask, Points

OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67,
        109)  # fmt: skip
EYES = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    (362, 382, 381, 380, 374, 373, 390, 249, 263, 466, 388, 387, 386, 385, 384, 398),
)
BROWS = (
    (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
)
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)


def filled(points: Points, size: tuple[int, int], grow: float = 1.0, soft: float = 0.0) -> Mask:
    """The inside of the convex hull of points `[K, 2]`, grown about its centre, softly edged.

    Args:
        points: (x, y) in samples.
        size: lines and samples per line.
        grow: times the size.
        soft: sigma of the edge in samples.
    """
    centre = points.mean(0)
    hull = cv2.convexHull((centre + grow * (points - centre)).astype(np.float32))
    mask = np.zeros(size, np.float32)
    cv2.fillConvexPoly(mask, np.round(hull).astype(np.int32), 1.0)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), soft) if soft > 0 else mask, np.float32)


def eyes(landmarks: Points, size: tuple[int, int], soft: float) -> Mask:
    """Both eyes with their lids, of one frame's landmarks `[478, 2]`."""
    return np.maximum(*(filled(landmarks[list(eye)], size, 1.5, soft) for eye in EYES))


def mouth(landmarks: Points, size: tuple[int, int], soft: float) -> Mask:
    """The lips and a little around them."""
    return filled(landmarks[list(LIPS)], size, 1.35, soft)


def face(landmarks: Points, size: tuple[int, int], soft: float) -> Mask:
    """The face to its edge."""
    return filled(landmarks[list(OVAL)], size, 0.97, soft)


def skin(landmarks: Points, size: tuple[int, int], soft: float) -> Mask:
    """The face without eyes, brows and lips."""
    holes = [filled(landmarks[list(part)], size, 1.5, soft) for part in (*EYES, *BROWS)]
    holes.append(filled(landmarks[list(LIPS)], size, 1.15, soft))
    return np.asarray(face(landmarks, size, soft) * (1 - np.max(holes, axis=0)), np.float32)
