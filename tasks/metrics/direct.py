"""The direct difference D: the restored picture less the source of the same frame.

    D_t = a_t L(R_t) + b_t - S_t,   then D less what a change of sharpness explains

The curve L and the fit of each frame are those of `tasks.metrics.tone`, so that neither a grade
nor flicker of the source counts. Sharpening and softening give D a part that is proportional to
the fine detail of S at two scales; its two coefficients are fitted once a stretch and taken out.

D shares the motion of the scene with neither side, because both show the same moment: where the
residual against the proxy has errors of motion, D has only the grain and the dirt of S. Metrics
that pool it over blocks and over time use it; medians keep the dirt out.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from tasks.metrics.tone import fitted, tone_curve, toned

SCALES = (1.0, 2.0)  # samples; the detail of S that a change of sharpness acts on
MOST = 60_000  # samples that the coefficients are fitted on


def direct_difference(source: Tensor, restored: Tensor) -> Tensor:
    """D of a stretch.

    Args:
        source: S, float32 `[T, h, w]`, 0..1.
        restored: R, of the same shape.

    Returns:
        float32 `[T, h, w]`; zero everywhere for equal pictures.
    """
    if torch.equal(source, restored):
        return torch.zeros_like(source)
    mapped = toned(restored, tone_curve(restored, source))
    parts = [fitted(here, wanted) for here, wanted in zip(mapped, source, strict=True)]
    return _without_sharpness(torch.stack(parts), source)


def _without_sharpness(difference: Tensor, source: Tensor) -> Tensor:
    details = [torch.stack([one - _blurred(one, s) for one in source]) for s in SCALES]
    step = max(1, difference.numel() // MOST)
    columns = torch.stack([detail.flatten()[::step] for detail in details], 1).double()
    wanted = difference.flatten()[::step].double()
    smooth = wanted.abs() <= 3 * wanted.abs().median() + 1e-6
    gram = columns[smooth].T @ columns[smooth] + 1e-9 * torch.eye(len(details), dtype=torch.double)
    weights = torch.linalg.solve(gram, columns[smooth].T @ wanted[smooth]).float()
    for weight, detail in zip(weights, details, strict=True):
        difference = difference - weight * detail
    return difference


def _blurred(picture: Tensor, sigma: float) -> Tensor:
    return torch.from_numpy(cv2.GaussianBlur(picture.numpy(), (0, 0), sigma))


def block_medians(pictures: Tensor, side: int) -> Tensor:
    """Median of each block of `side` samples, `[T, h, w]` to `[T, h // side, w // side]`.

    A picture smaller than a block is one block.
    """
    count, height, width = pictures.shape
    side = min(side, height, width)
    rows, columns = height // side, width // side
    cut = pictures[:, : rows * side, : columns * side].numpy()
    blocks = cut.reshape(count, rows, side, columns, side).transpose(0, 1, 3, 2, 4)
    flat = np.ascontiguousarray(blocks).reshape(count, rows, columns, side * side)
    middle = side * side // 2
    return torch.from_numpy(np.partition(flat[..., ::2], middle // 2, axis=-1)[..., middle // 2])
