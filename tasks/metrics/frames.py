"""DUP and SWAP: frames that are doubled, frozen, or not of this moment.

DUP: a frame is doubled when R hardly changes where the source moves,

    |R_t - R_(t-1)| < 0.4 |P_t - P_(t-1)| * usual,    with the source moving by > 0.5 samples

both means over the samples that move, `usual` the median over the stretch of the ratio of the
two. A source that holds doubled frames itself (a silent film stretched to another rate, drawings
shot on twos) does not move there, and is not accused. Per cent of the frames that move.

SWAP: how much the worst frame of R is unlike the source of its moment,

    SWAP = 100 * ( max_t e_t - median_t e ),   e_t = mean |G_2(D_t)|

Per cent of full range. Both lower is better. Source: own. Blind to: static shots; DUP to a
doubling that a motion blur hides; SWAP to a stretch of which most frames are foreign.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

LEAST_SPEED = 0.5  # samples a frame at the proxy's scale
DOUBLED = 0.4  # of the usual change
LEAST_STEP = 0.015  # of full range, mean change of the samples that move
FEWEST = 6  # frames that move
BLUR = 2.0  # samples


def measure_doubled(pair: Pair) -> Value:
    """DUP of a pair."""
    speed = pair.flow.speed()
    moving, steps = _steps(pair)
    known = (speed > LEAST_SPEED) & (moving > LEAST_STEP)
    if int(known.sum()) < FEWEST:
        return Value.none(f"fewer than {FEWEST} frames move")
    ratio = steps / moving.clamp_min(1e-6)
    usual = ratio[known].median()
    doubled = known & (ratio < DOUBLED * usual)
    value = 100 * float(doubled.sum()) / float(known.sum())
    where = int(torch.where(known, ratio, torch.inf).argmin()) + 1
    return Value(value, coverage=float(known.float().mean()), where=where if value else None)


def _steps(pair: Pair) -> tuple[Tensor, Tensor]:
    """Mean change from frame to frame of P and of R, over the samples that move, `[T - 1]`."""
    proxy = pair.proxy[:, ::2, ::2]
    restored = torch.stack([_blurred(one)[::2, ::2] for one in pair.restored])
    change = (proxy[1:] - proxy[:-1]).abs().flatten(1)
    own = (restored[1:] - restored[:-1]).abs().flatten(1)
    count = max(1, change.shape[1] // 20)
    top = change.topk(count, dim=1)
    return top.values.mean(1), own.gather(1, top.indices).mean(1)


def measure_foreign(pair: Pair) -> Value:
    """SWAP of a pair."""
    if pair.count < FEWEST:
        return Value.none(f"needs {FEWEST} frames")
    apart = torch.stack([_blurred(one)[::2, ::2].abs().mean() for one in pair.direct])
    return Value(100 * float(apart.max() - apart.median()), where=int(apart.argmax()))


def _blurred(picture: Tensor) -> Tensor:
    return torch.from_numpy(np.asarray(cv2.GaussianBlur(picture.numpy(), (0, 0), BLUR)))


METRICS = (
    Metric(
        identifier="DUP",
        name="Doubled or frozen frames",
        unit="% of moving frames",
        worse="higher",
        floor=0.0,
        formula="share of frames on which R changes by less than 0.4 of what the source's motion "
        "asks for, where the source moves by more than 0.5 samples",
        source="own, after freezedetect of FFmpeg",
        blind="static shots; a doubled frame among frames that are blurred together",
        measure=measure_doubled,
    ),
    Metric(
        identifier="SWAP",
        name="Frames of another moment",
        unit="% of full range",
        worse="higher",
        floor=0.5,
        formula="max_t e_t - median_t e; e_t the mean of |G_2(R_t - S_t)| after the tone fit",
        source="own",
        blind="static shots; stretches of which most frames are foreign",
        measure=measure_foreign,
    ),
)
