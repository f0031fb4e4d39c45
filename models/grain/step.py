"""Step `grain`: new grain, for film that was denoised too smooth.

Source: filtered Gaussian noise scaled by brightness, as in AV1's film grain synthesis (Norkin and
Birkbeck, "Film grain synthesis for AV1 video codec", 2018). Ours differs in that the filter is a
Gaussian in samples of the picture, not of a block that repeats, and that strength follows one
law: `strength` at mid grey, less towards black and white as `2 sqrt(luma (1 - luma))`.

What film had can be measured before it is denoised, by `models.grain.measure`; its `strength` and
`size` are this step's. Chance depends on `seed` and the frame's number in the shot only, so the
same treatment gives the same grain.

Limits: the grain is none that any frame shows; where the film's own may stay, use `keep_grain` of
`denoise`. Grain is grey: in RGB all three planes get the same, in YUV luma alone gets it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from models.contract import Change, Frame, Step, Touches
from models.degrade.damage import chance
from models.motion import Motion

REFERENCE_LINES = 480  # sizes are given for a picture of so many lines
SMALLEST_SIZE = 0.25  # samples of the picture: below, adjacent samples have nothing in common


@dataclass(frozen=True)
class Grain(Step):
    """Add grain.

    Attributes:
        strength: deviation at mid grey, share of full range, 0..0.2.
        size: deviation of the Gaussian that noise is softened by, samples at 480 lines, 0..8.
        seed: where chance starts, 0 or more.
    """

    name: ClassVar[str] = "grain"
    version: ClassVar[int] = 1
    touches: ClassVar[Touches] = "every sample"
    invents: ClassVar[bool] = True

    strength: float = 0.015
    size: float = 0.6
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 0.2:
            raise ValueError(f"strength {self.strength} is outside 0..0.2 of full range")
        if not 0 <= self.size <= 8:
            raise ValueError(f"size {self.size} is outside 0..8 samples")
        if self.seed < 0:
            raise ValueError(f"seed {self.seed} is below 0")

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """Yield one change per frame."""
        facts = {"strength_share": self.strength, "size_samples": self.size}
        for index, frame in enumerate(frames):
            if self.strength == 0:
                yield Change.none(frame, facts)
            else:
                yield self._change(frame, index, facts)

    def _change(self, frame: Frame, index: int, facts: dict[str, float]) -> Change:
        luma = frame.luma()
        lines = frame.format.height
        grain = soft_noise(
            (lines, frame.format.width),
            self.size * lines / REFERENCE_LINES,
            chance(self.seed, index),
        ).to(luma.device)
        added = self.strength * grain * 2 * (luma * (1 - luma)).clamp_min(0).sqrt() * frame.peak
        wanted = list(frame.samples())
        for number in range(3 if frame.format.layout == "rgb" else 1):
            exact = wanted[number].to(torch.float32) + added
            wanted[number] = exact.round().to(torch.int32)
        return Change.between(frame, wanted, facts)


def soft_noise(shape: tuple[int, int], size: float, generator: torch.Generator) -> Tensor:
    """Gaussian noise of deviation 1, softened, float32 `[H, W]`, on the CPU.

    Args:
        shape: (H, W).
        size: deviation of the Gaussian it is softened by, in samples.
        generator: the source of chance.
    """
    if size < SMALLEST_SIZE:
        return torch.randn(shape, generator=generator)
    reach = math.ceil(3 * size)
    noise = torch.randn(shape[0] + 2 * reach, shape[1] + 2 * reach, generator=generator)
    places = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = torch.exp(-places.square() / (2 * size**2))
    kernel = kernel / kernel.square().sum().sqrt()  # the deviation stays 1
    down = functional.conv2d(noise[None, None], kernel[None, None, :, None])
    return functional.conv2d(down, kernel[None, None, None])[0, 0]
