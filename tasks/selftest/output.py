"""What a restoration hands over, harmless or faulty, and how it becomes frames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from catalogs.picture import PictureFormat
from models.contract import Frame
from tasks.selftest.scene import Pictures

REPAIRS = frozenset({"deflicker", "scratch", "dirt"})
DENOISED = REPAIRS | {"denoise"}
GREEN_BLUE_RED = (1, 2, 0)


@dataclass(frozen=True)
class Output:
    """One output.

    Attributes:
        name: of the harmless means or of the fault.
        pictures: float32 `[T, H, W, 3]`, 0..1.
        declared: names of the steps that the recipe is said to have.
        source: what it is measured against, where the recipe moves the picture; None for the
            scene's own source.
    """

    name: str
    pictures: Pictures
    declared: frozenset[str] = REPAIRS
    source: Pictures | None = None


def frames_of(pictures: Pictures, mono: bool) -> list[Frame]:
    """Ten-bit frames: gray for monochrome, else planar RGB."""
    _, height, width, _ = pictures.shape
    form = PictureFormat(width, height, "gray10le" if mono else "gbrp10le")
    codes = np.round(pictures.clip(0, 1) * 1023).astype(np.uint16)
    channels = (1,) if mono else GREEN_BLUE_RED
    return [
        Frame(tuple(torch.from_numpy(one[..., c].copy()) for c in channels), form) for one in codes
    ]


def pictures_of(frames: Iterable[Frame]) -> Pictures:
    """The other way round."""
    stacked = []
    for frame in frames:
        planes = [plane.numpy().astype(np.float32) / frame.peak for plane in frame.planes]
        if len(planes) == 1:
            planes *= 3
            stacked.append(np.stack(planes, -1))
        else:
            stacked.append(np.stack((planes[2], planes[0], planes[1]), -1))
    return np.stack(stacked)
