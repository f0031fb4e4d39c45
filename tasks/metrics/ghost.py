"""GHOST: picture of other moments mixed in, or the picture late.

    GHOST = |beta|,  D_t = beta (P_(t-1) - P_(t+1)) / 2 + ...   by least squares

over the samples that move, with D the direct difference slightly blurred and P the proxy. A
temporal filter that keeps a share of the frame before has a beta of about that share; a picture
that is n frames late has one of n. The neighbours stand on both sides of t on purpose: the
frame t itself shares its grain with D, and a perfect result would have a beta of 0.4.

Weight, 0 and up; lower is better. Source: own. Blind to: static shots; ghosts of light that does
not move (see CHG).
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

BLUR = 1.5  # samples
LEAST_SPEED = 0.5  # samples a frame; below, nothing is said
LEAST_STEP = 0.02  # of full range, the change in brightness that shows motion
FEWEST = 500  # samples of a stretch


def measure_ghost(pair: Pair) -> Value:
    """GHOST of a pair."""
    if pair.count < 3:
        return Value.none("needs 3 frames")
    speed = pair.flow.speed()
    moving = torch.maximum(speed[:-1], speed[1:]) > LEAST_SPEED
    if not bool(moving.any()):
        return Value.none(f"nothing moves by {LEAST_SPEED} samples a frame")
    products, powers = _sums(pair, moving)
    if float(powers.sum()) <= FEWEST * LEAST_STEP**2:
        return Value.none("too little moves")
    beta = abs(float(products.sum() / powers.sum()))
    shares = products.abs() / powers.clamp_min(FEWEST * LEAST_STEP**2 / 10)
    return Value(beta, coverage=float(moving.float().mean()), where=int(shares.argmax()) + 1)


def _sums(pair: Pair, moving: Tensor) -> tuple[Tensor, Tensor]:
    """Per inner frame the sums of D x and x x, over samples that move and fit."""
    count = pair.count - 2
    products, powers = (torch.zeros(count, dtype=torch.double) for _ in range(2))
    for n in range(count):
        if not moving[n]:
            continue
        step = ((pair.proxy[n] - pair.proxy[n + 2]) / 2)[::2, ::2]
        blurred = cv2.GaussianBlur(pair.direct[n + 1].numpy(), (0, 0), BLUR)
        apart = torch.from_numpy(np.ascontiguousarray(blurred[::2, ::2]))
        keep = (step.abs() > LEAST_STEP) & (apart.abs() < 1.5 * step.abs() + 0.1)
        x, y = step[keep].double(), apart[keep].double()
        products[n], powers[n] = (x * y).sum(), (x * x).sum()
    return products, powers


METRICS = (
    Metric(
        identifier="GHOST",
        name="Ghosts of motion, late picture",
        unit="weight of the frame before",
        worse="higher",
        floor=0.02,
        formula="|beta| of D_t = beta (P_(t-1) - P_(t+1)) / 2 at moving samples",
        source="own",
        blind="static shots; mixtures of the frame before and after in equal parts",
        measure=measure_ghost,
    ),
)
