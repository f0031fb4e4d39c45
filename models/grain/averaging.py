"""How far a neighbour in place may be averaged with a frame: as far as they differ by noise only.

Source: patch distances after Buades, Lisani and Miladinović, 2016; see `models.grain.denoise`.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from models.grain.measure import curve_at, noise_curve, noise_size
from models.labels import odd

PATCH = 5  # samples at 480 lines, side of the patch in which energies are compared
AREA = 9  # samples at 480 lines, side of the area in which means are compared
SURPLUS = 3.0  # times the energy of noise: a patch that differs by more counts for nothing
SHIFT = 0.6  # deviations of noise: a mean that differs by more counts for less, by twice, nothing
OVER = 1.15  # times `largest_noise`: from here on nothing is done
REPEATED = 0.25  # of the largest noise found: a neighbour that shows less is a repeated frame
COARSEST = 1.5  # samples: softer differences are misfit, not grain


def weight(here: Tensor, place: Tensor, noise: Tensor) -> Tensor:
    """How much each sample of a neighbour in place counts, float32 `[H, W]`, 0..1.

    Args:
        here: float32 `[H, W]`, the frame's plane.
        place: float32 `[H, W]`, the neighbour's, in place.
        noise: float32 `[H, W]`, deviation of one picture's noise.
    """
    unit = max(1.0, here.shape[0] / 480)
    difference = here - place
    allowed = 2 * noise.square()
    fits = _mean(difference.square(), PATCH * unit).neg_().add_(allowed, alpha=SURPLUS)
    fits.div_(allowed.mul_(SURPLUS - 1).clamp_min_(1e-12)).clamp_(0, 1)  # 0 where noise is 0
    shift = _mean(difference, AREA * unit).abs_().div_(noise.clamp_min(1e-6))
    return fits.mul_(shift.div_(-SHIFT).add_(2).clamp_(0, 1))


def noise_map(
    plane: Tensor, places: list[Tensor], luma: Tensor, peak: int, largest: float
) -> Tensor:
    """Deviation of a plane's noise at each sample, by luma, less that of rounding.

    Args:
        plane: float32 `[H, W]`, share of full range.
        places: the neighbours in place, each like `plane`.
        luma: float32 `[H, W]`, on the plane's grid.
        peak: largest code value.
        largest: deviation above which noise is taken for misfit.

    Returns:
        float32 `[H, W]`, share of full range, 0 where there is none.
    """
    differences = [plane - place for place in places]
    size = min(noise_size(differences[0]), COARSEST)
    curves = torch.stack([noise_curve(difference, luma, size) for difference in differences])
    levels = curves.mean(dim=1)
    shown = curves[levels >= REPEATED * levels.max()]
    rounding = 1 / (6 * peak**2)
    curve = (shown.min(dim=0).values.square() - rounding).clamp_min(0).sqrt()
    trusted = ((OVER - curve / largest) / (OVER - 1)).clamp(0, 1)  # no cliff to flicker over
    return curve_at(curve * trusted, luma)


def _mean(values: Tensor, samples: float) -> Tensor:
    """Mean of the square around each sample; the picture's edge is repeated."""
    side = odd(samples)
    blurred = cv2.blur(values.cpu().numpy(), (side, side), borderType=cv2.BORDER_REPLICATE)
    return torch.from_numpy(np.asarray(blurred, np.float32)).to(values.device)
