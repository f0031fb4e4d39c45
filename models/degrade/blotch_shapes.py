"""The shapes of blotches: drawn outlines, and scans of real ones brought to size."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

EDGE = 1.5  # samples over which a drawn blotch fades out


def outline(radius: float, generator: torch.Generator) -> Tensor:
    """One blotch, float32 `[D, D]`: 1 inside, falling to 0 over `EDGE` samples."""
    reach = math.ceil(1.8 * radius + EDGE)
    axis = torch.arange(-reach, reach + 1, dtype=torch.float32)
    y, x = axis[:, None].expand(-1, len(axis)), axis[None, :].expand(len(axis), -1)
    angle = torch.atan2(y, x)
    limit = torch.ones_like(angle)
    for order in range(2, 7):
        size, phase = torch.rand(2, generator=generator).tolist()
        limit = limit + 0.45 / order**0.5 * size * torch.cos(order * angle + 2 * math.pi * phase)
    limit = radius * limit.clamp(0.25, 1.8)
    return ((limit + 0.5 - torch.hypot(x, y)) / EDGE + 0.5).clamp(0, 1)


def scanned(texture: Tensor, diameter: float, generator: torch.Generator) -> Tensor:
    """A scanned blotch, turned by a multiple of 90 degrees, mirrored or not, brought to size.

    Args:
        texture: opacity, float32 `[h, w]` in 0..1.
        diameter: length of its longer side in samples; at least one sample is left.
        generator: where chance comes from.

    Returns:
        float32 `[h', w']`; its most opaque sample is as opaque as the texture's.
    """
    turns, mirrored = (int(torch.randint(n, (1,), generator=generator)) for n in (4, 2))
    turned = torch.rot90(texture.cpu(), turns)
    turned = turned.flip(1) if mirrored else turned
    scale = diameter / max(turned.shape)
    size = [max(round(side * scale), 1) for side in turned.shape]
    small = functional.interpolate(
        turned[None, None], size, mode="bilinear", align_corners=False, antialias=True
    )[0, 0]
    strength = float(texture.max()) / max(float(small.max()), 1e-6)
    return (small * strength).clamp(0, 1)
