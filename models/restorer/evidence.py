"""What speaks for damage, sample by sample: the engine's own clues, on tensors of any device.

Source: `models.blotches.spike_of` (SDIp), `models.evidence.extreme_of` (ROD) and
`models.evidence.disagreement_of` (Kokaram, "Motion Picture Restoration", 1998); a test holds ours
equal to theirs. The clue for upright lines is a mean along the line of how far a sample stands out
from its sides (Kokaram, chapter 8).

All pictures are luma, float32 `[N, 1, H, W]`, full range 1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.labels import odd

LEAST_SPIKE = 0.06  # share of full range; as the step `dirt`
NOISE = 3.5  # a spike is at least so many standard deviations of the noise
NEAR = 11  # samples at 480 lines, for ROD
LINE_LENGTH, LINE_SIDES = 31, 9  # samples at 480 lines, for upright lines
LEVEL_SHARE = 1 / 8  # of the height: side of the area over which brightness is matched
LEVEL_LIMIT = 0.15  # share of full range: a larger difference is no flicker
COARSE = 8  # samples per sample of the grid on which brightness is matched


def level_between(place: Tensor, here: Tensor) -> Tensor:
    """What must be added to a neighbour in place to match the frame's brightness, area by area.

    Returns:
        float32 `[N, 1, ceil(H / 8), ceil(W / 8)]`.
    """
    difference = (here - place).clamp(-LEVEL_LIMIT, LEVEL_LIMIT)
    small = functional.avg_pool2d(difference, COARSE, ceil_mode=True, count_include_pad=False)
    return box_mean(small, odd(here.shape[-2] / COARSE * LEVEL_SHARE))


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


def noise_of(first: Tensor, second: Tensor) -> Tensor:
    """Deviation of one picture's noise, from the median difference of two in place, `[N,1,1,1]`."""
    difference = (first - second)[..., ::3, ::3].abs().flatten(1)
    middle = difference.median(dim=1).values / (0.6745 * 2**0.5)
    return middle[:, None, None, None]


def damaged_by(spike: Tensor, noise: Tensor) -> Tensor:
    """Where a frame is taken for damaged, bool: it spikes, or lies beside what does."""
    strong = (spike.abs() > (NOISE * noise).clamp(min=LEAST_SPIKE)).to(torch.float32)
    return functional.max_pool2d(strong, 3, 1, 1) > 0


def extreme_of(here: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """ROD: how far a sample lies beyond all samples near it in the nearest neighbours."""
    side = odd(NEAR * here.shape[-2] / 480)
    high = _largest(torch.maximum(first, second), side)
    low = -_largest(-torch.minimum(first, second), side)
    return torch.maximum(here - high, low - here)


def _largest(picture: Tensor, side: int) -> Tensor:
    up = functional.max_pool2d(picture, (side, 1), 1, (side // 2, 0))
    return functional.max_pool2d(up, (1, side), 1, (0, side // 2))


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
