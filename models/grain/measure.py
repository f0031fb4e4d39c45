"""How strong and how coarse the grain of a picture is.

Grain is what changes from frame to frame where nothing else does: the difference of two frames in
place, divided by the root of two. Its deviation is measured in small blocks, and of the blocks of
one brightness the quiet ones count, for the others hold motion and misfit.

Source: block-based noise estimation with a low quantile (Olsen, "Estimation of noise in images:
an evaluation", 1993), applied to motion-compensated differences. Size from the correlation of
adjacent samples, as for white noise under a Gaussian: `exp(-1 / (4 size²))` (Norkin and Birkbeck,
"Film grain synthesis for AV1 video codec", 2018, fit a fuller model).

    profile = measure_grain([frame.luma() for frame in frames], flows)
    profile.at(0.5)     # deviation at mid grey, share of full range
    profile.size        # samples

Limits: frames that repeat one another show no grain. Grain that a codec has smoothed in time is
measured as weaker than it looks. Rounding to code values is not told from grain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.motion import warp

BINS = 8  # of luma
BLOCK = 12  # samples, side of the blocks
QUIET = 0.25  # quantile of the blocks that counts
QUANTILE = 0.674  # deviations that this quantile lies below the middle, of a normal distribution
LEAST_BLOCKS = 12  # in a bin; fewer tell nothing
CLIPPED = 0.01  # share of full range from black and white; grain is cut off there


@dataclass(frozen=True)
class GrainProfile:
    """Grain by brightness.

    Attributes:
        strength: deviation in each of `BINS` equal bins of luma from 0 to 1, share of full
            range; bins without enough picture have the nearest bin's.
        size: deviation in samples of the Gaussian that makes such grain of white noise, 0 for
            white noise itself.
    """

    strength: tuple[float, ...]
    size: float

    def at(self, luma: float) -> float:
        """Deviation at a luma of 0..1, between the middles of bins linear."""
        return float(curve_at(torch.tensor(self.strength), torch.tensor(luma)))


def measure_grain(lumas: Sequence[Tensor], flows: Sequence[Tensor]) -> GrainProfile:
    """Measure the grain of successive frames.

    Args:
        lumas: float32 `[H, W]`, 0..1, at least two.
        flows: float32 `[2, H, W]`, from each frame to the next.
    """
    curves: list[Tensor] = []
    sizes: list[float] = []
    for here, after, flow in zip(lumas, lumas[1:], flows, strict=False):
        # whole samples: a picture drawn between samples has less grain
        difference = here - warp(after, flow.round())
        sizes.append(noise_size(difference))
        curves.append(noise_curve(difference, here, sizes[-1]))
    strength = torch.stack(curves).median(dim=0).values
    return GrainProfile(tuple(map(float, strength)), float(torch.tensor(sizes).median()))


def noise_size(difference: Tensor) -> float:
    """Softness of the noise in the difference of two pictures in place, see `GrainProfile.size`."""
    correlation = _correlation(difference)
    return math.sqrt(-0.25 / math.log(correlation)) if 0 < correlation < 1 else 0.0


def noise_curve(difference: Tensor, luma: Tensor, size: float = 0.0) -> Tensor:
    """Deviation of one picture's noise by luma, float32 `[BINS]`, share of full range.

    Args:
        difference: float32 `[H, W]`, of two pictures in place.
        luma: float32 `[H, W]`, of one of them.
        size: softness of the noise in samples; blocks show less of soft noise.
    """
    side = min(BLOCK, *luma.shape)
    deviation = _variances(difference, side).sqrt()
    mean = _means(luma, side)
    used = (mean > CLIPPED) & (mean < 1 - CLIPPED)
    if not used.any():
        return torch.zeros(BINS, device=luma.device)
    deviation = deviation[used] / (_shown(size, side**2) * math.sqrt(2))
    places = (mean[used] * BINS).long().clamp(0, BINS - 1)
    known = [b for b in range(BINS) if int((places == b).sum()) >= LEAST_BLOCKS]
    if not known:
        return deviation.quantile(QUIET).expand(BINS)
    levels = {b: _quantile(deviation[places == b]) for b in known}
    nearest = [min(known, key=lambda k: (abs(k - b), k)) for b in range(BINS)]
    return torch.stack([levels[b] for b in nearest])


def curve_at(curve: Tensor, luma: Tensor) -> Tensor:
    """A curve over luma, read at each luma, linear between the middles of its bins."""
    place = (luma * BINS - 0.5).clamp_(0, BINS - 1)
    below = place.long().clamp_(max=BINS - 2)
    return curve.diff()[below].mul_(place.sub_(below)).add_(curve[below])


def _shown(size: float, samples: int) -> float:
    """What the quiet blocks of so many samples show of noise of deviation 1."""
    alike = max(1.0, 2 * math.pi * size**2)  # samples that vary together
    within = max(0.1, 1 - 2 * alike / samples)  # the block's own mean is taken off
    return max(0.3, 1 - QUANTILE / math.sqrt(2 * samples / alike)) * math.sqrt(within)


def _quantile(values: Tensor) -> Tensor:
    place = int(QUIET * (values.numel() - 1))
    return values.sort().values[place]  # torch.quantile refuses more than 16 million values


def _means(picture: Tensor, side: int) -> Tensor:
    """Mean of each block of `_blocks`, float32 `[N]`; ten times as fast as of the blocks."""
    high, wide = (int(n) // side for n in picture.shape)
    whole = picture[: high * side, : wide * side].reshape(high, side, wide, side)
    return whole.sum(dim=1).sum(dim=-1).flatten() / side**2


def _variances(picture: Tensor, side: int) -> Tensor:
    """Variance of each block of a picture whose mean is about 0, float32 `[N]`."""
    return (_means(picture.square(), side) - _means(picture, side).square()).clamp_min(0)


def _blocks(picture: Tensor, side: int) -> Tensor:
    """The picture's whole blocks, float32 `[N, side, side]`."""
    high, wide = (int(n) // side for n in picture.shape)
    whole = picture[: high * side, : wide * side].reshape(high, side, wide, side)
    return whole.permute(0, 2, 1, 3).reshape(-1, side, side)


def _correlation(difference: Tensor) -> float:
    """Correlation of adjacent samples of the quiet blocks, -1..1."""
    side = min(BLOCK, *difference.shape)
    blocks = _blocks(difference, side)
    energy = _variances(difference, side)
    quiet = blocks[energy <= _quantile(energy) * 2]
    variance = float(quiet.square().mean())
    if variance == 0 or side == 1:
        return 0.0
    down = float((quiet[:, 1:] * quiet[:, :-1]).mean())
    across = float((quiet[:, :, 1:] * quiet[:, :, :-1]).mean())
    return (down + across) / 2 / variance
