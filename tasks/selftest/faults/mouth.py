"""Lips that leave the sound, or do not move at all."""

from __future__ import annotations

import cv2
import numpy as np

from tasks.selftest.faults.fault import Fault, mixed
from tasks.selftest.regions import mouth
from tasks.selftest.scene import Pictures, Points, Scene

STEADY = (168, 6, 197, 195, 5, 4, 33, 133, 362, 263, 234, 454)  # points that speech hardly moves


def _borrowed(scene: Scene, output: Pictures, n: int, donor: int, strength: float) -> Pictures:
    """Frame n with the mouth of another frame, moved to where the head is."""
    points = scene.landmarks
    assert points is not None
    turn = cv2.estimateAffinePartial2D(points[donor, list(STEADY)], points[n, list(STEADY)])[0]
    moved = cv2.warpAffine(output[donor], turn, scene.size[::-1], flags=cv2.INTER_CUBIC)
    there: Points = cv2.transform(points[donor][None], turn)[0]
    soft = 0.05 * scene.eye_distance
    mask = np.maximum(mouth(there, scene.size, soft), mouth(points[n], scene.size, soft))
    return np.asarray(mixed(output[n], moved, strength * mask).clip(0, 1), np.float32)


def _late(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """The mouth is that of some frames ago."""
    late = round(strength)
    return np.stack([
        _borrowed(scene, output, n, max(n - late, 0), 1.0) for n in range(scene.count)
    ])  # fmt: skip


def _frozen(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """The mouth of the first frame stays, more or less opaque."""
    return np.stack([_borrowed(scene, output, n, 0, strength) for n in range(scene.count)])


FAULTS = (
    Fault("mouth late", "LIP", "frames", (1, 2, 4), _late,
          frozenset({"face", "speech"}),
          frozenset({"JIT", "ID", "CHG", "BOIL", "FLK_L", "MOUTH", "GHOST", "DUP"})),
    Fault("mouth frozen", "MOUTH", "opacity", (0.4, 0.75, 1.0), _frozen,
          frozenset({"face", "speech"}), frozenset({"LIP", "ID", "CHG", "JIT", "FLK_L", "GHOST"})),
)  # fmt: skip
