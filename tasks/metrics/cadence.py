"""CADENCE: sharpness that pulses, as where every second frame was made up between two others.

With s_t the logarithm of the fine detail of R_t over that of S_t (each the mean of the smaller
90 % of the squared second difference of Gaussians, so that specks do not count), less its
running mean over five frames,

    CADENCE = 100 * max over periods 2, 3, 4, 5 frames of the amplitude of s at that period

over the stretch. Per cent of pulsing, lower is better. Source: own; the power of the texture
series at the source's rate. Blind to: pulsing with a period of more than five frames; pictures
without fine detail. An interframe codec pulses a little by itself.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from torch import Tensor

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

PERIODS = (2, 3, 4, 5)  # frames
KEPT = 0.9  # of the samples, the smaller ones
SHORTEST = 16  # frames
LEAST_DETAIL = 1e-7  # mean square of fine detail below which there is none
AROUND = 5  # frames


def measure_cadence(pair: Pair) -> Value:
    """CADENCE of a pair."""
    if pair.count < SHORTEST:
        return Value.none(f"needs {SHORTEST} frames")
    before, after = (_detail(side) for side in (pair.source, pair.restored))
    if float(before.median()) < LEAST_DETAIL:
        return Value.none("no fine detail")
    course = (after.clamp_min(1e-12) / before.clamp_min(1e-12)).log().double()
    course = course - _running_mean(course)
    sizes = [_amplitude(course, period) for period in PERIODS]
    return Value(100 * max(sizes), where=int(course.argmin()))


def _detail(pictures: Tensor) -> Tensor:
    """Fine detail of each frame, mean square, `[T]`."""
    found = []
    for picture in pictures.numpy():
        fine = (picture - cv2.GaussianBlur(picture, (0, 0), 1.2)).ravel()[::2] ** 2
        kept = int(KEPT * fine.size)
        found.append(float(np.partition(fine, kept)[:kept].mean()))
    return torch.tensor(found)


def _running_mean(course: Tensor) -> Tensor:
    edge = AROUND // 2
    padded = torch.cat((course[:1].repeat(edge), course, course[-1:].repeat(edge)))
    return padded.unfold(0, AROUND, 1).mean(-1)


def _amplitude(course: Tensor, period: int) -> float:
    """Amplitude of a series at a period, as that of the sine in it."""
    turn = torch.arange(len(course), dtype=torch.double) * (2 * math.pi / period)
    size = torch.hypot((course * turn.cos()).mean(), (course * turn.sin()).mean())
    return float(size) * (1 if period == 2 else 2)


METRICS = (
    Metric(
        identifier="CADENCE",
        name="Pulsing sharpness",
        unit="% of fine detail",
        worse="higher",
        floor=6.0,
        formula="the largest amplitude at periods of 2..5 frames of log(fine detail of R over "
        "that of S), less its running mean",
        source="own",
        blind="periods of more than five frames; pictures without fine detail",
        measure=measure_cadence,
    ),
)
