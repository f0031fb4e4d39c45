"""The tones of the restored picture brought to those of the proxy, and what then differs.

A grade is not a fault, so one monotone curve per stretch maps R to P: quantile to quantile,
pooled over the stretch. Flicker of the source is not counted against R, so each frame is then
fitted by a robust gain and offset. What is left is the residual rho,

    rho_t = G_2(a_t L(R_t) + b_t - P_t)

with G_2 a Gaussian of two samples. Without the curve a harmless gamma of 0.88 moved skin by 4
units of CIELAB.

Limits: a curve that the picture does not call for, such as one face made lighter, stays in rho
as it should; a change of tones over the whole of a long shot does not.
"""

from __future__ import annotations

import cv2
import torch
from torch import Tensor

QUANTILES = 65
BLUR = 2.0  # samples
LEVELS = 1024
PIECE = 1 << 16  # samples at a time, which stay in the processor's cache
PASSES = 2  # of the robust fit of a frame


def tone_curve(values: Tensor, wanted: Tensor) -> Tensor:
    """The monotone curve that brings one set of values to the tones of another.

    Args:
        values: float32, any shape, 0..1.
        wanted: float32, any shape, 0..1.

    Returns:
        float32 `[LEVELS]`, the new value for each of evenly spaced old ones, 0..1.
    """
    at = torch.linspace(0.005, 0.995, QUANTILES)
    old = torch.quantile(_some(values), at)
    new = torch.quantile(_some(wanted), at)
    levels = torch.linspace(0, 1, LEVELS)
    return _interpolated(levels, old, new)


def toned(pictures: Tensor, curve: Tensor) -> Tensor:
    """Pictures, float32 in 0..1, under a curve of `LEVELS` values, linear in between."""
    parts = [_toned(part, curve) for part in torch.split(pictures.flatten(), PIECE)]
    return torch.cat(parts).reshape(pictures.shape)


def _toned(values: Tensor, curve: Tensor) -> Tensor:
    place = values.clamp(0, 1).mul_(LEVELS - 1)
    below = place.long().clamp_max_(LEVELS - 2)
    part = place - below
    return curve[below] * (1 - part) + curve[below + 1] * part


def residual(restored: Tensor, proxy: Tensor) -> Tensor:
    """Rho of a stretch.

    Args:
        restored: R, float32 `[T, h, w]`, 0..1.
        proxy: P, of the same shape.

    Returns:
        float32 `[T, h, w]`.
    """
    mapped = toned(restored, tone_curve(restored, proxy))
    return torch.stack([
        _blurred(fitted(here, wanted)) for here, wanted in zip(mapped, proxy, strict=True)
    ])  # fmt: skip


def fit(here: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """The robust gain and offset that bring one picture `[h, w]` to another."""
    few, aim = here[::3, ::3].flatten(), wanted[::3, ::3].flatten()
    keep = torch.ones_like(few, dtype=torch.bool)
    gain, offset = torch.tensor(1.0), torch.tensor(0.0)
    for _ in range(PASSES + 1):
        x, y = few[keep], aim[keep]
        spread = ((x - x.mean()) ** 2).mean()
        gain = ((x - x.mean()) * (y - y.mean())).mean() / spread.clamp_min(1e-8)
        offset = y.mean() - gain * x.mean()
        away = (gain * few + offset - aim).abs()
        keep = away <= 2.5 * away.median() + 1e-6
    return gain, offset


def fitted(here: Tensor, wanted: Tensor) -> Tensor:
    """`a here + b - wanted`, both `[h, w]`, with the robust a and b of this frame."""
    gain, offset = fit(here, wanted)
    return gain * here + offset - wanted


def _blurred(picture: Tensor) -> Tensor:
    return torch.from_numpy(cv2.GaussianBlur(picture.numpy(), (0, 0), BLUR))


def _some(values: Tensor) -> Tensor:
    """At most about 50,000 of the values, evenly taken."""
    flat = values.flatten()
    return flat[:: max(1, flat.numel() // 50_000)]


def _interpolated(at: Tensor, old: Tensor, new: Tensor) -> Tensor:
    """Piecewise linear through (old, new), slope 1 beyond the ends."""
    old = old + torch.arange(old.numel()) * 1e-7  # equal quantiles: the curve stays a function
    right = torch.searchsorted(old, at).clamp(1, old.numel() - 1)
    left = right - 1
    part = (at - old[left]) / (old[right] - old[left])
    inside = new[left] + part * (new[right] - new[left])
    return torch.where(at < old[0], new[0] + at - old[0],
                       torch.where(at > old[-1], new[-1] + at - old[-1], inside))  # fmt: skip
