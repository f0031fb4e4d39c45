"""What speaks for damage that the engine left, sample by sample, on tensors of any device.

Source: `models.dirt.blotches.spike_of` (SDIp) and `models.dirt.evidence.disagreement_of` (Kokaram,
"Motion Picture Restoration", 1998); a test holds ours equal to theirs. The clue for upright lines
is a mean along the line of how far a sample stands out from its sides (Kokaram, chapter 8).

All pictures are luma, float32 `[N, 1, H, W]`, full range 1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.labels import odd

LINE_LENGTH, LINE_SIDES = 31, 9  # samples at 480 lines, for upright lines
LEVEL_SHARE = 1 / 8  # of the height: side of the area over which brightness is matched
LEVEL_LIMIT = 0.15  # share of full range: a larger difference is no flicker
COARSE = 8  # samples per sample of the grid on which brightness is matched


def coarse(picture: Tensor) -> Tensor:
    """Means of squares of 8 x 8 samples, `[N, C, ceil(H / 8), ceil(W / 8)]`."""
    return functional.avg_pool2d(picture, COARSE, ceil_mode=True, count_include_pad=False)


def area_mean(level: Tensor) -> Tensor:
    """Mean of a coarse picture over an eighth of the height around each sample."""
    return box_mean(level, odd(level.shape[-2] * LEVEL_SHARE))


def fine(level: Tensor, shape: tuple[int, int]) -> Tensor:
    """A level of the coarse grid, brought to the picture's, smoothly."""
    whole = functional.interpolate(level, scale_factor=COARSE, mode="bilinear", align_corners=False)
    return whole[..., : shape[0], : shape[1]]


def box_mean(picture: Tensor, side: int, across: int | None = None) -> Tensor:
    """Mean over `side` lines and `across` samples (as many unless told), inside the picture."""
    sides = (side, across or side)
    pad = (sides[0] // 2, sides[1] // 2)
    return functional.avg_pool2d(picture, sides, 1, pad, count_include_pad=False)


def spike_of(here: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """SDIp: the smaller difference to two pictures where both have one sign, else 0."""
    one, other = here - first, here - second
    least = torch.minimum(one.abs(), other.abs())
    return torch.where(one * other > 0, torch.copysign(least, one), torch.zeros_like(one))


def disagreement_of(places: Tensor) -> Tensor:
    """Range of the three of four neighbours `[N, 4, H, W]` that agree best, `[N, 1, H, W]`."""
    ordered = places.sort(dim=1).values
    upper = ordered[:, 3:] - ordered[:, 1:2]
    return torch.minimum(upper, ordered[:, 2:3] - ordered[:, :1])


def line_of(here: Tensor) -> Tensor:
    """How far an upright line stands out from its sides."""
    unit = here.shape[-2] / 480
    detail = here - box_mean(here, 1, odd(LINE_SIDES * unit))
    return box_mean(detail, odd(LINE_LENGTH * unit), 1)
