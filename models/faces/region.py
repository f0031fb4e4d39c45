"""A turned square on a picture, and the crop that a network sees of it.

Coordinates are (x, y) in samples; a sample's centre has whole numbers. The square comes from
the landmarks of the frame before, as in MediaPipe's face landmarker (Kartynnik, Ablavatski,
Grishchenko, Grundmann: Real-time facial surface geometry from monocular video, 2019): upright
with the line through the outer eye corners, one and a half times the extent of the landmarks.
Ours takes the extent along the face's own axes, so that a tilted head does not seem larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

CROP = 256  # samples, side of what the mesh network sees
MARGIN = 1.5  # side of the square over the extent of the face
EYE_CORNERS = (33, 263)  # outer corners, left and right in the picture


@dataclass(frozen=True)
class Region:
    """A turned square.

    Attributes:
        x: of its centre, in native samples.
        y: of its centre.
        side: in native samples.
        angle: radians between the face's eye line and the lines of the picture.
    """

    x: float
    y: float
    side: float
    angle: float

    @classmethod
    def around(cls, points: Array, angle: float) -> Region:
        """The square around points `[K, 2]` of a face that is turned by an angle."""
        turn = _turn(-angle)
        upright = points @ turn.T
        low, high = upright.min(0), upright.max(0)
        centre = _turn(angle) @ ((low + high) / 2)
        side = MARGIN * float((high - low).max())
        return cls(float(centre[0]), float(centre[1]), side, angle)

    @classmethod
    def of_landmarks(cls, landmarks: Array) -> Region:
        """The square around the 478 landmarks of a face, `[478, 2 or 3]`."""
        left, right = landmarks[EYE_CORNERS[0], :2], landmarks[EYE_CORNERS[1], :2]
        angle = float(np.arctan2(right[1] - left[1], right[0] - left[0]))
        return cls.around(landmarks[:, :2], angle)

    def differs(self, other: Region) -> bool:
        """Whether another square shows the face noticeably elsewhere, larger or turned."""
        moved = np.hypot(self.x - other.x, self.y - other.y) / self.side
        turned = abs((self.angle - other.angle + np.pi) % (2 * np.pi) - np.pi)
        ratio = other.side / self.side
        return bool(moved > 0.08 or turned > 0.2 or not 0.85 < ratio < 1.18)

    def to_picture(self, points: Array) -> Array:
        """Points of the crop `[K, 3]`, 0..CROP from edge to edge, in native samples."""
        scale = self.side / CROP
        flat = (points[:, :2] - CROP / 2) * scale @ _turn(self.angle).T
        placed = np.column_stack((flat + np.array((self.x, self.y)), points[:, 2:] * scale))
        return placed.astype(np.float32)

    def cut(self, picture: Array) -> Array | None:
        """What the square shows: float32 `[CROP, CROP]`; None where it shows nothing.

        A strong reduction first takes the mean of whole samples (nothing folds back); the
        picture's edge goes on beyond the picture.
        """
        reach = self.side * (abs(np.cos(self.angle)) + abs(np.sin(self.angle))) / 2 + 2
        step = max(1, int(self.side / CROP))
        height, width = picture.shape
        left, right = _span(self.x, reach, width, step)
        top, bottom = _span(self.y, reach, height, step)
        if right <= left or bottom <= top:
            return None
        window = np.ascontiguousarray(picture[top:bottom, left:right])
        if step > 1:
            size = ((right - left) // step, (bottom - top) // step)
            window = np.asarray(cv2.resize(window, size, interpolation=cv2.INTER_AREA), np.float32)
        matrix = _turn(self.angle) * (self.side / CROP)
        centre = np.array((self.x - left, self.y - top))
        offset = centre - matrix @ np.full(2, (CROP - 1) / 2)
        inner = (step - 1) / 2  # centre of the first reduced sample
        back = np.column_stack((matrix / step, (offset - inner) / step))
        crop = cv2.warpAffine(
            window, back, (CROP, CROP),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return np.asarray(crop, np.float32)


def _turn(angle: float) -> npt.NDArray[np.float64]:
    return np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))))


def _span(centre: float, reach: float, size: int, step: int) -> tuple[int, int]:
    """The samples of a line that are within reach, a whole number of steps."""
    start = max(0, int(np.floor(centre - reach)))
    stop = min(size, int(np.ceil(centre + reach)))
    return start, start + max(0, stop - start) // step * step
