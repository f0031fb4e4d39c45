"""A frame moved as a whole, by parts of a sample.

Source: windowed sinc with three lobes (Duchon, "Lanczos filtering in one and two dimensions",
1979), its weights brought to a sum of 1. Six samples a direction keep more of the grain than the
four of a bicubic.

Limits: a sharp edge may overshoot by a few per cent; resampled picture is never quite as sharp.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from models.contract import Frame

LOBES = 3


def translated(frame: Frame, x: float, y: float) -> tuple[Tensor, ...]:
    """Move the picture by (x, y) samples of luma, to the right and down.

    Returns:
        int32 planes of code values, not yet kept within 0..peak; beyond the edge the edge is
        repeated.
    """
    height, width = frame.format.plane_shapes[0]
    moved = []
    for number, samples in enumerate(frame.samples()):
        shape = frame.format.plane_shapes[number]
        down, across = round(height / shape[0]), round(width / shape[1])
        if min(height, width) == 1:  # one line or column: its chroma is not smaller
            down, across = 1, 1
        exact = _along(_along(samples.to(torch.float32), y / down, 0), x / across, 1)
        moved.append(exact.round().to(torch.int32))
    return tuple(moved)


def _along(plane: Tensor, by: float, axis: int) -> Tensor:
    """Move a plane `[H, W]` down (axis 0) or to the right (axis 1) by parts of a sample."""
    whole = math.floor(by)
    part = by - whole
    if part == 0 and whole == 0:
        return plane
    places = torch.arange(plane.shape[axis], device=plane.device) - whole
    taps = range(-LOBES, LOBES)
    weights = [_lanczos(tap + part) for tap in taps]
    moved = torch.zeros_like(plane)
    for tap, weight in zip(taps, weights, strict=True):
        taken = (places + tap).clamp(0, plane.shape[axis] - 1)
        moved += plane.index_select(axis, taken) * (weight / sum(weights))
    return moved


def _lanczos(away: float) -> float:
    """Weight of a sample at a distance."""
    if away == 0:
        return 1.0
    if abs(away) >= LOBES:
        return 0.0
    angle = math.pi * away
    return LOBES * math.sin(angle) * math.sin(angle / LOBES) / angle**2
