"""How long things that come and go stay: hairs in the gate, scratches."""

from __future__ import annotations

import math

import torch


def lifetimes(
    rate: float, shortest: int, longest: int, first: bool, generator: torch.Generator
) -> list[int]:
    """Frames to live of what appears at one frame.

    Args:
        rate: mean number of arrivals per frame; they are Poisson.
        shortest: least life in frames.
        longest: greatest life in frames; lives are spread evenly between the two.
        first: True at the shot's first frame. Things are then already there, in the number
            and with the rest of life that they have at any other frame.
        generator: where chance comes from.

    Returns:
        One number of 1 or more for each thing, the frame of its arrival counted.
    """
    mean = rate * (shortest + longest) / 2 if first else 0.0
    counts = torch.poisson(torch.tensor([rate, mean]), generator=generator).int().tolist()
    lives = [
        shortest + int(float(torch.rand(1, generator=generator)) * (longest - shortest + 1))
        for _ in range(counts[0])
    ]
    for _ in range(counts[1]):  # a long life is met more often than a short one
        life, rest = torch.rand(2, generator=generator).tolist()
        length = math.sqrt(shortest**2 + life * (longest**2 - shortest**2))
        lives.append(max(math.ceil(rest * length), 1))
    return lives
