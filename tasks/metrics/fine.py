"""The fine texture of a stretch: sums over the faces' skin, their surroundings and the grounds.

The scale s of the high-pass follows what is looked at: `EYE_SHARE` of the eye distance for a
face, the same share of the lines for the whole picture, never less than `SMALLEST_SCALE`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from tasks.metrics import bands
from tasks.metrics.skin_mask import skin_and_background
from tasks.metrics.sums import Sums
from tasks.metrics.tiles import energies

if TYPE_CHECKING:
    from tasks.metrics.pair import FacePair, Pair

SMALLEST_SCALE = 1.2  # samples, s
EYE_SHARE = 0.012  # s in eye distances
LINES_OF_SCALE = 1080  # lines at which s of the picture is the smallest
SMALLEST_EYES = 18.0  # samples between the pupils; the skin of a smaller face is not measured
SAME_SCALE = 1.4  # scales nearer to each other count as the same


@dataclass(frozen=True)
class FaceTexture:
    """One face.

    Attributes:
        face: the face.
        scale: s, samples.
        skin: sums over its skin.
        around: sums over what its window shows around it.
        background: sums over that and the grounds; these at the s of the largest face, or of
            the picture where that is nearer.
    """

    face: FacePair
    scale: float
    skin: Sums
    around: Sums
    background: Sums


@dataclass(frozen=True)
class Texture:
    """A stretch.

    Attributes:
        faces: those that are large enough.
        picture: sums over the grounds and the windows on faces; None without any window.
    """

    faces: tuple[FaceTexture, ...]
    picture: Sums | None


def texture_of(pair: Pair) -> Texture:
    """Sum up all windows of a stretch."""
    large = [f for f in pair.faces if float(f.eye_distance.median()) >= SMALLEST_EYES]
    scale = SMALLEST_SCALE * max(1.0, pair.native[0] / LINES_OF_SCALE)
    other = max((face_scale(face) for face in large), default=scale)
    grounds = _grounds(pair, (scale,) if _alike(scale, other) else (scale, other))
    faces = tuple(_face(pair, face, grounds) for face in large)
    parts = [part for face in faces for part in (face.skin, face.around)]
    whole = [*parts, grounds[scale]] if pair.grounds else parts
    return Texture(faces, reduce(add, whole) if whole else None)


def face_scale(face: FacePair) -> float:
    """S of a face, samples."""
    return max(SMALLEST_SCALE, EYE_SHARE * float(face.eye_distance.median()))


def skin_masks(face: FacePair) -> list[np.ndarray]:
    """Skin and background on every frame of a face's window, bool `[2, h, w]`."""
    shape = (int(face.tile.source.shape[1]), int(face.tile.source.shape[2]))
    return [
        skin_and_background(landmarks, origin, shape)
        for landmarks, origin in zip(face.landmarks, face.tile.origins, strict=True)
    ]


def _alike(one: float, other: float) -> bool:
    return max(one / other, other / one) < SAME_SCALE


def _face(pair: Pair, face: FacePair, grounds: dict[float, Sums]) -> FaceTexture:
    scale, step = face_scale(face), bands.lag(pair.rate)
    ((skin, around),) = energies(face.tile, skin_masks(face), (scale,), step, pair.count)
    nearest = min(grounds, key=lambda other: max(other / scale, scale / other))
    return FaceTexture(face, scale, skin, around, around + grounds[nearest])


def _grounds(pair: Pair, scales: tuple[float, ...]) -> dict[float, Sums]:
    """Sums over all grounds, by scale."""
    found = dict.fromkeys(scales, Sums.none(pair.count))
    for tile in pair.grounds:
        everywhere = np.ones((1, *tile.source.shape[1:]), np.bool_)
        regions = [everywhere] * len(tile.frames)
        table = energies(tile, regions, scales, bands.lag(pair.rate), pair.count)
        for scale, (sums,) in zip(scales, table, strict=True):
            found[scale] = found[scale] + sums
    return found
