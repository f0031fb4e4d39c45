"""The direct difference D: the restored picture less the source of the same frame.

    D_t = a_t L(R_t) + b_t - S_t,   then D less what a change of sharpness explains

L is the median of S where R has a certain tone, over small blocks of all frames, with the flicker
of S taken out; the fit of each frame is that of `tasks.metrics.tone`. So neither a grade nor
flicker of the source counts. Quantiles, which the residual is toned by, would do less well here:
grain and flicker widen the peaks of a histogram, and that is no grade. They are used for tones
that only things smaller than a block have.

Sharpening and softening give D a part that is proportional to the fine detail of S at two scales;
its two coefficients are fitted once a stretch and taken out. The detail of S holds its grain, and
D holds it too where R has none, which least squares would take for softness. So the detail of the
frame before stands in as instrument: it has the same edges and other grain.

D shares the motion of the scene with neither side, because both show the same moment: where the
residual against the proxy has errors of motion, D has only the grain and the dirt of S. Metrics
that pool it over blocks and over time use it; medians keep the dirt out.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tasks.metrics.tone import LEVELS, fitted, tone_curve, toned

HALVED_BLUR = 0.75  # samples of half size
LOCAL_BLOCK = 24  # samples at 288 lines
TONE_BLOCK = 8  # samples, side of the blocks that the curve is read from
TONES = 48  # knots of the curve, each of as many blocks
SCALES = (1.0, 2.0)  # samples; the detail of S that a change of sharpness acts on
MOST = 60_000  # samples that the coefficients are fitted on
PASSES = 3  # of the fit, each without what did not fit before
RIDGE = 0.02  # of the detail's power; where the frame before says little, little is taken out


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
    mapped = toned(restored, _curve(restored, source))
    parts = [fitted(here, wanted) for here, wanted in zip(mapped, source, strict=True)]
    return _without_sharpness(torch.stack(parts), source)


def _curve(restored: Tensor, source: Tensor) -> Tensor:
    """The tone of S for each of evenly spaced tones of R, float32 `[LEVELS]`."""
    after, before = (block_medians(side, TONE_BLOCK).flatten(1) for side in (restored, source))
    gains = (before / after.clamp_min(0.02)).median(1).values
    even = before * (gains.median() / gains.clamp_min(1e-3))[:, None]
    order = after.flatten().argsort()
    tones = after.flatten()[order].tensor_split(min(TONES, order.numel()))
    wanted = even.flatten()[order].tensor_split(min(TONES, order.numel()))
    knots = np.array([float(part.median()) for part in tones])
    values = np.array([float(part.median()) for part in wanted])
    levels = np.linspace(0, 1, LEVELS)
    inner = torch.from_numpy(np.interp(levels, knots, values).astype(np.float32))
    tails = tone_curve(restored, source)
    ends = toned(torch.tensor([knots[0], knots[-1]], dtype=torch.float32), tails)
    at = torch.from_numpy(levels)
    inner = torch.where(at < knots[0], inner + tails - ends[0], inner)
    return torch.where(at > knots[-1], inner + tails - ends[1], inner)


def _without_sharpness(difference: Tensor, source: Tensor) -> Tensor:
    """The difference, in its own memory, less what a change of sharpness explains."""
    if len(source) < 2:
        return difference
    details = [torch.stack([one - _blurred(one, s) for one in source]) for s in SCALES]
    step = max(1, difference[1:].numel() // MOST)
    here, before = (
        torch.stack([detail[part].flatten()[::step] for detail in details], 1).double()
        for part in (slice(1, None), slice(-1))
    )
    wanted = difference[1:].flatten()[::step].double()
    weights = torch.zeros(len(details), dtype=torch.double)
    for _ in range(PASSES):
        left = (wanted - here @ weights).abs()
        usual = left <= 3 * left.median() + 1e-6
        power = (here[usual].T @ here[usual]).diagonal().mean()
        ridge = (RIDGE * power + 1e-9) * torch.eye(len(details))
        gram = before[usual].T @ here[usual] + ridge
        weights = torch.linalg.solve(gram, before[usual].T @ wanted[usual])
    for weight, detail in zip(weights, details, strict=True):
        difference.sub_(detail.mul_(float(weight)))
    return difference


def _blurred(picture: Tensor, sigma: float) -> Tensor:
    return torch.from_numpy(cv2.GaussianBlur(picture.numpy(), (0, 0), sigma))


def block_medians(pictures: Tensor, side: int) -> Tensor:
    """Median of each block of `side` samples, `[T, h, w]` to `[T, h // side, w // side]`.

    A picture smaller than a block is one block.
    """
    side = min(side, *pictures.shape[1:])
    return torch.from_numpy(np.stack([_medians(picture, side) for picture in pictures.numpy()]))


def _medians(picture: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.float32]:
    """As `block_medians`, of one picture `[h, w]`; of every second sample of a block."""
    rows, columns = (size // side for size in picture.shape)
    cut = picture[: rows * side, : columns * side].reshape(rows, side, columns, side)
    flat = cut.swapaxes(1, 2).reshape(rows, columns, side * side)
    middle = side * side // 4
    return np.partition(flat[..., ::2], middle, axis=-1)[..., middle]


def local_medians(pictures: Tensor) -> Tensor:
    """Medians of the blocks in which flicker of parts is looked for, of `[T, h, w]`."""
    return block_medians(pictures, max(4, round(LOCAL_BLOCK * pictures.shape[1] / 288)))


def halved(pictures: Tensor) -> npt.NDArray[np.float32]:
    """Pictures `[T, h, w]` at half the size, slightly blurred, float32."""
    size = (max(1, pictures.shape[2] // 2), max(1, pictures.shape[1] // 2))
    small = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in pictures.numpy())
    return np.stack([cv2.GaussianBlur(one, (0, 0), HALVED_BLUR) for one in small])
