"""All faces of a shot, frame by frame.

    finder = FaceFinder()
    for picture in shot:                 # luma, float32 [H, W], 0..1
        for face in finder.take(picture):
            face.track, face.landmarks
    finder.left                          # faces that were not followed, and why

Faces are looked for on the first frame, on every eighth, and while a face is lost; in between
each is followed by its own landmarks. A shot without a face is a normal case. Memory does not
grow with the shot.

Limits: a face that enters is seen up to seven frames late. At most eight are followed at a
time, the largest of a frame first. Two faces that hide each other may change numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from models.faces.detect import Detection, Detector
from models.faces.face import Face, describe, eye_distance
from models.faces.follow import PATIENCE, Track, is_one_face, look, untangle
from models.faces.mesh import Mesh
from models.faces.region import Array

EVERY = 8  # frames from one search to the next
MOST = 8  # faces followed at a time
SMALLEST = 12.0  # native samples between the irises
REMEMBERED = 64  # faces left out that are kept for the record


@dataclass(frozen=True)
class LeftOut:
    """A face that was seen and not followed.

    Attributes:
        frame: where it was first left out, counted from the finder's first.
        box: left, top, right, bottom in native samples.
        eye_distance: native samples.
        reason: why.
    """

    frame: int
    box: tuple[float, float, float, float]
    eye_distance: float
    reason: Literal["too small", "too many", "no mesh"]


class FaceFinder:
    """Finds and follows the faces of one stretch of a shot.

    Args:
        expressions: read the blendshapes as well.

    Raises:
        VerificationError: the weights are not installed, or not the published ones.
    """

    def __init__(self, expressions: bool = True) -> None:
        self._detector = Detector()
        self._mesh = Mesh()
        self._expressions = self._mesh if expressions else None
        self._tracks: list[Track] = []
        self._frame = 0
        self._numbered = 0
        self._left: list[LeftOut] = []

    @property
    def left(self) -> tuple[LeftOut, ...]:
        """Faces that were seen and not followed, each place once, at most 64."""
        return tuple(self._left)

    def take(self, picture: Tensor) -> tuple[Face, ...]:
        """The faces of the next frame.

        Args:
            picture: float32 `[H, W]`, luma 0..1 at native size.

        Returns:
            One face a track that is seen on this frame, in the order of their numbers.
        """
        luma = picture.detach().cpu().numpy()
        looked = [(t, look(self._mesh, luma, t.shape.next_region)) for t in self._tracks]
        for track, shape in untangle(looked):
            track.see(shape)
        if self._frame % EVERY == 0 or any(track.missed for track in self._tracks):
            self._search(luma)
        self._tracks = [track for track in self._tracks if track.missed < PATIENCE]
        self._frame += 1
        return tuple(
            describe(track.shape, track.number, self._expressions)
            for track in self._tracks
            if not track.missed and eye_distance(track.shape.landmarks) >= SMALLEST
        )

    def _search(self, luma: Array) -> None:
        for detection in self._detector.find(luma):
            if any(not t.missed and t.explains(detection) for t in self._tracks):
                continue
            if not self._find_again(luma, detection):
                self._begin(luma, detection)

    def _find_again(self, luma: Array, detection: Detection) -> bool:
        """Give a detection to a face that was lost near it; whether one was."""
        lost = [t for t in self._tracks if t.missed and t.may_be(detection)]
        shape = look(self._mesh, luma, detection.region) if lost else None
        if shape is None:
            return False
        seen = [t for t in self._tracks if not t.missed]
        if any(is_one_face(shape, t.shape) for t in seen):
            return True
        min(lost, key=lambda t: (t.leap(shape), t.number)).see(shape)
        return True

    def _begin(self, luma: Array, detection: Detection) -> None:
        if detection.eye_distance < SMALLEST:
            return self._leave(detection, "too small")
        if len(self._tracks) >= MOST:
            return self._leave(detection, "too many")
        shape = look(self._mesh, luma, detection.region)
        if shape is None:
            return self._leave(detection, "no mesh")
        if any(not t.missed and is_one_face(shape, t.shape) for t in self._tracks):
            return None
        self._tracks.append(Track(self._numbered, shape))
        self._numbered += 1
        return None

    def _leave(
        self, detection: Detection, reason: Literal["too small", "too many", "no mesh"]
    ) -> None:
        left, top, right, bottom = detection.box
        x, y = (left + right) / 2, (top + bottom) / 2
        known = any(
            f.reason == reason and f.box[0] < x < f.box[2] and f.box[1] < y < f.box[3]
            for f in self._left
        )
        if not known and len(self._left) < REMEMBERED:
            self._left.append(LeftOut(self._frame, detection.box, detection.eye_distance, reason))


class FaceReader:
    """Reads a face again, on another picture of the same frame.

    Args:
        expressions: read the blendshapes as well.

    Raises:
        VerificationError: the weights are not installed, or not the published ones.
    """

    def __init__(self, expressions: bool = True) -> None:
        self._mesh = Mesh()
        self._expressions = self._mesh if expressions else None

    def read(self, picture: Tensor, at: Face) -> Face:
        """The face on a picture, seen in the square in which `at` was seen.

        On the picture on which `at` was found the answer is exactly `at`.

        Args:
            picture: float32 `[H, W]`, luma 0..1 at native size.
            at: the face found on the source.

        Returns:
            The face; look at its presence before it is believed.

        Raises:
            ValueError: the picture has another size, so that the square is not on it.
        """
        shape = self._mesh.read(picture.detach().cpu().numpy(), at.region)
        if shape is None:
            raise ValueError(f"the face's square {at.region} is not on the picture")
        return describe(shape, at.track, self._expressions)
