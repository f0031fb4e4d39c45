"""DUP and SWAP: frames that are doubled, frozen, or not of this moment.

DUP: frames t in a..b are doubled when R stands still there while the source goes on. Where R
hardly changes (less than a quarter of what it does around), x = R_(b+1) - R_(a-1) is what was
left out, and

    gamma = - sum D_t x / sum x^2,    D_t the direct difference, R less S

says how much of it S had already done on frame t: half of it on the average when the source moved
on, nothing when it stood still too. Doubled are runs with gamma > 0.25. So a source that holds
doubled frames itself (a silent film stretched to another rate, drawings shot on twos) is not
accused, and grain does not hide slow motion, because x is searched for with all samples at once.
Per cent of the frames on which the motion is large enough to tell.

SWAP: how much the worst frame of R is unlike the source of its moment,

    SWAP = 100 * ( max_t e_t - median_t e ),   e_t = mean |G_2(D_t)|

Per cent of full range. Both lower is better. Source: own. Blind to: static shots; DUP to a
doubled last frame, and to a doubling under grain that was added later; SWAP to a stretch of which
most frames are foreign.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tasks.metrics.direct import halved
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

STILL = 0.25  # of the usual change of R
AROUND = 8  # frames before and after in which a change is usual
USUAL = 0.75  # quantile of those
DONE = 0.25  # gamma above which the source moved on
LEAST_SURE = 0.08  # standard error of gamma above which nothing is said of a frame
LEAST_NOISE = 1e-3  # of full range, that of rounding
SAMPLES = 12.0  # neighbouring samples of half size whose grain is not independent
FEWEST = 6  # frames
BLUR = 2.0  # samples

Plane = npt.NDArray[np.float32]


def measure_doubled(pair: Pair) -> Value:
    """DUP of a pair."""
    if pair.count < FEWEST:
        return Value.none(f"needs {FEWEST} frames")
    restored, apart = halved(pair.restored), halved(pair.direct)
    noise = max(1.4826 * float(np.median(np.abs(apart[::4]))), LEAST_NOISE)
    known = np.array([
        _error(restored[n + 1] - restored[n - 1], noise) < LEAST_SURE
        for n in range(1, pair.count - 1)
    ])  # fmt: skip
    if int(known.sum()) < FEWEST:
        return Value.none(f"fewer than {FEWEST} frames move enough to tell")
    runs = [
        run for run in _still(restored)
        if _moved_on(restored[run.stop] - restored[run.start - 1], apart[run.start : run.stop],
                     noise)
    ]  # fmt: skip
    doubled = sum(len(run) for run in runs)
    where = max(runs, key=len).start if runs else None
    value = 100 * doubled / max(int(known.sum()), doubled)
    return Value(value, coverage=float(known.mean()), where=where)


def _still(restored: Plane) -> list[range]:
    """Runs of frames on which R hardly changes from the one before; not to the last frame."""
    change = np.sqrt(((restored[1:] - restored[:-1]) ** 2).mean((1, 2)))
    usual = [
        np.quantile(change[max(0, n - AROUND) : n + AROUND + 1], USUAL) for n in range(len(change))
    ]
    still = np.append(change < STILL * np.array(usual), False)
    runs, start = [], 0
    for n, here in enumerate(still):
        if not here:
            runs.append(range(start + 1, n + 1))
            start = n + 1
    return [run for run in runs if len(run) and run.stop < len(restored)]


def _moved_on(left_out: Plane, apart: Plane, noise: float) -> bool:
    """Whether S had done a part of what R left out, over the frames of a run."""
    if _error(left_out, noise) > LEAST_SURE:
        return False
    fits = np.abs(apart) < 1.5 * np.abs(left_out) + 0.1
    products = np.where(fits, apart * left_out, 0).sum((1, 2))
    powers = np.where(fits, left_out**2, 0).sum((1, 2)).clip(1e-9)
    return float(np.mean(-products / powers)) > DONE


def _error(left_out: Plane, noise: float) -> float:
    """Standard error of gamma on one frame."""
    return noise * math.sqrt(SAMPLES) / max(float(np.linalg.norm(left_out)), 1e-6)


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
        formula="share of frames on which R stands still while S does: gamma > 0.25, the part of "
        "what R left out, R_(b+1) - R_(a-1), that S had done on the still frames",
        source="own, after freezedetect of FFmpeg",
        blind="static shots; a doubled last frame; a doubling under grain that was added later",
        measure=measure_doubled,
    ),
    Metric(
        identifier="SWAP",
        name="Frames of another moment",
        unit="% of full range",
        worse="higher",
        floor=0.8,
        formula="max_t e_t - median_t e; e_t the mean of |G_2(R_t - S_t)| after the tone fit",
        source="own",
        blind="static shots; stretches of which most frames are foreign",
        measure=measure_foreign,
    ),
)
