"""White noise: what denoisers are trained and published for, unlike the grain of film."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from models.contract import Frame
from models.degrade.blend import rewritten
from models.degrade.damage import Damage, chance, require


@dataclass(frozen=True)
class WhiteNoise(Damage):
    """Gaussian noise of one deviation in all planes, independent from sample to sample.

    Attributes:
        deviation: share of full range, 0..0.5; "sigma 30" is 30 / 255.
        seed: where chance starts.
    """

    name: ClassVar[str] = "white_noise"

    deviation: float = 30 / 255
    seed: int = 0

    def __post_init__(self) -> None:
        require("deviation", self.deviation, 0, 0.5, "of full range")

    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame the noisy frame, cut off at 0 and full range; the mask is everywhere."""
        for index, frame in enumerate(frames):
            generator = chance(self.seed, index, self.name)
            scale = self.deviation * frame.peak
            yield rewritten(
                frame,
                [
                    plane + scale * torch.randn(plane.shape, generator=generator).to(plane.device)
                    for plane in frame.samples()
                ],
            )
