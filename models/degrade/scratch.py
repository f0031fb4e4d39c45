"""Scratches: upright lines that run along the film through many frames.

Source: the lateral profile is a Gaussian or, with the side lobes of diffraction, a squared
sinc (Kokaram, "Motion Picture Restoration", 1998, chapter 8; Joyeux, Boukir, Besserer, "Film
line scratch removal using Kalman filtering and Bayesian restoration", WACV 2000); place and
persistence follow Newson, Almansa, Gousseau, Perez, "Robust automatic line scratch detection in
films", IEEE Transactions on Image Processing 23, 2014. What is marked on the film runs on from
one frame's last line to the next one's first.

Limits: straight on each frame, black or white; scratches of one colour layer are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from models.contract import Frame
from models.degrade.blend import covered, place
from models.degrade.damage import REFERENCE_LINES, Damage, chance, require
from models.degrade.lateral import TWO_LOBES, lateral_profile
from models.degrade.lives import lifetimes

STRETCHES = 16  # per frame; at their ends a scratch may pale, break off or come back
PERSISTENCE = 0.75  # share of ends at which a scratch goes on as it was
THINNEST = 0.7  # samples; a thinner line would fall between them


@dataclass(frozen=True)
class _Scratch:
    """One scratch; lengths in samples at 480 lines, x at the middle line of the picture."""

    x: float
    lean: float
    width: float
    is_sinc: bool
    colour: float
    opacity: float
    frames_left: int
    present: bool
    last_strength: float


@dataclass(frozen=True)
class Scratches(Damage):
    """Scratches that arrive at random, wander sideways and are broken.

    Attributes:
        rate: mean number of scratches that begin per frame, 0..10.
        dark_share: share of dark ones, 0..1.
        sinc_share: share with the profile of a squared sinc, 0..1; the others are Gaussian.
        narrowest, widest: limits of the width at half height in samples at 480 lines.
        shortest_life, longest_life: limits of the length in frames.
        drift: standard deviation of the step sideways from frame to frame, in samples at 480
            lines.
        lean: greatest run sideways from the top to the bottom line, in samples at 480 lines.
        broken: share of the length on which there is nothing, 0..0.95.
        opacity: least opacity at the deepest point; each scratch draws one between it and 1.
        seed: where chance starts.
    """

    name: ClassVar[str] = "scratches"

    rate: float = 0.03
    dark_share: float = 0.5
    sinc_share: float = 0.5
    narrowest: float = 1.0
    widest: float = 5.0
    shortest_life: int = 10
    longest_life: int = 200
    drift: float = 0.5
    lean: float = 4.0
    broken: float = 0.3
    opacity: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        require("rate", self.rate, 0, 10, "scratches per frame")
        require("dark_share", self.dark_share, 0, 1)
        require("sinc_share", self.sinc_share, 0, 1)
        require("widest", self.widest, 0.1, 100, "samples at 480 lines")
        require("narrowest", self.narrowest, 0.1, self.widest, "samples at 480 lines")
        require("longest_life", self.longest_life, 1, 100_000, "frames")
        require("shortest_life", self.shortest_life, 1, self.longest_life, "frames")
        require("drift", self.drift, 0, 50, "samples at 480 lines")
        require("lean", self.lean, 0, 200, "samples at 480 lines")
        require("broken", self.broken, 0, 0.95)
        require("opacity", self.opacity, 0.01, 1)

    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame the scratched frame and where it is scratched."""
        scratches: list[_Scratch] = []
        for index, frame in enumerate(frames):
            generator = chance(self.seed, index, self.name)
            scale = frame.format.height / REFERENCE_LINES
            lives = lifetimes(
                self.rate, self.shortest_life, self.longest_life, index == 0, generator
            )
            scratches += [self._born(n, frame.format.width / scale, generator) for n in lives]
            shape = (frame.format.height, frame.format.width)
            cover = torch.zeros(shape, device=frame.planes[0].device)
            level = torch.zeros_like(cover)
            following = []
            for scratch in scratches:
                strengths, after = self._along(scratch, generator)
                _lay(cover, level, scratch, strengths)
                following.append(after)
            yield covered(frame, cover, level)
            scratches = [scratch for scratch in following if scratch.frames_left > 0]

    def _born(self, frames_left: int, width: float, generator: torch.Generator) -> _Scratch:
        chances = torch.rand(9, generator=generator).tolist()
        dark = chances[4] < self.dark_share
        return _Scratch(
            x=chances[0] * width,
            lean=(2 * chances[1] - 1) * self.lean,
            width=self.narrowest + (self.widest - self.narrowest) * chances[2],
            is_sinc=chances[3] < self.sinc_share,
            colour=0.02 + 0.1 * chances[5] if dark else 0.98 - 0.1 * chances[5],
            opacity=self.opacity + (1 - self.opacity) * chances[6],
            frames_left=frames_left,
            present=chances[7] >= self.broken,
            last_strength=0.6 + 0.4 * chances[8],
        )

    def _along(self, scratch: _Scratch, generator: torch.Generator) -> tuple[list[float], _Scratch]:
        """Strength at the ends of a frame's stretches, 0..1, and the scratch one frame on."""
        present, strengths = scratch.present, [scratch.last_strength * scratch.present]
        strength = scratch.last_strength
        for go_on, absent, depth in torch.rand(STRETCHES, 3, generator=generator).tolist():
            present = present if go_on < PERSISTENCE else absent >= self.broken
            strength = 0.6 + 0.4 * depth
            strengths.append(strength * present)
        step = self.drift * float(torch.randn(1, generator=generator))
        after = replace(
            scratch,
            x=scratch.x + step,
            frames_left=scratch.frames_left - 1,
            present=present,
            last_strength=strength,
        )
        return strengths, after


def _lay(cover: Tensor, level: Tensor, scratch: _Scratch, strengths: list[float]) -> None:
    """Draw a scratch into cover and level, on their device."""
    lines, scale, device = cover.shape[0], cover.shape[0] / REFERENCE_LINES, cover.device
    width = max(scratch.width * scale, THINNEST)
    x, lean = scratch.x * scale, scratch.lean * scale
    reach = abs(lean) / 2 + TWO_LOBES * width
    left, right = math.floor(x - reach), math.ceil(x + reach) + 1
    y = torch.arange(lines, dtype=torch.float32, device=device)
    middle = x + lean * ((y + 0.5) / lines - 0.5)
    columns = torch.arange(left, right, dtype=torch.float32, device=device)
    profile = lateral_profile(columns - middle[:, None], width, scratch.is_sinc)
    knots = torch.tensor(strengths, device=device)[None, None]
    depth = functional.interpolate(knots, lines, mode="linear", align_corners=True)[0, 0]
    place(cover, level, profile * depth[:, None] * scratch.opacity, scratch.colour, 0, left)
