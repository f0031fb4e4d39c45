"""Scan blur: the lens of the scanner, or of the copies before it, softens the whole picture.

Source: the product of several lenses' transfer is close to a Gaussian (Williams, Becklund,
"Introduction to the Optical Transfer Function", 1989): frequency f, in cycles per sample, is
passed at `exp(-2 pi^2 sigma^2 f^2)`.

Limits: the same everywhere and on every frame; below a sigma of 0.5 the sampled Gaussian
passes more of the highest frequencies than that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from models.contract import Frame
from models.degrade.blend import rewritten
from models.degrade.damage import Damage, require
from models.degrade.gaussian import edge_repeated, kernel, smoothed


@dataclass(frozen=True)
class ScanBlur(Damage):
    """A Gaussian blur of every plane; there is no chance in it.

    Attributes:
        sigma: standard deviation of the Gaussian in samples of the picture, 0.4..1.5.
    """

    name: ClassVar[str] = "scan_blur"

    sigma: float = 0.7

    def __post_init__(self) -> None:
        require("sigma", self.sigma, 0.4, 1.5, "samples")

    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame the softer frame; the mask is the whole picture."""
        for frame in frames:
            yield rewritten(frame, [self._blurred(frame, plane) for plane in frame.samples()])

    def _blurred(self, frame: Frame, plane: Tensor) -> Tensor:
        sides = zip(frame.format.plane_shapes[0], plane.shape, strict=True)
        down, across = (
            kernel(self.sigma / -(-whole // part), plane.device) for whole, part in sides
        )
        wide = edge_repeated(plane.to(torch.float32), len(down) // 2, len(across) // 2)
        return smoothed(wide, down, across)
