"""Dirt and blotches: irregular specks, black or white, each on one frame only.

Source and look: see the package. A blotch is a disc whose radius wanders with the angle, with
a soft edge, or a shape scanned from real film; it is blended towards a black or white of its
own. Chroma goes to neutral with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from models.contract import Frame
from models.degrade.blend import covered, place
from models.degrade.blotch_shapes import outline, scanned
from models.degrade.damage import REFERENCE_LINES, Damage, chance


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
        textures: opacity of real blotches, float32 `[h, w]` in 0..1 each, cropped to content.
            A scanned blotch is as long as the drawn diameter.
        texture_share: share of blotches that take their shape from `textures`, 0..1.
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
    textures: tuple[Tensor, ...] = field(default=(), repr=False, compare=False)
    texture_share: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.density <= 10_000:
            raise ValueError(f"density {self.density} is outside 0..10000 blotches per frame")
        if not 0 <= self.white_share <= 1:
            raise ValueError(f"white_share {self.white_share} is outside 0..1")
        if not 0 < self.opacity <= 1:
            raise ValueError(f"opacity {self.opacity} is outside 0..1")
        if not 0 < self.smallest <= self.largest:
            raise ValueError(f"smallest {self.smallest} is not between 0 and {self.largest}")
        if not 0 <= self.texture_share <= 1:
            raise ValueError(f"texture_share {self.texture_share} is outside 0..1")
        if any(not _is_texture(texture) for texture in self.textures):
            raise ValueError("a texture is not float32 [h, w] in 0..1 with something in it")

    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame the dirty frame and where it is dirty."""
        for index, frame in enumerate(frames):
            cover, level = self._draw(frame.format.height, frame.format.width, index)
            yield covered(frame, cover, level)

    def _draw(self, height: int, width: int, index: int) -> tuple[Tensor, Tensor]:
        """Opacity and colour of the dirt, each float32 `[H, W]`, 0..1."""
        generator = chance(self.seed, index)
        choice = chance(self.seed, index, "texture")
        cover, level = torch.zeros(height, width), torch.zeros(height, width)
        count = int(torch.poisson(torch.tensor(float(self.density)), generator=generator))
        for _ in range(count):
            chances = torch.rand(6, generator=generator).tolist()
            exponent = float(torch.randn(1, generator=generator)) * self.size_spread
            diameter = self.median_size * math.exp(exponent)
            radius = min(max(diameter, self.smallest), self.largest) / 2 * height / REFERENCE_LINES
            shape = self._shape(radius, generator, choice)
            top = int(chances[0] * height) - shape.shape[0] // 2
            left = int(chances[1] * width) - shape.shape[1] // 2
            white = chances[2] < self.white_share
            colour = 0.82 + 0.15 * chances[3] if white else 0.04 + 0.14 * chances[3]
            opacity = self.opacity + (1 - self.opacity) * chances[4]
            place(cover, level, shape * opacity, colour, top, left)
        return cover, level

    def _shape(self, radius: float, generator: torch.Generator, choice: torch.Generator) -> Tensor:
        """Opacity of one blotch, scanned or drawn."""
        if self.textures and float(torch.rand(1, generator=choice)) < self.texture_share:
            number = int(torch.randint(len(self.textures), (1,), generator=choice))
            return scanned(self.textures[number], 2 * radius, choice)
        return outline(radius, generator)


def _is_texture(texture: Tensor) -> bool:
    return (
        texture.ndim == 2
        and texture.dtype == torch.float32
        and texture.numel() > 0
        and float(texture.min()) >= 0
        and 0 < float(texture.max()) <= 1
    )
