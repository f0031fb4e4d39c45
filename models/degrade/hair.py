"""Hairs in the gate: thin curved lines that stay where they are for a while, then go.

Source: Read, Meyer, "Restoration of Motion Picture Film", 2000: fibres caught in the aperture
of camera, printer or projector reach into the picture from its edges.

Limits: a hair trembles as a whole; it does not bend.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from models.contract import Frame
from models.degrade.blend import covered, place
from models.degrade.damage import REFERENCE_LINES, Damage, chance, require
from models.degrade.lives import lifetimes

SEGMENTS = 24  # straight pieces that make a curve


@dataclass(frozen=True)
class _Hair:
    """One hair: its points (x, y), float32 `[24 + 1, 2]`, and its width, in picture samples."""

    points: Tensor
    width: float
    colour: float
    opacity: float
    frames_left: int


@dataclass(frozen=True)
class GateHair(Damage):
    """Hairs, dark (on the print) or bright (from the negative).

    Attributes:
        rate: mean number of hairs that arrive per frame, 0..10.
        dark_share: share of dark ones, 0..1.
        edge_share: share of hairs that grow in from an edge, 0..1; the others lie anywhere.
        shortest_life, longest_life: frames for which a hair stays.
        thinnest, thickest: limits of the width in samples at 480 lines.
        shortest, longest: limits of the length in samples at 480 lines.
        jitter: standard deviation of its place in samples at 480 lines, new on every frame.
        opacity: least opacity; each hair draws one between it and 1.
        seed: where chance starts.
    """

    name: ClassVar[str] = "gate_hair"

    rate: float = 0.02
    dark_share: float = 0.85
    edge_share: float = 0.85
    shortest_life: int = 5
    longest_life: int = 60
    thinnest: float = 1.0
    thickest: float = 3.0
    shortest: float = 20.0
    longest: float = 120.0
    jitter: float = 0.3
    opacity: float = 0.7
    seed: int = 0

    def __post_init__(self) -> None:
        require("rate", self.rate, 0, 10, "hairs per frame")
        require("dark_share", self.dark_share, 0, 1)
        require("edge_share", self.edge_share, 0, 1)
        require("longest_life", self.longest_life, 1, 100_000, "frames")
        require("shortest_life", self.shortest_life, 1, self.longest_life, "frames")
        require("thickest", self.thickest, 0.1, 20, "samples at 480 lines")
        require("thinnest", self.thinnest, 0.1, self.thickest, "samples at 480 lines")
        require("longest", self.longest, 1, 2000, "samples at 480 lines")
        require("shortest", self.shortest, 1, self.longest, "samples at 480 lines")
        require("jitter", self.jitter, 0, 10, "samples at 480 lines")
        require("opacity", self.opacity, 0.01, 1)

    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame the frame behind hairs and where they are."""
        hairs: list[_Hair] = []
        for index, frame in enumerate(frames):
            generator = chance(self.seed, index, self.name)
            height, width = frame.format.height, frame.format.width
            lives = lifetimes(
                self.rate, self.shortest_life, self.longest_life, index == 0, generator
            )
            hairs += [self._born(left, height, width, generator) for left in lives]
            cover = torch.zeros(height, width, device=frame.planes[0].device)
            level = torch.zeros_like(cover)
            for hair in hairs:
                shift = torch.randn(2, generator=generator) * self.jitter
                _lay(cover, level, hair, hair.points + shift * height / REFERENCE_LINES)
            yield covered(frame, cover, level)
            hairs = [_aged(hair) for hair in hairs if hair.frames_left > 1]

    def _born(self, frames_left: int, height: int, width: int, generator: torch.Generator) -> _Hair:
        scale = height / REFERENCE_LINES
        chances = torch.rand(9, generator=generator).tolist()
        root, heading = _root(chances, self.edge_share)
        step = (self.shortest + (self.longest - self.shortest) * chances[4]) / SEGMENTS
        bend = torch.randn(SEGMENTS + 1, generator=generator) * 0.12
        angles = heading + (bend[0] * 0.8 + bend[1:]).cumsum(0)
        steps = torch.stack([angles.cos(), angles.sin()], 1) * step * scale
        start = torch.tensor([[root[0] * width, root[1] * height]])
        dark = chances[5] < self.dark_share
        return _Hair(
            torch.cat([start, start + steps.cumsum(0)]),
            (self.thinnest + (self.thickest - self.thinnest) * chances[6]) * scale,
            0.03 + 0.1 * chances[7] if dark else 0.97 - 0.1 * chances[7],
            self.opacity + (1 - self.opacity) * chances[8],
            frames_left,
        )


def _root(chances: list[float], edge_share: float) -> tuple[tuple[float, float], float]:
    """Where a hair begins, (x, y) as share of the picture, and its direction in radians."""
    along, spread = chances[2], (chances[3] - 0.5) * math.radians(120)
    if chances[0] >= edge_share:
        return (along, chances[1]), 6 * spread
    edges = ((0.0, along), (along, 0.0), (1.0, along), (along, 1.0))  # left, top, right, bottom
    edge = int(chances[1] * 4)
    return edges[edge], edge * math.pi / 2 + spread


def _aged(hair: _Hair) -> _Hair:
    return _Hair(hair.points, hair.width, hair.colour, hair.opacity, hair.frames_left - 1)


def _lay(cover: Tensor, level: Tensor, hair: _Hair, points: Tensor) -> None:
    """Draw a hair into cover and level, on their device."""
    reach = math.ceil(hair.width / 2 + 1)
    limits = torch.stack([points.min(0).values, points.max(0).values]).tolist()
    left, right = _inside(limits[0][0] - reach, limits[1][0] + reach, cover.shape[1])
    top, bottom = _inside(limits[0][1] - reach, limits[1][1] + reach, cover.shape[0])
    if left >= right or top >= bottom:
        return
    x = torch.arange(left, right, dtype=torch.float32, device=cover.device)[None, :]
    y = torch.arange(top, bottom, dtype=torch.float32, device=cover.device)[:, None]
    nearest = torch.full((bottom - top, right - left), 1e6, device=cover.device)
    places = points.tolist()
    for (x0, y0), (x1, y1) in itertools.pairwise(places):
        across, down = x1 - x0, y1 - y0
        length = max(across**2 + down**2, 1e-9)
        along = (((x - x0) * across + (y - y0) * down) / length).clamp(0, 1)
        nearest = torch.minimum(
            nearest, torch.hypot(x - x0 - along * across, y - y0 - along * down)
        )
    # Thinner than a sample, it covers less of it.
    shape = (hair.width / 2 + 0.5 - nearest).clamp(0, min(hair.width, 1.0)) * hair.opacity
    place(cover, level, shape, hair.colour, top, left)


def _inside(start: float, stop: float, size: int) -> tuple[int, int]:
    return max(math.floor(start), 0), min(math.ceil(stop) + 1, size)
