"""The temporal high-pass that every metric of flicker and jitter uses.

    h(x)_t = x_t - (x_(t-L) + x_(t+L)) / 2

with the lag L chosen by the frame rate, so that the band is the same in hertz at every rate:
the gain is 1 - cos(2 pi f L / rate), 2 at the top of the band. With L = 1 at 60 fps an 8 Hz
flicker would count a fifth of what it counts at 24 fps; with L = 2 it counts what it counts at
30. The visible band is about 2 to 15 Hz (BBC RD 1975/13). White noise passes with the same
power at every lag.

Limits: above `rate / (2 L)` the gain falls again; at 60 fps a change that comes and goes every
frame (30 Hz) does not pass.
"""

from __future__ import annotations

import torch
from torch import Tensor

USUAL_RATE = 25.0  # frames a second at which neighbours are compared


def lag(rate: float) -> int:
    """Frames between what is compared, at least 1."""
    return max(1, round(rate / USUAL_RATE))


def high(values: Tensor, rate: float) -> Tensor:
    """The high-pass of a trace.

    Args:
        values: real, `[T, ...]`.
        rate: frames a second.

    Returns:
        `[T - 2 L, ...]`, of the frames L to T - L; no frame when the trace is too short.
    """
    step = lag(rate)
    if values.shape[0] <= 2 * step:
        return values[:0]
    return values[step:-step] - (values[: -2 * step] + values[2 * step :]) / 2


def rms(values: Tensor) -> Tensor:
    """Root of the mean square over time, `[T, ...]` to `[...]`; NaN without a frame."""
    return torch.sqrt((values**2).mean(dim=0))
