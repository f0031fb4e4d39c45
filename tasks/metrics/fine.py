"""The fine texture of a stretch: sums over the faces' skin, their surroundings and the grounds.

The scale s of the high-pass follows what is looked at: `EYE_SHARE` of the eye distance for a
face, the same share of the lines for the whole picture, never less than `SMALLEST_SCALE`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from tasks.metrics import bands
from tasks.metrics.skin import skin_and_background
from tasks.metrics.sums import Sums
from tasks.metrics.tiles import energies

if TYPE_CHECKING:
    from tasks.metrics.pair import FacePair, Pair, TilePair

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
        background: sums over that and the grounds, at the same s.
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
    scale = SMALLEST_SCALE * max(1.0, pair.native[0] / LINES_OF_SCALE)
    grounds = {scale: _grounds(pair, scale)}
    faces = []
    for face in pair.faces:
        if float(face.eye_distance.median()) >= SMALLEST_EYES:
            faces.append(_face(pair, face, grounds))
    parts = [part for face in faces for part in (face.skin, face.around)]
    whole = [*parts, grounds[scale]] if pair.grounds else parts
    return Texture(tuple(faces), reduce(add, whole) if whole else None)


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


def _face(pair: Pair, face: FacePair, grounds: dict[float, Sums]) -> FaceTexture:
    scale = face_scale(face)
    step = bands.lag(pair.rate)
    skin, around = energies(face.tile, skin_masks(face), scale, step, pair.count)
    near = [s for s in grounds if max(s / scale, scale / s) < SAME_SCALE]
    if not near:
        grounds[scale] = _grounds(pair, scale)
        near = [scale]
    return FaceTexture(face, scale, skin, around, around + grounds[near[0]])


def _grounds(pair: Pair, scale: float) -> Sums:
    step = bands.lag(pair.rate)
    empty = Sums.none(pair.count)
    return reduce(add, (_whole(t, scale, step, pair.count) for t in pair.grounds), empty)


def _whole(tile: TilePair, scale: float, step: int, count: int) -> Sums:
    everywhere = np.ones((1, *tile.source.shape[1:]), np.bool_)
    regions: Sequence[np.ndarray] = [everywhere] * len(tile.frames)
    return energies(tile, regions, scale, step, count)[0]
