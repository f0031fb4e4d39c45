"""Gaussian smoothing of a plane, separable, on the plane's own device."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def kernel(sigma: float, device: torch.device) -> Tensor:
    """Sampled Gaussian, float32 `[2 R + 1]`, of sum 1, reaching to four sigma."""
    reach = max(math.ceil(4 * sigma), 1)
    axis = torch.arange(-reach, reach + 1, dtype=torch.float32, device=device)
    weights = torch.exp(-0.5 * (axis / sigma) ** 2)
    return weights / weights.sum()


def smoothed(plane: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Convolve float32 `[h, w]` with one kernel a direction; the border is not padded.

    Returns:
        float32 `[h - 2 R, w - 2 R']`.
    """
    part = functional.conv2d(plane[None, None], down[None, None, :, None])
    return functional.conv2d(part, across[None, None, None, :])[0, 0]


def edge_repeated(plane: Tensor, down: int, across: int) -> Tensor:
    """Float32 `[h, w]` with its edge samples repeated outwards, `[h + 2 down, w + 2 across]`."""
    sides = (across, across, down, down)
    return functional.pad(plane[None, None], sides, mode="replicate")[0, 0]
