"""What the network is shown of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor
from torch.nn import functional

from models.restorer.config import MULTIPLE
from models.restorer.evidence import COARSE

CLUES = ("repaired", "spike", "disagreement", "line", "noise", "left", "colour noise")
ON_COARSE = ("levels", "flicker")


@dataclass(frozen=True)
class Seen:
    """What the network is shown of N frames; float32, full range 1.

    The pictures are those of `models.restorer.engine.Repaired`, see `models.restorer.picture`.

    Attributes:
        engine: `[N, 3, H, W]`, the engine's answer.
        even: `[N, 3, H, W]`, with all its damage; only the frame's own answer sees it.
        whole: `[N, 3, H, W]`, repaired, with its noise.
        averaged: `[N, 3, H, W]`, that averaged in time.
        places: `[N, 12, H, W]`, the engine's answers of four neighbours, in place, as bright.
        levels: `[N, 8, ceil(H / 8), ceil(W / 8)]`, how much brighter each of eight neighbours is.
        flicker: `[N, 1, ceil(H / 8), ceil(W / 8)]`, how much flicker the engine took out around.
        clues: `[N, 7, H, W]`, in the order of `CLUES`; the first is 0 or 1.
        bounds: `[N, 3, H, W]`, 0 or 1: where each mask may open, see `models.restorer.bounds`. The
            layers do not see it.
    """

    engine: Tensor
    even: Tensor
    whole: Tensor
    averaged: Tensor
    places: Tensor
    levels: Tensor
    flicker: Tensor
    clues: Tensor
    bounds: Tensor

    def padded(self) -> Seen:
        """With sides that are multiples of 8; the edge is repeated."""
        height, width = self.engine.shape[-2:]
        pad = (0, -width % MULTIPLE, 0, -height % MULTIPLE)
        if not any(pad):
            return self
        whole = {
            field.name: functional.pad(getattr(self, field.name), pad, mode="replicate")
            for field in fields(self)
            if field.name not in ON_COARSE
        }
        return replace(self, **whole)

    def cropped(self, top: int, left: int, height: int, width: int) -> Seen:
        """A window of it; all four are multiples of 8."""
        parts = {}
        for field in fields(self):
            unit = COARSE if field.name in ON_COARSE else 1
            rows = slice(top // unit, (top + height) // unit)
            columns = slice(left // unit, (left + width) // unit)
            parts[field.name] = getattr(self, field.name)[..., rows, columns].contiguous()
        return Seen(**parts)

    def chosen(self, frames: slice) -> Seen:
        """Some of its frames."""
        return Seen(**{field.name: getattr(self, field.name)[frames] for field in fields(self)})

    @staticmethod
    def joined(parts: Sequence[Seen]) -> Seen:
        """Several of one size as one, one after the other."""
        names = [field.name for field in fields(Seen)]
        return Seen(**{name: torch.cat([getattr(p, name) for p in parts]) for name in names})
