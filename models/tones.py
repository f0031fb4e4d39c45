"""The tones of a frame, their course through a shot, and the exposure between two sets of them.

Source: tones are the means of equal-population slices of the sorted luma (L-estimators); the
course is LOESS (Cleveland 1979) with a choice of side after Qiu's jump-preserving regression.
All arithmetic is float64 on exact counts, so the answer is the same on every machine.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from models.contract import BT709_LUMA, Frame

Array = npt.NDArray[np.float64]

SLICES = 20  # of equal population; the darkest and the brightest are dropped
LEVELS = 4096  # luma is counted in so many levels at most; a tone is exact to about 1/LEVELS
BLOCKS = (12, 16)  # parts of the picture, down and across
LEAST_SPREAD = 0.0005  # share of full range; parts differ by this much from rounding alone
STEADY = 0.002  # share of full range: tones that miss the line by less are not doubted
SIDE_ADVANTAGE = 0.4  # a one-sided line must miss by less than this part of the two-sided one
LEAST_SIDE = 4  # frames that a one-sided line needs


def tones(frame: Frame) -> Array:
    """Means of the inner slices of the sorted luma, float64 `[SLICES - 2]`, 0..1, rising."""
    levels = min(frame.peak + 1, LEVELS)
    if frame.format.layout == "rgb":
        weights = [round(w * 4096) for w in BT709_LUMA]
        weighted = [w * p for w, p in zip(weights, frame.samples(), strict=True)]
        luma = torch.stack(weighted).sum(0)
        counted = (luma * levels).div(4096 * (frame.peak + 1), rounding_mode="floor")
    else:
        luma = frame.samples()[0]
        counted = (luma * levels).div(frame.peak + 1, rounding_mode="floor")
    counts = torch.bincount(counted.flatten(), minlength=levels).cpu().numpy()
    return _slice_means(counts.astype(np.float64))


def _slice_means(counts: Array) -> Array:
    """Cut a histogram into `SLICES` of equal population and average each but the outer two."""
    levels = len(counts)
    value = np.arange(levels) / (levels - 1)
    population = np.concatenate(([0.0], np.cumsum(counts)))
    total = np.concatenate(([0.0], np.cumsum(counts * value)))
    borders = population[-1] * np.arange(SLICES + 1) / SLICES
    sums = np.interp(borders, population, total)
    means: Array = np.diff(sums) * SLICES / population[-1]
    return means[1:-1]


def blocks(frame: Frame) -> Array:
    """Mean luma of 12 by 16 parts of the picture, float64 `[192]`, 0..1."""
    parts = torch.nn.functional.adaptive_avg_pool2d(frame.luma()[None], BLOCKS)
    return parts.flatten().cpu().numpy().astype(np.float64)


def flicker_level(course: Array) -> float:
    """Robust rms of the temporal second difference of mean tone, as a share of mean tone.

    Args:
        course: float64 `[T, K]` tones in 0..1, T at least 3.
    """
    bends = second_difference(course.mean(axis=1))
    return float(1.4826 * np.median(np.abs(bends)) / max(float(course.mean()), 1e-3))


def togetherness(parts: Array) -> float:
    """How much the parts of the picture flicker alike: their common bend over its spread.

    Args:
        parts: float64 `[T, B]` from `blocks`, T at least 3.
    """
    bends = second_difference(parts)
    common = np.median(bends, axis=1)
    spread = 1.4826 * np.median(np.abs(bends - common[:, None]), axis=1)
    return float(np.median(np.abs(common) / (spread + LEAST_SPREAD)))


def second_difference(course: Array) -> Array:
    """Each value less the mean of the ones before and after, along the first axis."""
    bends: Array = course[1:-1] - (course[:-2] + course[2:]) / 2
    return bends


def steady_course(course: Array, place: int) -> Array:
    """Where the tones of one frame would be without flicker.

    Args:
        course: float64 `[T, K]`, tones of consecutive frames of one shot.
        place: index of the frame in question.

    Returns:
        float64 `[K]`: a robust line through the frames around, at the frame; through the
        frames of one side only where the light really changed beside the frame.
    """
    times = np.arange(len(course)) - place
    both, miss = _line_at_zero(times, course)
    for side in (times <= 0, times >= 0):
        if side.sum() < LEAST_SIDE or side.all():
            continue
        value, side_miss = _line_at_zero(times[side], course[side])
        if side_miss < SIDE_ADVANTAGE * miss and side_miss < SIDE_ADVANTAGE * _miss_of_rest(
            times[~side], course[~side], value
        ):
            both, miss = value, side_miss / SIDE_ADVANTAGE
    return both


def _miss_of_rest(times: npt.NDArray[np.int64], course: Array, value: Array) -> float:
    """How far the other side lies from the value, root mean square."""
    near = np.abs(times) <= LEAST_SIDE
    return float(np.sqrt(np.mean((course[near] - value) ** 2))) if near.any() else 0.0


def _line_at_zero(times: npt.NDArray[np.int64], course: Array) -> tuple[Array, float]:
    """Fit a line per tone with tricube and bisquare weights; its value at time 0 and its miss."""
    reach = max(int(np.abs(times).max()), 1) + 1
    near = (1 - (np.abs(times) / reach) ** 3) ** 3
    weights = np.repeat(near[:, None], course.shape[1], axis=1)
    value = course[0]
    left = course
    for _ in range(4):
        value, slope = _weighted_line(times, course, weights)
        left = course - value - times[:, None] * slope
        scale = 6 * np.median(np.abs(left), axis=0) + STEADY
        weights = near[:, None] * np.clip(1 - (left / scale) ** 2, 0, None) ** 2 + 1e-9
    return value, float(np.sqrt(np.average(np.mean(left**2, axis=1), weights=near)))


def _weighted_line(
    times: npt.NDArray[np.int64], course: Array, weights: Array
) -> tuple[Array, Array]:
    """Value at time 0 and slope of the weighted least-squares line of each column."""
    total = weights.sum(0)
    mean_time = (weights * times[:, None]).sum(0) / total
    mean = (weights * course).sum(0) / total
    away = times[:, None] - mean_time
    slope = (weights * away * (course - mean)).sum(0) / ((weights * away**2).sum(0) + 1e-12)
    return mean - slope * mean_time, slope


def fit_gain_offset(now: Array, wanted: Array, largest_gain: float) -> tuple[float, float]:
    """Gain and offset (share of full range) that bring tones to wanted tones.

    Huber weights; where the tones span too little to tell a gain from an offset, the gain
    stays near 1.
    """
    doubt = len(now) * 0.01**2  # pulls the gain to 1 where the tones span 1 % or less
    weights = np.ones_like(now)
    gain, offset = 1.0, 0.0
    for _ in range(8):
        mean_now, mean_wanted = (
            np.average(now, weights=weights),
            np.average(wanted, weights=weights),
        )
        away = now - mean_now
        top = (weights * away * (wanted - mean_wanted)).sum() + doubt
        gain = float(top / ((weights * away**2).sum() + doubt))
        gain = min(max(gain, 1 / largest_gain), largest_gain)
        offset = float(mean_wanted - gain * mean_now)
        left = np.abs(gain * now + offset - wanted)
        limit = 1.345 * 1.4826 * np.median(left) + 1e-6
        weights = np.minimum(1.0, limit / np.maximum(left, 1e-12))
    return gain, offset
