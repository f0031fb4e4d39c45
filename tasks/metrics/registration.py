"""How far one picture lies from another: least squares on its gradient.

    R' - P = -d . grad P + noise      (Lucas, Kanade, IJCAI 1981, one step)

Both sides are blurred by `BLUR` first, so that one step holds for shifts of about two samples.
The fit over hundreds of samples sees a shift of a few hundredths of a sample where landmarks
jump by a whole one.

Limits: where there is no gradient there is no answer; the ridge then gives none (0). Shifts
beyond about three samples are told too small.
"""

from __future__ import annotations

import cv2
import torch
from torch import Tensor

BLUR = 2.0  # samples
RIDGE = 1e-6  # mean square of a gradient below which a shift is not believed
LARGEST = 0.12  # of full range; a larger difference is no shift and is cut off


def blurred(pictures: Tensor) -> Tensor:
    """Pictures `[N, h, w]`, each under a Gaussian of `BLUR` samples."""
    return torch.stack([
        torch.from_numpy(cv2.GaussianBlur(picture.numpy(), (0, 0), BLUR)) for picture in pictures
    ])  # fmt: skip


def gradient(pictures: Tensor) -> Tensor:
    """Central differences of `[N, h, w]` along x and y, `[N, 2, h, w]`; 0 at the edges."""
    found = torch.zeros(pictures.shape[0], 2, *pictures.shape[1:])
    found[:, 0, :, 1:-1] = (pictures[:, :, 2:] - pictures[:, :, :-2]) / 2
    found[:, 1, 1:-1] = (pictures[:, 2:] - pictures[:, :-2]) / 2
    return found


def explained(residual: Tensor, parts: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Least squares of a residual on given parts, per frame.

    Args:
        residual: float32 `[N, h, w]`.
        parts: float32 `[N, K, h, w]`.
        weight: float32 `[h, w]` or `[N, h, w]`, 0..1, where to look.

    Returns:
        Coefficients `[N, K]` and the parts' weighted mean products `[N, K, K]`, with which
        `c' A c` is the mean square that a set of coefficients c stands for.
    """
    count = residual.shape[0]
    w = weight.expand(count, *residual.shape[1:]).reshape(count, 1, -1)
    b = parts.reshape(count, parts.shape[1], -1)
    wb = b * w / w.sum(-1, keepdim=True).clamp_min(1e-6)
    products = wb @ b.transpose(1, 2)
    cut = residual.clamp(-LARGEST, LARGEST).reshape(count, -1, 1)
    aim = wb @ cut
    ridge = RIDGE * torch.eye(parts.shape[1])
    return torch.linalg.solve(products + ridge, aim)[..., 0], products


def shifts(before: Tensor, after: Tensor, weight: Tensor, every: int = 1) -> Tensor:
    """How far one picture lies from another.

    Args:
        before: blurred, float32 `[N, h, w]`.
        after: of the same shape.
        weight: float32 `[h, w]` or `[N, h, w]`, 0..1, where to look.
        every: samples, each way, of which one is looked at.

    Returns:
        (x, y), `[N, 2]`, samples.
    """
    few = (..., slice(None, None, every), slice(None, None, every))
    slope = gradient(before)[few]
    parts = torch.cat((slope, torch.ones_like(slope[:, :1])), 1)
    found, _ = explained((after - before)[few], parts, weight[few])
    return -found[:, :2]
