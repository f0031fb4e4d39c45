"""FLK: global flicker of a shot.

    FLK = 100 * rms_t h(m)_t / mean(m),   h(m)_t = m_t - (m_(t-1) + m_(t+1)) / 2

with m the mean luma per frame. In per cent, lower is steadier; about 0.4 is visible.
Source: the YAVG trace of QCTools and a second-difference high-pass. The gain of h falls
with the frame rate: at 60 fps an 8 Hz flicker counts a fifth of what it counts at 24.
Blind to: flicker that differs across the picture; answers to fast real changes of light.
"""

import torch
from torch import Tensor

SHORTEST = 5  # frames; below, three second differences do not make a trace


def flicker_percent(mean_luma: Tensor) -> float | None:
    """FLK of a trace.

    Args:
        mean_luma: float `[T]`, 0..1.

    Returns:
        Per cent, or None when the shot is shorter than `SHORTEST` or black.
    """
    level = float(mean_luma.mean()) if mean_luma.numel() else 0.0
    if mean_luma.numel() < SHORTEST or level < 1e-3:
        return None
    high = mean_luma[1:-1] - (mean_luma[:-2] + mean_luma[2:]) / 2
    return 100 * float(torch.sqrt((high**2).mean())) / level
