"""How a network looks at what is shown: as channels at half size, and as candidates.

Differences are shown in units of the noise, so that a network that has learned one strength of
noise knows the others.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.restorer.config import LEVELS, PLACES
from models.restorer.seen import Seen

LEAST_UNIT = 0.01  # share of full range; the unit where there is less noise
MOST_UNITS = 10.0  # what differs by more is shown as so much
LEVEL_UNIT = 0.02  # share of full range, of brightness
ENTERING = 4 * (3 + PLACES) + 2 * (3 + PLACES) + 8 + 4
LEAVING = 6
CANDIDATES = 2 + PLACES
COARSE_INPUTS = LEVELS + 1


def unit_of(seen: Seen) -> Tensor:
    """Deviation of the noise, at least `LEAST_UNIT`, `[N, 1, H, W]`."""
    return seen.clues[:, 4:5].clamp(min=LEAST_UNIT)


def entering(seen: Seen) -> Tensor:
    """All that may be carried on, at half size: none of it comes from what was repaired."""
    unit = unit_of(seen)
    pictures = (seen.whole, seen.averaged, *seen.places.chunk(PLACES, dim=1))
    repaired, spike, disagreement, line, noise, left, _ = torch.split(seen.clues, 1, dim=1)
    means = torch.cat((4 * repaired, disagreement / unit, left / unit, 10 * noise), dim=1)
    parts = (
        _halved(seen.engine),
        *(_halved(_away(picture, seen, unit)) for picture in pictures),
        functional.pixel_unshuffle(_cut(torch.cat((spike, line), dim=1) / unit), 2),
        functional.avg_pool2d(_cut(means), 2),
    )
    return torch.cat(parts, dim=1)


def leaving(seen: Seen) -> Tensor:
    """What only a frame's own answer sees, at half size: its own damaged samples."""
    return _halved(_away(seen.even, seen, unit_of(seen)))


def brightness(seen: Seen) -> Tensor:
    """Levels and flicker, at an eighth of the size."""
    return torch.cat((seen.levels, seen.flicker), dim=1) / LEVEL_UNIT


def mixed(seen: Seen, shares: Tensor) -> Tensor:
    """A sum of what candidates differ from the engine's answer by.

    Args:
        seen: N frames.
        shares: `[N, 6, H, W]`, how much of each: the frame with its damage, averaged in time, and
            its four neighbours in place.

    Returns:
        float32 `[N, 3, H, W]`, to be added to the engine's answer.
    """
    candidates = (seen.even, seen.averaged, *seen.places.chunk(PLACES, dim=1))
    total = torch.zeros_like(seen.engine)
    for number, candidate in enumerate(candidates):
        total = total + shares[:, number, None] * (candidate - seen.engine)
    return total


def _away(picture: Tensor, seen: Seen, unit: Tensor) -> Tensor:
    return _cut((picture - seen.engine) / unit)


def _cut(x: Tensor) -> Tensor:
    return x.clamp(-MOST_UNITS, MOST_UNITS)


def _halved(picture: Tensor) -> Tensor:
    """Four samples of luma and the mean colour of each square, `[N, 6, H / 2, W / 2]`."""
    luma = functional.pixel_unshuffle(picture[:, :1], 2)
    return torch.cat((luma, functional.avg_pool2d(picture[:, 1:], 2)), dim=1)
