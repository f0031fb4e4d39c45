"""The engine's own answer to noise, of cleaned frames: where the network starts from.

As the step `denoise`: four neighbours on either side are averaged with the frame, each sample
weighed by how well it fits (`models.averaging`), and the noise that is left is shrunk within the
frame (`models.shrink`). Only the noise that passes for noise is larger: white noise of 50 code
values is more than any film has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.averaging import noise_map, weight
from models.shrink import shrunk
from models.sight import SMALLEST_SIDE

AVERAGED = 4  # neighbours on either side
LARGEST_NOISE = 0.25  # deviation, share of full range


@dataclass(frozen=True)
class Averages:
    """What averaging makes of a frame.

    Attributes:
        pictures: float32 `[1, 4, H, W]`: the average in three channels, then its luma shrunk.
        noise: float32 `[1, 1, H, W]`, deviation of the frame's noise.
        left: float32 `[1, 1, H, W]`, deviation of the average's noise.
    """

    pictures: Tensor
    noise: Tensor
    left: Tensor


def averages_of(cleaned: Tensor, places: Sequence[Tensor], peak: int) -> Averages:
    """Average a frame with its neighbours.

    Args:
        cleaned: float32 `[1, 3, H, W]`, see `models.restorer.neighbours`.
        places: neighbours in place, likewise, as bright as the frame.
        peak: largest code value of the source.
    """
    luma = cleaned[0, 0]
    if not places or min(luma.shape) < SMALLEST_SIDE:
        none = torch.zeros_like(cleaned[:, :1])
        return Averages(torch.cat((cleaned, cleaned[:, :1]), dim=1), none, none)
    noise = noise_map(luma, [place[0, 0] for place in places], luma, peak, LARGEST_NOISE)
    summed, total, squares = cleaned.clone(), torch.ones_like(luma), torch.ones_like(luma)
    for place in places:
        share = weight(luma, place[0, 0], noise)
        summed += share * place
        total += share
        squares += share.square()
    mean = summed / total
    left = squares.sqrt() / total * noise
    fine = shrunk(mean[0, 0], luma - mean[0, 0], left, 1.0)
    pictures = torch.cat((mean, fine[None, None]), dim=1)
    return Averages(pictures, noise[None, None], left[None, None])
