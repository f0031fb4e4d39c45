"""What is kept of a frame to compare it with others: texture, tones, two small pictures.

The texture is local contrast: each sample less the mean of its surroundings, over their
deviation. A change of exposure, global or slow across the picture, leaves it as it is, so
flicker does not look like a cut. A floor under the deviation keeps the noise of an empty
picture small: the texture of black is about zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SURROUNDINGS = 13  # samples across; a seventh of the width of a thumbnail
CONTRAST_FLOOR = 4.0  # code values of 255: deviation that counts as half a texture
ENERGY_FLOOR = 0.05  # of texture, whose own mean square is below 1; see `distance`

Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Signature:
    """One frame, described.

    Attributes:
        thumbnail: uint8 RGB `[27, 48, 3]`, what the network looks at.
        texture: float32 `[54, 96]`, about -3..3, 0 where the picture is flat.
        energy: mean square of the texture, 0 for a flat picture.
        tones: float32 `[432]`, luma of 24x18 cells less its mean, in code values.
    """

    thumbnail: NDArray[np.uint8]
    texture: Plane
    energy: float
    tones: Plane


def describe(frame: NDArray[np.uint8]) -> Signature:
    """Describe one thumbnail, uint8 RGB `[54, 96, 3]`."""
    luma: Plane = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    size = (SURROUNDINGS, SURROUNDINGS)
    mean = cv2.blur(luma, size)
    variance = np.maximum(cv2.blur(luma * luma, size) - mean * mean, 0)
    texture: Plane = ((luma - mean) / np.sqrt(variance + CONTRAST_FLOOR**2)).astype(np.float32)
    tones = cv2.resize(luma, (24, 18), interpolation=cv2.INTER_AREA).ravel()
    thumbnail = cv2.resize(frame, (48, 27), interpolation=cv2.INTER_AREA)
    return Signature(
        thumbnail=thumbnail.astype(np.uint8, copy=False),
        texture=texture,
        energy=correlation(texture, texture),
        tones=(tones - tones.mean()).astype(np.float32, copy=False),
    )


def describe_all(frames: Iterable[NDArray[np.uint8]]) -> Iterator[Signature]:
    """Describe thumbnails one by one, holding none."""
    return map(describe, frames)


def correlation(a: Plane, b: Plane) -> float:
    """Mean of the products of two arrays of one shape, the same on any number of threads."""
    return float(np.einsum("i,i->", a.ravel(), b.ravel())) / a.size


def distance(a: Signature, b: Signature) -> float:
    """How little the textures of two frames agree.

    Returns:
        0 for equal pictures, two flat ones included; near 1 for unrelated pictures, or for
        a picture and a flat one; up to 2 for a negative.
    """
    shared = 2 * correlation(a.texture, b.texture) + ENERGY_FLOOR
    return 1 - shared / (a.energy + b.energy + ENERGY_FLOOR)
