"""What the network is shown of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor
from torch.nn import functional

from models.restorer.config import MULTIPLE
from models.restorer.evidence import COARSE

CLUES = ("damaged", "spike", "extreme", "disagreement", "line", "noise", "left")


@dataclass(frozen=True)
class Seen:
    """What the network is shown of N frames; float32, full range 1.

    Attributes:
        source: `[N, 3, H, W]`, the frames, see `models.restorer.picture`.
        cleaned: `[N, 3, H, W]`, with what the evidence calls damaged replaced.
        places: `[N, 12, H, W]`, three channels each of four cleaned neighbours in place.
        averages: `[N, 4, H, W]`, see `models.restorer.averages`.
        levels: `[N, 8, H / 8, W / 8]`, what was added to the luma of each of eight neighbours.
        clues: `[N, 7, H, W]`, in the order of `CLUES`; the first is 0 or 1.
    """

    source: Tensor
    cleaned: Tensor
    places: Tensor
    averages: Tensor
    levels: Tensor
    clues: Tensor

    def padded(self) -> Seen:
        """With sides that are multiples of 8; the edge is repeated."""
        height, width = self.source.shape[-2:]
        pad = (0, -width % MULTIPLE, 0, -height % MULTIPLE)
        if not any(pad):
            return self
        whole = {
            name: functional.pad(getattr(self, name), pad, mode="replicate")
            for name in ("source", "cleaned", "places", "averages", "clues")
        }
        return replace(self, **whole)

    def cropped(self, top: int, left: int, height: int, width: int) -> Seen:
        """A window of it; all four are multiples of 8."""
        parts = {}
        for field in fields(self):
            unit = COARSE if field.name == "levels" else 1
            rows = slice(top // unit, (top + height) // unit)
            columns = slice(left // unit, (left + width) // unit)
            parts[field.name] = getattr(self, field.name)[..., rows, columns].contiguous()
        return Seen(**parts)

    @staticmethod
    def joined(parts: Sequence[Seen]) -> Seen:
        """Several of one size as one, one after the other."""
        names = [field.name for field in fields(Seen)]
        return Seen(**{name: torch.cat([getattr(p, name) for p in parts]) for name in names})
