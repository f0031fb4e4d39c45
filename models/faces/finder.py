"""All faces of a shot, frame by frame.

    finder = FaceFinder()
    for picture in shot:                 # luma, float32 [H, W], 0..1
        for face in finder.take(picture):
            face.track, face.landmarks
    finder.left                          # faces that were not followed, and why

Faces are looked for on the first frame, on every eighth, and on every other frame while a face
is lost or in doubt; in between each is followed by its own landmarks. A shot without a face is
a normal case. Memory does not grow with the shot.

Limits: a face that enters is seen up to seven frames late, and one that was hidden for eight
frames comes back under a new number. At most eight are followed at a time, the largest of a
frame first. A full profile is seen now and then, and then its yaw is too small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from models.faces.detect import Detection, Detector
from models.faces.face import Face, describe, eye_distance
from models.faces.follow import CERTAIN, DOUBTS, PATIENCE, Track, is_one_face, look, untangle
from models.faces.mesh import Mesh, Shape
from models.faces.region import Array

EVERY = 8  # frames from one search to the next
EVERY_UNSURE = 2  # the same while a face is lost or in doubt
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
        self._searched = -EVERY
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
        for track, shape in untangle([(t, self._follow(luma, t)) for t in self._tracks]):
            track.see(shape)
        unsure = any(track.missed or track.doubts for track in self._tracks)
        if self._frame - self._searched >= (EVERY_UNSURE if unsure else EVERY):
            self._search(luma)
        self._tracks = [track for track in self._tracks if track.missed < PATIENCE]
        self._frame += 1
        return tuple(
            describe(track.shape, track.number, self._expressions)
            for track in self._tracks
            if not track.missed and eye_distance(track.shape.landmarks) >= SMALLEST
        )

    def _follow(self, luma: Array, track: Track) -> Shape | None:
        if track.doubts >= DOUBTS:  # only the detector can find it again
            return None
        return look(self._mesh, luma, track.expected)

    def _search(self, luma: Array) -> None:
        self._searched = self._frame
        unexplained = []
        confirmed = set()
        for detection in self._detector.find(luma):
            owners = [t for t in self._tracks if not t.missed and t.explains(detection)]
            confirmed |= {track.number for track in owners}
            if not owners:
                unexplained.append(detection)
        for track in self._tracks:
            if not track.missed:
                track.confirm(track.number in confirmed)
        for detection in unexplained:
            if not self._find_again(luma, detection):
                self._begin(luma, detection)

    def _find_again(self, luma: Array, detection: Detection) -> bool:
        """Give a detection to a face that was lost or drifted near it; whether one was."""
        unsure = [t for t in self._tracks if (t.missed or t.doubts) and t.may_be(detection)]
        shape = look(self._mesh, luma, detection.region) if unsure else None
        if shape is None:
            return False
        sure = [t for t in self._tracks if not t.missed and not t.doubts]
        if not any(is_one_face(shape, t.shape) for t in sure):
            track = min(unsure, key=lambda t: (t.leap(shape), t.number))
            track.see(shape)
            track.confirm(True)
        return True

    def _begin(self, luma: Array, detection: Detection) -> None:
        if detection.eye_distance < SMALLEST:
            return self._leave(detection, "too small")
        if len(self._tracks) >= MOST:
            return self._leave(detection, "too many")
        shape = look(self._mesh, luma, detection.region)
        if shape is None or shape.presence < CERTAIN:
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
