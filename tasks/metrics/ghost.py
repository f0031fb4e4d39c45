"""GHOST: picture of other moments mixed in, or the picture late.

For n = 1, 2, 3 frames, by least squares over the samples that move,

    D_t = beta_n (P_(t-n) - P_(t+n)) / 2 + ...,      GHOST = max_n  n |beta_n|

with D the direct difference and P the proxy, both at half the size and slightly blurred. It is by
how many frames the picture is late on the average: n when it is n frames late, s when a share s
of the frame before is mixed in, s / (1 - s) when a temporal filter keeps a share s of what it put
out before. With n = 1 alone, slow motion drowns in grain and a
picture that is three frames late in fast motion looks like nothing at all. The neighbours stand
on both sides of t on purpose: the frame t itself shares its grain with D, and a perfect result
would have a beta of 0.4.

Frames, 0 and up; lower is better. Source: own. Blind to: static shots; ghosts of light that does
not move (see CHG); mixtures of the frame before and after in equal parts.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from tasks.metrics.direct import halved
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

Plane = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

LAGS = (1, 2, 3)  # frames
LEAST_SPEED = 0.5  # samples a frame; below, nothing is said
LEAST_STEP = 0.02  # of full range, the change in brightness that shows motion
FEWEST = 250  # samples of half size of a stretch


def measure_ghost(pair: Pair) -> Value:
    """GHOST of a pair."""
    if pair.count < 3:
        return Value.none("needs 3 frames")
    speed = pair.flow.speed()
    moving = torch.maximum(speed[:-1], speed[1:]).numpy() > LEAST_SPEED
    if not moving.any():
        return Value.none(f"nothing moves by {LEAST_SPEED} samples a frame")
    apart, picture = halved(pair.direct), halved(pair.proxy)
    found = [_weight(apart, picture, moving, lag) for lag in LAGS if pair.count > 2 * lag]
    known = [one for one in found if one is not None]
    if not known:
        return Value.none("too little moves")
    value, where = max(known)
    return Value(value, coverage=float(moving.mean()), where=where)


def _weight(apart: Plane, picture: Plane, moving: Flags, lag: int) -> tuple[float, int] | None:
    """How large n |beta_n| is and the frame with the most of it; None where too little moves."""
    step = (picture[: -2 * lag] - picture[2 * lag :]) / 2
    here = apart[lag:-lag]
    size = np.abs(step)
    keep = (size > LEAST_STEP) & (np.abs(here) < 1.5 * size + 0.1)
    keep &= moving[lag - 1 : len(moving) - lag + 1, None, None]
    products = np.where(keep, here * step, 0).sum((1, 2), dtype=np.float64)
    powers = np.where(keep, step * step, 0).sum((1, 2), dtype=np.float64)
    least = FEWEST * LEAST_STEP**2
    if powers.sum() <= least:
        return None
    worst = int((np.abs(products) / powers.clip(least / 10)).argmax()) + lag
    return lag * abs(float(products.sum() / powers.sum())), worst


METRICS = (
    Metric(
        identifier="GHOST",
        name="Ghosts of motion, late picture",
        unit="frames late on the average",
        worse="higher",
        floor=0.05,
        formula="max_n n |beta_n| of D_t = beta_n (P_(t-n) - P_(t+n)) / 2 at moving samples, "
        "n = 1, 2, 3",
        source="own",
        blind="static shots; mixtures of the frame before and after in equal parts",
        measure=measure_ghost,
    ),
)
