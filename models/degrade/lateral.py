"""The profile of a scratch across its line; sources in `scratch`."""

from __future__ import annotations

import math

import torch
from torch import Tensor

TWO_LOBES = 2.26  # in widths at half height: where the squared sinc ends its first side lobe
HALF_HEIGHT = 0.8859  # width at half height of a squared sinc whose zeros are 1 apart


def lateral_profile(distance: Tensor, width: float, is_sinc: bool) -> Tensor:
    """Depth of a scratch across its line.

    Args:
        distance: from its middle, in samples.
        width: width at half height, in samples.
        is_sinc: a squared sinc up to its second zero; otherwise a Gaussian.

    Returns:
        float32 of the same shape: 1 in the middle, 0.5 at half the width.
    """
    if is_sinc:
        lobes = torch.sinc(distance * (HALF_HEIGHT / width)) ** 2
        return lobes * (distance.abs() <= TWO_LOBES * width)
    return torch.exp(-4 * math.log(2) * (distance / width) ** 2)
