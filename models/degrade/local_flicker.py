"""Local flicker: brightness wanders in one part of the picture and not in another.

Source: van Roosmalen, Lagendijk, Biemond, "Correction of intensity flicker in old film
sequences", 1999: gains vary slowly over the picture. Here each point of a coarse grid has a
first-order autoregressive gain, enlarged bicubically to the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from models.contract import Frame
from models.degrade.blend import is_chroma, rewritten
from models.degrade.damage import Damage, chance, require


@dataclass(frozen=True)
class LocalFlicker(Damage):
    """A field of gains per frame.

    Attributes:
        gain: standard deviation of the gain around 1 at a point of the grid, 0..0.5.
        memory: correlation of a point's gain with the frame before, 0..1.
        columns, rows: points of the grid across and down, 1..32.
        seed: where chance starts.
    """

    name: ClassVar[str] = "local_flicker"

    gain: float = 0.04
    memory: float = 0.5
    columns: int = 4
    rows: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        require("gain", self.gain, 0, 0.5)
        require("columns", self.columns, 1, 32)
        require("rows", self.rows, 1, 32)
        if not 0 <= self.memory < 1:
            raise ValueError(f"memory {self.memory} is outside 0..1")

    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame the unevenly bright frame; the mask is the whole picture."""
        state = torch.zeros(self.rows, self.columns)
        for index, frame in enumerate(frames):
            generator = chance(self.seed, index, self.name)
            step = torch.randn(self.rows, self.columns, generator=generator)
            weight = self.memory if index else 0.0
            state = weight * state + (1 - weight**2) ** 0.5 * step
            yield rewritten(frame, _printed(frame, 1 + self.gain * state))


def _printed(frame: Frame, gains: Tensor) -> list[Tensor]:
    """Float planes with luma (or R, G, B) under the field of gains, chroma around neutral."""
    planes = []
    for number, samples in enumerate(frame.samples()):
        neutral = (frame.peak + 1) / 2 if is_chroma(frame, number) else 0.0
        planes.append((samples - neutral) * _enlarged(gains, samples) + neutral)
    return planes


def _enlarged(gains: Tensor, plane: Tensor) -> Tensor:
    """Float32 of the plane's shape, on its device; never below zero."""
    field = gains.to(plane.device)[None, None]
    size = (int(plane.shape[0]), int(plane.shape[1]))
    whole = functional.interpolate(field, size, mode="bicubic", align_corners=True)
    return whole[0, 0].clamp(min=0)
