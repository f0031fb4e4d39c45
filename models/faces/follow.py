"""Following faces from frame to frame: which answer of the mesh is which person.

A track keeps the square of its last landmarks; the mesh looks there on the next frame, moved on
by the face's speed, and once more if the face turned out to be elsewhere. When two tracks end
up on one face, the one that had to jump to get there has lost its own.

The mesh is sure of itself even on a cheek between two faces. Therefore the detector, another
network, must confirm every track when it searches: twice unconfirmed is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from models.faces.detect import Detection
from models.faces.face import FIVE_POINTS, eyes_middle
from models.faces.mesh import Mesh, Shape
from models.faces.region import MARGIN, Array, Region

PRESENT = 0.5  # below, the mesh sees no face
CERTAIN = 0.9  # ... and below, no track begins; faces begin above 0.99, drawn ones below
PATIENCE = 8  # frames that a face may be out of sight before its track ends
LOOKS = 3  # times the mesh may look on one frame before a face stands still
DOUBTS = 2  # searches that may pass without the detector seeing the face too
AGREE = 0.2  # extents by which both networks may differ over eyes, nose and mouth
STILL = 0.04  # extents a frame; slower faces are expected where they are
SAME = 0.35  # eyes nearer than this share of a face's extent are of one face
REACH = 1.0  # a lost face is found again within so many extents of its last place
GROWTH = 1.6  # ... and at most so much larger or smaller


@dataclass
class Track:
    """One face through time.

    Attributes:
        number: of the track.
        shape: where it was last seen.
        missed: frames since then; 0 when seen on this frame.
        doubts: searches since the detector last saw it too.
        speed: of the eyes' middle, native samples a frame.
    """

    number: int
    shape: Shape
    missed: int = 0
    doubts: int = 0
    speed: Array = field(default_factory=lambda: np.zeros(2, np.float32))

    @property
    def extent(self) -> float:
        """Size of the face, native samples."""
        return self.shape.region.side / MARGIN

    @property
    def middle(self) -> Array:
        """Where the eyes' middle was last seen."""
        return eyes_middle(self.shape.landmarks)

    @property
    def expected(self) -> Region:
        """Where to look for it on the next frame."""
        region = Region.of_landmarks(self.shape.landmarks)
        if float(np.hypot(*self.speed)) < STILL * self.extent:
            return region
        x, y = (float(step) for step in self.speed)
        return replace(region, x=region.x + x, y=region.y + y)

    def leap(self, shape: Shape) -> float:
        """How far a shape is from where this face was going, in extents of the face."""
        expected = self.middle + self.speed
        return float(np.hypot(*(eyes_middle(shape.landmarks) - expected))) / self.extent

    def see(self, shape: Shape | None) -> None:
        """Take the shape seen on this frame; None when the face was not seen."""
        if shape is None:
            self.missed += 1
            self.speed = np.zeros(2, np.float32)
            return
        step = (eyes_middle(shape.landmarks) - self.middle) / (self.missed + 1)
        self.speed = np.asarray(step, np.float32)
        self.shape, self.missed = shape, 0

    def explains(self, detection: Detection) -> bool:
        """Whether a detection is of this face, seen on this frame."""
        points = self.shape.landmarks[list(FIVE_POINTS), :2]
        apart = np.hypot(*(detection.points - points).T).mean()
        return bool(apart < AGREE * self.extent)

    def confirm(self, seen: bool) -> None:
        """Take the word of the detector, which searched this frame."""
        self.doubts = 0 if seen else self.doubts + 1
        if self.doubts >= DOUBTS and not self.missed:
            self.see(None)

    def may_be(self, detection: Detection) -> bool:
        """Whether a detection may be this face, which was lost."""
        distance = np.hypot(*(detection.points[:2].mean(0) - self.middle)) / self.extent
        ratio = detection.region.side / self.shape.region.side
        return bool(distance < REACH and 1 / GROWTH < ratio < GROWTH)


def look(mesh: Mesh, picture: Array, region: Region) -> Shape | None:
    """The face in or near a square, seen from a square that fits it; None if there is none."""
    shape = mesh.read(picture, region)
    for _ in range(LOOKS - 1):
        if shape is None or shape.presence < PRESENT:
            return None
        fitting = Region.of_landmarks(shape.landmarks)
        if not fitting.differs(shape.region):
            break
        shape = mesh.read(picture, fitting)
    return None if shape is None or shape.presence < PRESENT else shape


def is_one_face(one: Shape, other: Shape) -> bool:
    """Whether two shapes lie on the same face."""
    distance = np.hypot(*(eyes_middle(one.landmarks) - eyes_middle(other.landmarks)))
    return bool(distance < SAME * min(one.region.side, other.region.side) / MARGIN)


def untangle(seen: list[tuple[Track, Shape | None]]) -> list[tuple[Track, Shape | None]]:
    """Leave every face to one track: the one that had the least far to go, then the older."""
    kept: dict[int, Shape] = {}
    sure = [(track, shape) for track, shape in seen if shape is not None]
    for track, shape in sorted(sure, key=lambda pair: (pair[0].leap(pair[1]), pair[0].number)):
        if not any(is_one_face(shape, other) for other in kept.values()):
            kept[track.number] = shape
    return [(track, kept.get(track.number)) for track, _ in seen]
