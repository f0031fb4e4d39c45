"""Weave: the picture does not stand still, because the film sits loosely in the gate.

Source: Kokaram, "Motion Picture Restoration", 1998, chapter 1 (image unsteadiness). The path is
a first-order autoregressive series in x, in y and in the angle; now and then a perforation
slips and the picture jumps by lines, then settles with the series' memory.

Limits: the whole frame moves as one; nothing but a mirror image is known beyond its edges.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from models.contract import Frame
from models.degrade.blend import rewritten
from models.degrade.damage import REFERENCE_LINES, Damage, chance, require


@dataclass(frozen=True)
class Weave(Damage):
    """A displacement, and if wanted a turn, of each frame.

    Attributes:
        sway: standard deviation of the displacement in x, in samples at 480 lines.
        bounce: standard deviation of the displacement in y, in samples at 480 lines.
        memory: correlation with the frame before, 0..1.
        jump_rate: share of frames that jump, 0..1.
        jump: standard deviation of a jump in y, in samples at 480 lines.
        rotation: standard deviation of the angle in degrees, 0..5.
        seed: where chance starts.
    """

    name: ClassVar[str] = "weave"

    sway: float = 0.7
    bounce: float = 0.5
    memory: float = 0.7
    jump_rate: float = 0.01
    jump: float = 4.0
    rotation: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        require("sway", self.sway, 0, 50, "samples at 480 lines")
        require("bounce", self.bounce, 0, 50, "samples at 480 lines")
        require("jump_rate", self.jump_rate, 0, 1)
        require("jump", self.jump, 0, 200, "samples at 480 lines")
        require("rotation", self.rotation, 0, 5, "degrees")
        if not 0 <= self.memory < 1:
            raise ValueError(f"memory {self.memory} is outside 0..1")

    def path(self, count: int) -> Tensor:
        """The true displacement of the first frames of a shot.

        Returns:
            float64 `[count, 2]`: (x, y) in samples at 480 lines, so times lines / 480 in the
            picture's own. What was at `p` is at `p + (x, y)`; x points right, y down.
        """
        places = [(x, y) for x, y, _ in itertools.islice(self._places(), count)]
        return torch.tensor(places, dtype=torch.float64).reshape(count, 2)

    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame the displaced frame; the mask is the whole picture."""
        for frame, place in zip(frames, self._places(), strict=False):
            yield rewritten(frame, [_moved(frame, p, place) for p in frame.samples()])

    def _places(self) -> Iterator[tuple[float, float, float]]:
        """Without end: (x, y) in samples at 480 lines and the angle in radians."""
        spread = (self.sway, self.bounce, math.radians(self.rotation))
        state = [0.0, 0.0, 0.0]
        for index in itertools.count():
            generator = chance(self.seed, index, self.name)
            steps = torch.randn(4, generator=generator, dtype=torch.float64).tolist()
            weight = self.memory if index else 0.0
            fresh = (1 - weight**2) ** 0.5
            state = [
                weight * old + fresh * size * step
                for old, size, step in zip(state, spread, steps[:3], strict=True)
            ]
            if float(torch.rand(1, generator=generator)) < self.jump_rate:
                state[1] += self.jump * steps[3]
            yield state[0], state[1], state[2]


def _moved(frame: Frame, plane: Tensor, shift: tuple[float, float, float]) -> Tensor:
    """One plane, float32 `[h, w]`, resampled at the displaced and turned grid."""
    height, width = frame.format.height, frame.format.width
    lines, samples = int(plane.shape[0]), int(plane.shape[1])
    down, across = -(-height // lines), -(-width // samples)
    scale = height / REFERENCE_LINES
    right, below = shift[0] * scale, shift[1] * scale
    # In luma samples around the middle of the picture; the inverse of turning, then shifting.
    x = (torch.arange(samples, device=plane.device) + 0.5) * across - width / 2 - right
    y = (torch.arange(lines, device=plane.device) + 0.5) * down - height / 2 - below
    cosine, sine = math.cos(shift[2]), math.sin(shift[2])
    from_x = (cosine * x[None, :] + sine * y[:, None] + width / 2) / across - 0.5
    from_y = (cosine * y[:, None] - sine * x[None, :] + height / 2) / down - 0.5
    sides = zip((from_x, from_y), (samples, lines), strict=True)
    grid = torch.stack([(2 * _levelled(place) + 1) / side - 1 for place, side in sides], -1)
    return functional.grid_sample(
        plane.to(torch.float32)[None, None],
        grid[None],
        mode="bicubic",
        padding_mode="reflection",
        align_corners=False,
    )[0, 0]


def _levelled(place: Tensor) -> Tensor:
    """Where to ask torch's bicubic kernel, so that it answers with what is at `place`.

    With its parameter of -0.75 the kernel shows a ramp at `t^3 - 1.5 t^2 + 1.5 t` of the way
    from one sample to the next instead of at `t`: up to 0.05 samples aside. This is the inverse.
    """
    whole = place.floor()
    return whole + 0.5 + torch.sinh(torch.asinh(4 * (place - whole - 0.5)) / 3)
