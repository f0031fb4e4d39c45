"""Grain: noise of the film itself, strongest in the mid-tones, new on every frame.

Source: Newson, Delon, Galerne, "A stochastic film grain model for resolution-independent
rendering", Computer Graphics Forum 36, 2017: a sample is the share of opaque grains in its
neighbourhood, so its variance follows u (1 - u); the spatially correlated Gaussian field
stands in for their Boolean model as in AV1 (Norkin, Birkbeck, "Film grain synthesis for AV1
video codec", DCC 2018).

Limits: the noise is Gaussian, not grain by grain, and one size holds for all tones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from models.contract import Frame
from models.degrade.blend import mean_cover, rewritten
from models.degrade.damage import REFERENCE_LINES, Damage, chance, require
from models.degrade.gaussian import kernel, smoothed

SMALLEST = 0.5  # sigma in samples below which a sampled Gaussian is no longer one


@dataclass(frozen=True)
class Grain(Damage):
    """Correlated noise of mean zero, white in time.

    Attributes:
        strength: standard deviation at mid-grey as share of full range, 0..0.25; at the tone
            u it is `2 strength sqrt(u (1 - u))`.
        size: sigma of the Gaussian that correlates it, 0.8..1.6 samples at 480 lines; in the
            picture's samples never below 0.5.
        colour: 0 for grain that R, G, B share, 1 for grain of their own; on Y, U, V the
            strength on chroma as share of that on luma.
        seed: where chance starts.
    """

    name: ClassVar[str] = "grain"

    strength: float = 0.03
    size: float = 1.0
    colour: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        require("strength", self.strength, 0, 0.25, "of full range")
        require("size", self.size, 0.8, 1.6, "samples at 480 lines")
        require("colour", self.colour, 0, 1)

    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame the grainy frame; the mask is the whole picture."""
        for index, frame in enumerate(frames):
            generator = chance(self.seed, index, self.name)
            wanted = self._rgb if frame.format.layout == "rgb" else self._yuv
            yield rewritten(frame, wanted(frame, generator))

    def _rgb(self, frame: Frame, generator: torch.Generator) -> list[Tensor]:
        shared = self._noise(frame, 0, generator)
        planes = []
        for number, samples in enumerate(frame.samples()):
            own = self._noise(frame, number, generator)
            noise = (1 - self.colour**2) ** 0.5 * shared + self.colour * own
            tone = samples.to(torch.float32) / frame.peak
            planes.append(samples + self._deviation(tone) * noise * frame.peak)
        return planes

    def _yuv(self, frame: Frame, generator: torch.Generator) -> list[Tensor]:
        tone = frame.luma()
        planes = []
        for number, samples in enumerate(frame.samples()):
            around = mean_cover(tone, (int(samples.shape[0]), int(samples.shape[1])))
            strength = self.colour if number else 1.0
            noise = self._noise(frame, number, generator)
            planes.append(samples + strength * self._deviation(around) * noise * frame.peak)
        return planes

    def _deviation(self, tone: Tensor) -> Tensor:
        """Standard deviation as share of full range at tones of 0..1."""
        return 2 * self.strength * (tone * (1 - tone)).clamp(min=0).sqrt()

    def _noise(self, frame: Frame, number: int, generator: torch.Generator) -> Tensor:
        """Correlated noise of mean 0 and variance 1, float32 of a plane's shape.

        The chance is drawn beyond the borders, so that these are as noisy as the rest.
        """
        (height, width), (lines, samples) = frame.format.plane_shapes[0], frame.planes[number].shape
        sigma = self.size * height / REFERENCE_LINES
        device = frame.planes[number].device
        weights = [
            kernel(max(sigma / -(-whole // part), SMALLEST), device)
            for whole, part in ((height, lines), (width, samples))
        ]
        shape = [
            side + len(weight) - 1 for side, weight in zip((lines, samples), weights, strict=True)
        ]
        white = torch.randn(shape, generator=generator).to(device)
        return smoothed(white, *(weight / (weight**2).sum().sqrt() for weight in weights))
