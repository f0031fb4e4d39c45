"""What noise is left in one picture, taken out where the picture is smooth.

Source: sliding discrete cosine transform, shrunk twice: a hard threshold gives a pilot, by which
the second pass weighs (Wiener), as in the first two steps of BM3D (Dabov, Foi, Katkovnik,
Egiazarian, IEEE Transactions on Image Processing 16(8), 2007) without its grouping, for the frames
around were averaged before. Grain is soft, not white: the noise of each frequency is measured from
what averaging in time removed.

Limits: texture weaker than the noise that is left goes with it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

SIDE = 8  # samples, side of a block
STEP = 4  # samples from block to block
PLAIN = 2.5  # deviations: a coefficient of the pilot below is noise
MEDIAN_OF_SQUARE = 0.455  # of a normal deviate of variance 1


def shrunk(plane: Tensor, removed: Tensor, deviation: Tensor, strength: float) -> Tensor:
    """Shrink the noise of a plane.

    Args:
        plane: float32 `[H, W]`, share of full range, averaged in time.
        removed: float32 `[H, W]`, what averaging removed; its spectrum is the noise's.
        deviation: float32 `[H, W]`, deviation of the noise that is left, 0 where there is none.
        strength: factor on the deviation, 0..1.

    Returns:
        float32 `[H, W]`. Planes smaller than a block come back as they are.
    """
    height, width = plane.shape
    if min(height, width) < SIDE or strength == 0 or not bool((deviation > 0).any()):
        return plane
    blocks = _blocks(plane)
    power = _spectrum(removed) * (strength * _blocks(deviation)).square().mean(1, keepdim=True)
    pilot = torch.where(blocks.square() > PLAIN**2 * power, blocks, torch.zeros_like(blocks))
    energy = pilot.square()
    gain = energy / (energy + power).clamp_min(1e-12)
    gain[:, 0] = 1  # the mean of a block is brightness, not noise
    return _joined(blocks * gain, height, width)


def _transform(device: torch.device) -> Tensor:
    """Orthonormal two-dimensional DCT-II as a matrix, float32 `[64, 64]`."""
    place = torch.arange(SIDE, dtype=torch.float64)
    cosine = torch.cos(math.pi / SIDE * (place[None, :] + 0.5) * place[:, None])
    cosine *= math.sqrt(2 / SIDE)
    cosine[0] /= math.sqrt(2)
    return torch.kron(cosine, cosine).to(device, torch.float32)


def _padded(plane: Tensor) -> Tensor:
    """The plane with room for whole blocks around it, `[1, 1, H', W']`."""
    height, width = plane.shape
    down, across = (STEP - height) % STEP + STEP, (STEP - width) % STEP + STEP
    return functional.pad(plane[None, None], (STEP, across, STEP, down), mode="replicate")


def _blocks(plane: Tensor) -> Tensor:
    """Coefficients of every block, float32 `[N, 64]`."""
    cut = functional.unfold(_padded(plane), SIDE, stride=STEP)[0].T
    return cut @ _transform(plane.device).T


def _joined(coefficients: Tensor, height: int, width: int) -> Tensor:
    """The picture of the blocks, overlaps averaged, float32 `[H, W]`."""
    cut = (coefficients @ _transform(coefficients.device)).T[None]
    down = height + STEP + (STEP - height) % STEP + STEP
    across = width + STEP + (STEP - width) % STEP + STEP
    total = functional.fold(cut, (down, across), SIDE, stride=STEP)
    count = functional.fold(torch.ones_like(cut), (down, across), SIDE, stride=STEP)
    return (total / count.clamp_min(1))[0, 0, STEP : STEP + height, STEP : STEP + width]


def _spectrum(removed: Tensor) -> Tensor:
    """Power of the noise by frequency, mean 1, float32 `[1, 64]`; misfit is outvoted."""
    power = _blocks(removed).square().median(dim=0).values / MEDIAN_OF_SQUARE
    power[0] = power[1:].max()
    return (power / power.mean().clamp_min(1e-12))[None]
