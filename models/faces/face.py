"""A face, as the metrics see it: its place, its shape, where it looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.faces.mesh import Mesh, Shape
from models.faces.region import Array, Region

IRISES = (468, 473)  # centres, left and right in the picture
FIVE_POINTS = (*IRISES, 1, 61, 291)  # eyes, nose, mouth corners, as the detector gives them
# Landmarks that mirror each other, left and right in the picture: the edge of the face at the
# height of eyes, temples and jaw, and the outer eye corners.
MIRRORED = ((234, 454), (127, 356), (58, 288), (33, 263))


@dataclass(frozen=True)
class Face:
    """One face on one frame.

    Attributes:
        track: number of the track, the same on every frame of one face.
        landmarks: float32 `[478, 3]`: x, y in native samples (a sample's centre has whole
            numbers), depth in the same unit, smaller is nearer.
        presence: 0..1, how sure the mesh is that this is a face.
        blendshapes: float32 `[52]` 0..1 in MediaPipe's order, or None if not asked for.
        yaw: degrees the face is turned, 0 is frontal, positive towards the picture's right.
        eye_distance: native samples between the centres of the irises.
        region: the square in which the mesh saw it.
    """

    track: int
    landmarks: Tensor
    presence: float
    blendshapes: Tensor | None
    yaw: float
    eye_distance: float
    region: Region


def describe(shape: Shape, track: int, mesh: Mesh | None) -> Face:
    """The face of a shape; with its blendshapes if a mesh is given to read them."""
    expression = None if mesh is None else torch.from_numpy(mesh.blendshapes(shape.landmarks))
    return Face(
        track=track,
        landmarks=torch.from_numpy(shape.landmarks),
        presence=shape.presence,
        blendshapes=expression,
        yaw=yaw(shape.landmarks, shape.region.angle),
        eye_distance=eye_distance(shape.landmarks),
        region=shape.region,
    )


def eye_distance(landmarks: Array) -> float:
    """Native samples between the centres of the irises."""
    return float(np.hypot(*(landmarks[IRISES[1], :2] - landmarks[IRISES[0], :2])))


def eyes_middle(landmarks: Array) -> Array:
    """The point (x, y) between the irises, in native samples."""
    return np.asarray(landmarks[list(IRISES), :2].mean(0), np.float32)


def yaw(landmarks: Array, angle: float) -> float:
    """Degrees a face is turned, from the depths of mirrored landmarks.

    Args:
        landmarks: `[478, 3]`.
        angle: radians by which the face leans, taken out first.
    """
    left, right = np.array(MIRRORED).T
    across = (landmarks[right] - landmarks[left]).sum(0)
    level = across[0] * np.cos(angle) + across[1] * np.sin(angle)
    return float(np.degrees(np.arctan2(across[2], level)))
