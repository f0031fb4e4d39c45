"""A large picture through a network in tiles, so that memory does not grow with the picture.

Tiles overlap, and where they do one fades into the other. Their side is fixed: it would change
the picture, if only a little, and so must not depend on the machine.

What changes its pixels raises `ModelStep.version`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

TILE = 256  # samples
OVERLAP = 32  # samples that neighbouring tiles share


@dataclass(frozen=True)
class Tiling:
    """How large tiles are.

    Attributes:
        side: samples.
        overlap: samples that neighbouring tiles share.
    """

    side: int = TILE
    overlap: int = OVERLAP


USUAL = Tiling()

Run = Callable[[Tensor], Tensor]


def in_tiles(
    picture: Tensor, run: Run, multiple: int = 1, smallest: int = 1, tiling: Tiling = USUAL
) -> Tensor:
    """Run a network over a picture.

    Args:
        picture: float32 `[C, H, W]`.
        run: maps `[1, C, h, w]` to `[1, D, h, w]`; h and w are multiples of `multiple` and not
            below `smallest`, the edge being repeated where the picture ends.
        multiple: what the network's sizes must be multiples of.
        smallest: least side that the network takes.
        tiling: how large tiles are.

    Returns:
        float32 `[D, H, W]`.
    """
    height, width = int(picture.shape[1]), int(picture.shape[2])
    total: Tensor | None = None
    weights = torch.zeros_like(picture[:1])
    for top, bottom in spans(height, tiling):
        for left, right in spans(width, tiling):
            tile = picture[:, top:bottom, left:right]
            done = _padded(tile, run, multiple, smallest)
            if total is None:
                total = picture.new_zeros(done.shape[0], height, width)
            overlap = tiling.overlap
            down, across = _fade(bottom - top, overlap, tile), _fade(right - left, overlap, tile)
            weight = down[:, None] * across[None, :]
            total[:, top:bottom, left:right] += done * weight
            weights[:, top:bottom, left:right] += weight
    assert total is not None  # a picture has a tile
    return total / weights


def spans(length: int, tiling: Tiling = USUAL) -> list[tuple[int, int]]:
    """Where tiles begin and end along a side: none longer than the tiling's, all of one length."""
    side, overlap = tiling.side, tiling.overlap
    if length <= side:
        return [(0, length)]
    count = -(-(length - overlap) // (side - overlap))
    starts = [round(n * (length - side) / (count - 1)) for n in range(count)]
    return [(start, start + side) for start in starts]


def _fade(length: int, overlap: int, like: Tensor) -> Tensor:
    """Weight along a tile: rises over the overlap and falls again, never 0."""
    place = torch.arange(length, dtype=torch.float32, device=like.device)
    edge = torch.minimum(place + 1, length - place)
    return (edge / overlap).clamp(max=1.0)


def _padded(tile: Tensor, run: Run, multiple: int, smallest: int) -> Tensor:
    height, width = int(tile.shape[1]), int(tile.shape[2])
    down, across = (-(-max(side, smallest) // multiple) * multiple for side in (height, width))
    wide = functional.pad(tile[None], (0, across - width, 0, down - height), mode="replicate")
    return run(wide)[0, :, :height, :width]
