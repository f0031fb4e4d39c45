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

import torch
from torch import Tensor

WINDOW = 11  # samples
SIGMA = 1.5  # samples
STRIP = 32  # lines of the map at a time, which stay in the processor's cache
K1, K2 = 0.01, 0.03


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
    x, y = reference.to(torch.float32) / peak, picture.to(torch.float32) / peak
    height, width = (size - WINDOW + 1 for size in x.shape)  # of the valid region
    strips = [slice(top, top + STRIP + WINDOW - 1) for top in range(0, height, STRIP)]
    return sum(_sum_of_map(x[lines], y[lines]) for lines in strips) / (height * width)


def _sum_of_map(x: Tensor, y: Tensor) -> float:
    """Sum of the SSIM map of two pictures `[h, w]`, 0..1."""
    blurred = _blur(torch.stack((x, y, x * x, y * y, x * y)))
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = blurred
    c1, c2 = K1**2, K2**2  # for a peak of 1
    variance = mean_xx - mean_x**2 + mean_yy - mean_y**2
    covariance = mean_xy - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (variance + c2)
    return float((luminance * structure).sum(dtype=torch.float64))


def _blur(planes: Tensor) -> Tensor:
    """Gaussian window over `[N, H, W]`, valid region only.

    Sums of shifted slices: several times as fast as a convolution with one channel.
    """
    weights = [math.exp(-((n - WINDOW // 2) ** 2) / (2 * SIGMA**2)) for n in range(WINDOW)]
    weights = [weight / sum(weights) for weight in weights]
    for axis in (1, 2):
        length = planes.shape[axis] - WINDOW + 1
        total = planes.narrow(axis, 0, length) * weights[0]
        for shift in range(1, WINDOW):
            total.add_(planes.narrow(axis, shift, length), alpha=weights[shift])
        planes = total
    return planes
