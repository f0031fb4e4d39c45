"""Dirt and blotches: irregular specks, black or white, each on one frame only.

Source and look: see the package. A blotch is a disc whose radius wanders with the angle, with
a soft edge, blended towards a black or white of its own. Chroma goes to neutral with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from models.contract import Frame
from models.degrade.damage import Damage, chance

EDGE = 1.5  # samples over which a blotch fades out
REFERENCE_LINES = 480  # sizes are given for a picture of so many lines


@dataclass(frozen=True)
class Dirt(Damage):
    """Blotches with log-normal sizes, spread evenly over the picture.

    Attributes:
        density: mean number of blotches per frame, 0..10000 (the number is Poisson).
        white_share: share of white ones, 0..1.
        median_size: median diameter in samples at 480 lines.
        size_spread: standard deviation of the logarithm of the diameter.
        smallest, largest: limits of the diameter in samples at 480 lines.
        opacity: least opacity; each blotch draws one between it and 1.
        seed: where chance starts.
    """

    name: ClassVar[str] = "dirt"

    density: float = 12.0
    white_share: float = 0.5
    median_size: float = 6.0
    size_spread: float = 0.7
    smallest: float = 2.0
    largest: float = 40.0
    opacity: float = 0.6
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.density <= 10_000:
            raise ValueError(f"density {self.density} is outside 0..10000 blotches per frame")
        if not 0 <= self.white_share <= 1:
            raise ValueError(f"white_share {self.white_share} is outside 0..1")
        if not 0 < self.opacity <= 1:
            raise ValueError(f"opacity {self.opacity} is outside 0..1")
        if not 0 < self.smallest <= self.largest:
            raise ValueError(f"smallest {self.smallest} is not between 0 and {self.largest}")

    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame the dirty frame and where it is dirty."""
        for index, frame in enumerate(frames):
            generator = chance(self.seed, index)
            cover, level = self._draw(frame.format.height, frame.format.width, generator)
            yield _covered(frame, cover, level)

    def _draw(self, height: int, width: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Opacity and colour of the dirt, each float32 `[H, W]`, 0..1."""
        cover, level = torch.zeros(height, width), torch.zeros(height, width)
        count = int(torch.poisson(torch.tensor(float(self.density)), generator=generator))
        for _ in range(count):
            chances = torch.rand(6, generator=generator).tolist()
            exponent = float(torch.randn(1, generator=generator)) * self.size_spread
            diameter = self.median_size * math.exp(exponent)
            radius = min(max(diameter, self.smallest), self.largest) / 2 * height / REFERENCE_LINES
            shape = _outline(radius, generator)
            top = int(chances[0] * height) - shape.shape[0] // 2
            left = int(chances[1] * width) - shape.shape[1] // 2
            white = chances[2] < self.white_share
            colour = 0.82 + 0.15 * chances[3] if white else 0.04 + 0.14 * chances[3]
            opacity = self.opacity + (1 - self.opacity) * chances[4]
            _place(cover, level, shape * opacity, colour, top, left)
        return cover, level


def _outline(radius: float, generator: torch.Generator) -> Tensor:
    """One blotch, float32 `[D, D]`: 1 inside, falling to 0 over `EDGE` samples."""
    reach = math.ceil(1.8 * radius + EDGE)
    axis = torch.arange(-reach, reach + 1, dtype=torch.float32)
    y, x = axis[:, None].expand(-1, len(axis)), axis[None, :].expand(len(axis), -1)
    angle = torch.atan2(y, x)
    limit = torch.ones_like(angle)
    for order in range(2, 7):
        size, phase = torch.rand(2, generator=generator).tolist()
        limit = limit + 0.45 / order**0.5 * size * torch.cos(order * angle + 2 * math.pi * phase)
    limit = radius * limit.clamp(0.25, 1.8)
    return ((limit + 0.5 - torch.hypot(x, y)) / EDGE + 0.5).clamp(0, 1)


def _place(cover: Tensor, level: Tensor, shape: Tensor, colour: float, top: int, left: int) -> None:
    """Lay a blotch over the others where it covers more than they do."""
    height, width = cover.shape
    rows = slice(max(top, 0), min(top + shape.shape[0], height))
    columns = slice(max(left, 0), min(left + shape.shape[1], width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    part = shape[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    above = part > cover[rows, columns]
    cover[rows, columns] = torch.where(above, part, cover[rows, columns])
    level[rows, columns] = torch.where(above, colour, level[rows, columns])


def _covered(frame: Frame, cover: Tensor, level: Tensor) -> tuple[Frame, Tensor]:
    """Blend the dirt into every plane; the mask is where any sample became another."""
    height, width = cover.shape
    mask = torch.zeros(height, width, dtype=torch.bool)
    planes = []
    for number, (plane, samples) in enumerate(zip(frame.planes, frame.samples(), strict=True)):
        shape = (int(plane.shape[0]), int(plane.shape[1]))
        chroma = number > 0 and frame.format.layout != "rgb"
        colour = torch.full(shape, 0.5 * (frame.peak + 1)) if chroma else level * frame.peak
        weight = _reduced(cover, shape).to(plane.device)
        blended = samples + (colour.to(plane.device) - samples) * weight
        painted = blended.round().clamp(0, frame.peak).to(plane.dtype)
        planes.append(painted)
        changed = (painted != plane).cpu()
        mask |= _enlarged(changed, (height, width))
    return Frame(tuple(planes), frame.format), mask


def _reduced(cover: Tensor, shape: tuple[int, int]) -> Tensor:
    """Mean opacity over the footprint of each sample of a plane of the given shape."""
    down, across = -(-cover.shape[0] // shape[0]), -(-cover.shape[1] // shape[1])
    if (down, across) == (1, 1):
        return cover
    return torch.nn.functional.avg_pool2d(
        cover[None, None], (down, across), ceil_mode=True, count_include_pad=False
    )[0, 0]


def _enlarged(changed: Tensor, shape: tuple[int, int]) -> Tensor:
    """A plane's mask on the luma grid: every sample marks its footprint."""
    down, across = -(-shape[0] // changed.shape[0]), -(-shape[1] // changed.shape[1])
    whole = changed.repeat_interleave(down, 0).repeat_interleave(across, 1)
    return whole[: shape[0], : shape[1]]
