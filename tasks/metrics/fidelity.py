"""How near a picture is to a known truth: PSNR and SSIM.

Both need an undamaged reference, so they are for simulated damage only. Neither sees the
faults that restoration makes in time (boiling texture, flicker); see the other metrics.

SSIM follows Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error
visibility to structural similarity", IEEE TIP 13(4), 2004: 11x11 Gaussian window of
standard deviation 1.5, K1 = 0.01, K2 = 0.03, the mean of the map over the valid region
(no padding), no downsampling before.

Tensors: a plane is `[H, W]` of code values, 0..peak, any real dtype.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Plane = npt.NDArray[np.float64]

WINDOW = 11  # samples
SIGMA = 1.5  # samples
STRIP = 64  # lines of the map at a time, which stay in the processor's cache
K1, K2 = 0.01, 0.03
_BELL = np.exp(-((np.arange(WINDOW) - WINDOW // 2) ** 2) / (2 * SIGMA**2))
WEIGHTS = _BELL / _BELL.sum()


def squared_error(reference: Tensor, picture: Tensor, where: Tensor | None = None) -> float:
    """Sum of squared differences, in code values squared; summed in float64.

    Args:
        reference: the truth, `[H, W]`.
        picture: what is compared with it, `[H, W]`.
        where: bool `[H, W]`; only samples that are True count.
    """
    if reference.shape != picture.shape:
        raise ValueError(f"{tuple(reference.shape)} and {tuple(picture.shape)} differ in shape")
    difference = reference.to(torch.float64) - picture.to(torch.float64)
    if where is not None:
        difference = difference[where]
    return float((difference**2).sum())


def psnr_of(mean_squared_error: float, peak: float) -> float:
    """PSNR in dB of a mean squared error; infinite when there is no error."""
    if mean_squared_error == 0:
        return math.inf
    return 10 * math.log10(peak**2 / mean_squared_error)


def psnr(reference: Tensor, picture: Tensor, peak: float, where: Tensor | None = None) -> float:
    """Peak signal-to-noise ratio in dB over a picture, or over the samples in `where`.

    Infinite for equal pictures; NaN when `where` holds no sample.
    """
    error = squared_error(reference, picture, where)
    count = reference.numel() if where is None else int(where.sum())
    return psnr_of(error / count, peak) if count else math.nan


def ssim(reference: Tensor, picture: Tensor, peak: float) -> float:
    """Mean structural similarity, at most 1 and 1 only for equal pictures.

    Raises:
        ValueError: the pictures differ in shape or are smaller than the window.
    """
    if reference.shape != picture.shape or min(reference.shape) < WINDOW:
        raise ValueError(
            f"SSIM needs two pictures of one shape, {WINDOW} samples or more each way; "
            f"these are {tuple(reference.shape)} and {tuple(picture.shape)}"
        )
    x, y = (side.to(torch.float32).cpu().numpy() for side in (reference, picture))
    height, width = (size - WINDOW + 1 for size in x.shape)  # of the valid region
    total = 0.0
    for top in range(0, height, STRIP):
        lines = slice(top, top + STRIP + WINDOW - 1)
        total += _sum_of_map(x[lines] / np.float64(peak), y[lines] / np.float64(peak))
    return total / (height * width)


def _sum_of_map(x: Plane, y: Plane) -> float:
    """Sum of the SSIM map of two pictures `[h, w]`, 0..1."""
    mean_x, mean_y, mean_xy, mean_squares = map(_blur, (x, y, x * y, x * x + y * y))
    product, squares = mean_x * mean_y, mean_x * mean_x + mean_y * mean_y
    c1, c2 = K1**2, K2**2  # for a peak of 1
    above = (2 * product + c1) * (2 * (mean_xy - product) + c2)
    return float((above / ((squares + c1) * (mean_squares - squares + c2))).sum())


def _blur(plane: Plane) -> Plane:
    """The Gaussian window over `[h, w]`, valid region only."""
    edge = WINDOW // 2
    whole = cv2.sepFilter2D(plane, cv2.CV_64F, WEIGHTS, WEIGHTS)
    return np.asarray(whole[edge:-edge, edge:-edge])
