"""Where faces are: YuNet on a small monochrome picture.

Source: YuNet (Wu, Peng, Yu: YuNet, a tiny millisecond-level face detector, 2023), as in
OpenCV's `FaceDetectorYN`. Ours sees luma three times instead of colour, so that a grade, a
faded dye or a monochrome print makes no difference; that costs no face (on 302 pictures of
31 clips it found as many). And it sees it slightly blurred: with grain of 8 % it found 15 of
40 faces without, 38 with the blur. What it takes for a face is not always one; the mesh has a
say.

Limits: on the reduced picture a face needs about ten samples; upside-down faces and full
profiles are often missed.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.faces.region import Array, Region
from models.faces.weights import DETECTOR

LINES = 480  # faces are looked for on at most so many lines
SMALLEST = 32  # lines or samples; a smaller picture holds no face worth following
SOFTENING = 0.7  # samples of the reduced picture, deviation of the blur before the detector
SCORE = 0.7  # below, prints and folds of cloth pass for faces
OVERLAP = 0.3  # two answers that overlap more are of one face
MOST = 200  # answers that are looked at
MARGIN_OF_BOX = 1.25  # side of the square over the box, which holds more than the mesh does


@dataclass(frozen=True)
class Detection:
    """One face as the detector sees it, in native samples.

    Attributes:
        box: left, top, right, bottom.
        points: float32 `[5, 2]`: eyes (left and right in the picture), nose, mouth corners.
        score: 0..1.
    """

    box: tuple[float, float, float, float]
    points: Array
    score: float

    @property
    def eye_distance(self) -> float:
        """Samples between the eyes."""
        return float(np.hypot(*(self.points[1] - self.points[0])))

    @property
    def region(self) -> Region:
        """Where the mesh should look."""
        left, top, right, bottom = self.box
        across = self.points[1] - self.points[0]
        angle = float(np.arctan2(across[1], across[0]))
        corners = np.array(((left, top), (right, top), (left, bottom), (right, bottom)))
        centre, side = corners.mean(0), max(right - left, bottom - top)
        return Region(float(centre[0]), float(centre[1]), MARGIN_OF_BOX * side, angle)


class Detector:
    """YuNet, loaded once; not to be shared between threads.

    Raises:
        VerificationError: the weights are not installed, or not the published ones.
    """

    def __init__(self) -> None:
        weights = np.frombuffer(DETECTOR.read(), np.uint8)
        nothing = np.zeros(0, np.uint8)
        self._network = cv2.FaceDetectorYN.create(
            "onnx", weights, nothing, (320, 320), SCORE, OVERLAP, MOST
        )

    def find(self, picture: Array) -> tuple[Detection, ...]:
        """All faces of a picture, the largest first.

        Args:
            picture: float32 `[H, W]`, luma 0..1.
        """
        height, width = picture.shape
        if min(height, width) < SMALLEST:
            return ()
        scale = min(1.0, LINES / height)
        size = (max(SMALLEST, round(width * scale)), max(SMALLEST, round(height * scale)))
        cv2.setNumThreads(1)  # the stripes of several threads could change the answer
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1 else picture
        soft = cv2.GaussianBlur(small, (0, 0), SOFTENING)
        grey = np.clip(np.rint(soft * 255), 0, 255).astype(np.uint8)
        self._network.setInputSize((grey.shape[1], grey.shape[0]))
        _, rows = self._network.detect(cv2.merge((grey, grey, grey)))
        if rows is None:
            return ()
        stretch = np.array((width / grey.shape[1], height / grey.shape[0]), np.float32)
        found = [_detection(row, stretch) for row in np.asarray(rows, np.float32)]
        return tuple(sorted(found, key=lambda d: (-d.eye_distance, d.box)))


def _detection(row: Array, stretch: npt.NDArray[np.float32]) -> Detection:
    left, top = row[0:2] * stretch
    width, height = row[2:4] * stretch
    points = row[4:14].reshape(5, 2) * stretch
    box = (float(left), float(top), float(left + width), float(top + height))
    return Detection(box, points, float(row[14]))
