"""How a network looks at what is shown: as channels at half size, and as a mean of candidates."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.restorer.config import PLACES
from models.restorer.evidence import COARSE, fine
from models.restorer.seen import Seen

AVERAGES = 2  # candidates that are averages
SIDES = (-7, -4, 4, 7)  # samples; scratches are narrower on film of some 360 lines


def entering(seen: Seen) -> Tensor:
    """All that may be carried on, at half size: none of it comes from damaged samples."""
    damaged = seen.clues[:, :1]
    spared = torch.cat((damaged, seen.clues[:, 1:3] * (1 - damaged), seen.clues[:, 3:]), dim=1)
    pictures = (*seen.places.chunk(PLACES, dim=1), seen.averages[:, :3])
    shrunk = seen.averages[:, 3:] - seen.cleaned[:, :1]
    levels = functional.interpolate(
        seen.levels, scale_factor=COARSE // 2, mode="bilinear", align_corners=False
    )
    parts = (
        halved(seen.cleaned),
        *(4 * halved(picture - seen.cleaned) for picture in pictures),
        4 * functional.pixel_unshuffle(shrunk, 2),
        4 * functional.avg_pool2d(spared, 2),
        4 * levels,
    )
    return torch.cat(parts, dim=1)


def halved(picture: Tensor) -> Tensor:
    """Four samples of luma and the mean colour of each square, `[N, 6, H / 2, W / 2]`."""
    luma = functional.pixel_unshuffle(picture[:, :1], 2)
    return torch.cat((luma, functional.avg_pool2d(picture[:, 1:], 2)), dim=1)


def leaving(seen: Seen) -> Tensor:
    """What only a frame's own answer sees, at half size: its own samples and all evidence."""
    luma = seen.source[:, :1]
    lumas = (seen.cleaned[:, :1], seen.averages[:, :1], seen.averages[:, 3:])
    away = torch.cat((*(picture - luma for picture in lumas), seen.clues), dim=1)
    return functional.pixel_unshuffle(torch.cat((seen.source, 4 * away), dim=1), 2)


def fused(seen: Seen, shares: Tensor) -> Tensor:
    """From the source to a weighted mean of candidates.

    Args:
        seen: N frames.
        shares: `[N, 11, H, W]`, logits of the weights: of the cleaned frame, of its four
            neighbours in place, of the average as it is and shrunk, and of the cleaned frame as it
            is `SIDES` samples aside, for lines that lie on the same place in every frame.

    Returns:
        float32 `[N, 3, H, W]`, to be added to the source.
    """
    weights = torch.softmax(shares, dim=1)
    fine = torch.cat((seen.averages[:, 3:], seen.averages[:, 1:3]), dim=1)
    candidates = (seen.cleaned, *seen.places.chunk(PLACES, dim=1), seen.averages[:, :3], fine)
    mean = torch.zeros_like(seen.source)
    for number, candidate in enumerate(candidates):
        mean = mean + weights[:, number, None] * candidate
    for number, by in enumerate(SIDES, len(candidates)):
        mean = mean + weights[:, number, None] * _aside(seen.cleaned, by)
    return mean - seen.source


def _aside(picture: Tensor, by: int) -> Tensor:
    """What lies `by` samples to the right of each sample; the edge is repeated."""
    width = int(picture.shape[-1])
    columns = torch.arange(by, width + by, device=picture.device).clamp(0, width - 1)
    return picture[..., columns]


def mean_level(seen: Seen) -> Tensor:
    """How much darker the neighbours were than the frame, on average, `[N, 1, H, W]`."""
    height, width = seen.source.shape[-2:]
    return fine(seen.levels.mean(dim=1, keepdim=True), (int(height), int(width)))
