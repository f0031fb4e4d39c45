"""DUP and SWAP: frames that are doubled, frozen, or not of this moment.

DUP: frames t in a..b are doubled when R stands still there while the source goes on. Where R
hardly changes (less than a quarter of what it does around), x = R_(b+1) - R_(a-1) is what
was left out, y the same of the proxy, and

    gamma = - sum D_t y / sum x y,    D_t the direct difference, R less S

says how much of it S had already done on frame t: half of it on the average when the source moved
on, nothing when it stood still too. With y as instrument, what R alone does (flicker of a part,
another face) is not taken for motion. Doubled are runs with gamma > 0.25. So a source that holds
doubled frames itself (a silent film stretched to another rate, drawings shot on twos) is not
accused, and grain does not hide slow motion, because x is searched for with all samples at once.
Per cent of the frames on which the motion is large enough to tell.

SWAP: how much better the worst frame of R fits another moment than its own,

    SWAP = 100 * sqrt( max_t ( c(t,t) - min_s c(t,s) ) ),   |s - t| > 2

with c(t,s) the mean square of S_t + D_t, which is R in the tones of S, less Q_s, at a quarter of
the size, each pair at its best gain. Q_s is the mean of P over three frames: grain that P still
has differs from frame to frame, and would make some frames fit anything better than others. What
a repair spoils fits no other moment and is not counted.

Per cent of full range. Both lower is better. Source: own. Blind to: static shots; DUP to a
doubled last frame, and to a doubling under grain that was added later; SWAP to frames from
outside the stretch, from two frames away at most, and to the first and the last frame.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
from torch import Tensor

from tasks.metrics.direct import halved
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

STILL = 0.25  # of the usual change of R
AROUND = 8  # frames before and after in which a change is usual
USUAL = 0.75  # quantile of those
DONE = 0.25  # gamma above which the source moved on
LEAST_SURE = 0.1  # standard error of gamma above which nothing is said of a frame
SHARED = 0.15  # of what R left out that P did too, below which it is not motion of the scene
LEAST_NOISE = 1e-3  # of full range, that of rounding
SAMPLES = 12.0  # neighbouring samples of half size whose grain is not independent
FEWEST = 6  # frames
TINY = 4  # times smaller, the pictures in which another moment is looked for
NEAR = 2  # frames; what comes from nearer is late or doubled, not foreign

Plane = npt.NDArray[np.float32]
Reals = npt.NDArray[np.float64]


def measure_doubled(pair: Pair) -> Value:
    """DUP of a pair."""
    if pair.count < FEWEST:
        return Value.none(f"needs {FEWEST} frames")
    restored, expected, apart = (halved(p) for p in (pair.restored, pair.proxy, pair.direct))
    noise = max(1.4826 * float(np.median(np.abs(apart[::4]))), LEAST_NOISE)
    known = np.array([
        _error(restored[n + 1] - restored[n - 1], noise) < LEAST_SURE
        for n in range(1, pair.count - 1)
    ])  # fmt: skip
    if int(known.sum()) < FEWEST:
        return Value.none(f"fewer than {FEWEST} frames move enough to tell")
    runs = []
    for run in _still(_changes(restored), _changes(expected)):
        left_out, done = (side[run.stop] - side[run.start - 1] for side in (restored, expected))
        if _moved_on(left_out, done, apart[run.start : run.stop], noise):
            runs.append(run)
    doubled = sum(len(run) for run in runs)
    where = max(runs, key=len).start if runs else None
    value = 100 * doubled / max(int(known.sum()), doubled)
    return Value(value, coverage=float(known.mean()), where=where)


def _changes(pictures: Plane) -> Reals:
    """How far each picture of `[T, h, w]` is from the one before, `[T - 1]`."""
    return np.asarray(np.sqrt(((pictures[1:] - pictures[:-1]) ** 2).mean((1, 2))), np.float64)


def _usual(change: Reals) -> Reals:
    around = [change[max(0, n - AROUND) : n + AROUND + 1] for n in range(len(change))]
    return np.array([np.quantile(part, USUAL) for part in around])


def _still(change: Reals, expected: Reals) -> list[range]:
    """Runs of frames on which R hardly changes from the one before; not to the last frame."""
    still = np.append(change < STILL * np.minimum(_usual(change), _usual(expected)), False)
    runs, start = [], 0
    for n, here in enumerate(still):
        if not here:
            runs.append(range(start + 1, n + 1))
            start = n + 1
    return [run for run in runs if len(run) and run.stop <= len(change)]


def _moved_on(left_out: Plane, expected: Plane, apart: Plane, noise: float) -> bool:
    """Whether S had done a part of what R left out, over the frames of a run."""
    power = float((left_out * expected).sum())
    if power <= SHARED * float((left_out**2).sum()):  # or nothing was left out
        return False
    if noise * math.sqrt(SAMPLES) * float(np.linalg.norm(expected)) / power > LEAST_SURE:
        return False
    fits = np.abs(apart) < 1.5 * np.abs(expected) + 0.1
    products = np.where(fits, apart * expected, 0).sum((1, 2))
    powers = np.where(fits, left_out * expected, 0).sum((1, 2)).clip(1e-9)
    return float(np.mean(-products / powers)) > DONE


def _error(left_out: Plane, noise: float) -> float:
    """Standard error of gamma on one frame, were P without grain."""
    return noise * math.sqrt(SAMPLES) / max(float(np.linalg.norm(left_out)), 1e-6)


def measure_foreign(pair: Pair) -> Value:
    """SWAP of a pair."""
    if pair.count < FEWEST:
        return Value.none(f"needs {FEWEST} frames")
    if not pair.direct.any():
        return Value(0.0)
    misfit = _misfit(_tiny(pair.source + pair.direct), _among_neighbours(_tiny(pair.proxy)))
    numbers = np.arange(pair.count)
    far = np.abs(numbers[:, None] - numbers) > NEAR
    gain = (misfit.diagonal() - np.where(far, misfit, np.inf).min(1))[1:-1]
    return Value(100 * math.sqrt(max(0.0, float(gain.max()))), where=int(gain.argmax()) + 1)


def _tiny(pictures: Tensor) -> Reals:
    """Pictures at a quarter of the size, float64 `[T, N]`."""
    size = (max(1, pictures.shape[2] // TINY), max(1, pictures.shape[1] // TINY))
    small = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in pictures.numpy())
    return np.stack([one.ravel() for one in small]).astype(np.float64)


def _among_neighbours(pictures: Reals) -> Reals:
    """The mean of each picture of `[T, N]` and its two neighbours; the ends count twice."""
    padded = np.concatenate([pictures[:1], pictures, pictures[-1:]])
    return np.asarray((padded[:-2] + padded[1:-1] + padded[2:]) / 3, np.float64)


def _misfit(restored: Reals, proxy: Reals) -> Reals:
    """Mean square of each frame of R less each of the proxy at its best gain, `[T, T]`."""
    powers = (proxy**2).sum(1).clip(1e-9)
    left = (restored**2).sum(1)[:, None] - (restored @ proxy.T) ** 2 / powers
    return np.asarray(left / proxy.shape[1], np.float64)


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
        formula="100 sqrt(max_t(c(t,t) - min_s c(t,s))); c(t,s) the mean square of R_t, in the "
        "tones of S, less the mean of P_(s-1), P_s, P_(s+1); |s - t| > 2",
        source="own",
        blind="static shots; frames from outside the stretch; frames that differ from their own by "
        "less than the grain of S on a quarter of the size",
        measure=measure_foreign,
    ),
)
