"""Flicker: the exposure of each frame wanders, as from a hand-cranked camera or printer.

Source: see the package. Gain and offset are first-order autoregressive series.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from models.contract import Frame
from models.degrade.blend import is_chroma, rewritten
from models.degrade.damage import Damage, chance


@dataclass(frozen=True)
class Flicker(Damage):
    """A gain and an offset per frame, the same over the whole picture.

    Attributes:
        gain: standard deviation of the gain around 1.
        offset: standard deviation of the offset, as share of full range.
        memory: correlation of a frame's flicker with the frame before, 0..1.
        seed: where chance starts.
    """

    name: ClassVar[str] = "flicker"

    gain: float = 0.04
    offset: float = 0.01
    memory: float = 0.3
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.gain <= 0.5:
            raise ValueError(f"gain {self.gain} is outside 0..0.5")
        if not 0 <= self.offset <= 0.5:
            raise ValueError(f"offset {self.offset} is outside 0..0.5 of full range")
        if not 0 <= self.memory < 1:
            raise ValueError(f"memory {self.memory} is outside 0..1")

    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame the brighter or darker frame; the mask is the whole picture."""
        state = torch.zeros(2)
        for index, frame in enumerate(frames):
            step = torch.randn(2, generator=chance(self.seed, index))
            weight = 0.0 if index == 0 else self.memory
            state = weight * state + (1 - weight**2) ** 0.5 * step
            gain = 1 + self.gain * float(state[0])
            offset = self.offset * float(state[1]) * frame.peak
            yield rewritten(frame, _printed(frame, gain, offset))


def _printed(frame: Frame, gain: float, offset: float) -> list[Tensor]:
    """Float planes with luma (or R, G, B) under gain and offset, chroma under gain."""
    neutral = (frame.peak + 1) / 2
    return [
        (samples - neutral) * gain + neutral
        if is_chroma(frame, number)
        else samples * gain + offset
        for number, samples in enumerate(frame.samples())
    ]
