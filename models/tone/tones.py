"""Tones of a frame, how they flicker, their course through a shot, the exposure between two.

Source: tones are the means of equal-population slices of the sorted luma (L-estimators); the
course is LOESS (Cleveland 1979) with a choice of side after Qiu's jump-preserving regression.
All arithmetic is float64 on exact counts, so the answer is the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from models.contract import BT709_LUMA, Frame

Array = npt.NDArray[np.float64]

SLICES = 20  # of equal population; the darkest and the brightest are dropped
LEVELS = 4096  # luma is counted in so many levels at most; a tone is exact to about 1/LEVELS
BLOCKS = (12, 16)  # parts of the picture, down and across
REGION = 4  # parts down and across that make a region; motion rarely moves the median of 16
APART = (1, 2)  # frames from a turn to its neighbours; at 3, real light that comes and goes turns
LEAST_TURNS = 4  # fewer frames tell nothing
REPEATED = 0.001  # share of full range: a frame that differs by less repeats the one before
BLACK = 0.02  # share of full range: turns in the dark count for less
STILL = 0.0001  # share of brightness: smaller turns are rounding
STEADY = 0.002  # share of full range: tones that miss the line by less are not doubted
SIDE_ADVANTAGE = 0.3  # a one-sided line must miss by less than this part of the two-sided one
REST_ADVANTAGE = 0.45  # likewise, of the line through the other side
LEAST_SIDE = 8  # frames that a one-sided line needs; with fewer it follows flicker by chance


def tones(frame: Frame) -> Array:
    """Means of the inner slices of the sorted luma, float64 `[SLICES - 2]`, 0..1, rising."""
    levels = min(frame.peak + 1, LEVELS)
    if frame.format.layout == "rgb":
        weights = [round(w * 4096) for w in BT709_LUMA]
        weighted = [w * p for w, p in zip(weights, frame.samples(), strict=True)]
        luma = torch.stack(weighted).sum(0)
        luma = luma >> 12
    else:
        luma = frame.samples()[0]
    shift = frame.format.depth - (levels - 1).bit_length()
    counts = torch.bincount((luma >> shift).flatten(), minlength=levels).cpu().numpy()
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


@dataclass(frozen=True)
class Flickering:
    """How much the frames of a window flicker.

    Attributes:
        level: mean size of a turn, as a share of brightness; the largest few do not count, so
            that flashes do not.
        together: correlation of the turns between parts of the picture, -1..1.
        share: part of the frames that turn visibly, 0..1.
    """

    level: float = 0.0
    together: float = 0.0
    share: float = 0.0


def flickering(parts: Array, visible: float) -> tuple[Flickering, ...]:
    """Measure flicker that takes one or two frames to turn back.

    A turn is a frame brighter, or darker, than the one before and the one after: light that
    comes, goes or steps does not turn, however roughly.

    Args:
        parts: float64 `[T, 192]` from `blocks`.
        visible: least turn that is seen, as a share of brightness.
    """
    parts = parts[_moving(parts)]
    if len(parts) < LEAST_TURNS + 3:
        return ()
    rise = (parts[1:] - parts[:-1]) / ((parts[:-1] + parts[1:]) / 2 + BLACK)
    down, across = (side // REGION for side in BLOCKS)
    grouped = rise.reshape(-1, down, REGION, across, REGION).swapaxes(2, 3)
    regions = np.median(grouped.reshape(len(rise), down * across, -1), axis=2)
    whole = np.median(rise, axis=1)
    return tuple(
        _flickering(turns_of(whole, apart), turns_of(regions, apart), apart, visible)
        for apart in APART
    )


def _moving(parts: Array) -> list[int]:
    """The frames that do not repeat the one before, as where film was slowed down for video."""
    moving = [0]
    for index in range(1, len(parts)):
        if np.median(np.abs(parts[index] - parts[moving[-1]])) >= REPEATED:
            moving.append(index)
    return moving


def turns_of(rise: Array, apart: int) -> Array:
    """Per frame, how far its brightness is beyond that of both frames `apart` away, signed.

    Args:
        rise: float64 `[T]` or `[T, N]`, change of brightness from frame to frame.
        apart: distance in frames; the first and last `apart` frames are left out.
    """
    brightness = np.concatenate((np.zeros_like(rise[:1]), np.cumsum(rise, axis=0)))
    behind = brightness[apart:-apart] - brightness[: -2 * apart]
    ahead = brightness[apart:-apart] - brightness[2 * apart :]
    least = np.minimum(np.abs(behind), np.abs(ahead))
    turns: Array = np.where(behind * ahead > 0, np.copysign(least, behind), 0.0)
    return turns


def _flickering(whole: Array, regions: Array, apart: int, visible: float) -> Flickering:
    """Sum up the turns `[T]` of the picture and `[T, N]` of its regions."""
    size = np.sort(np.abs(whole))[: -2 * apart]
    if len(size) < LEAST_TURNS:
        return Flickering()
    products = regions.T @ regions
    norm = np.sqrt(np.diag(products)) + STILL * len(regions) ** 0.5
    alike = (products / np.outer(norm, norm))[np.triu_indices(len(norm), 1)]
    seen = np.abs(whole) > visible / 2
    return Flickering(float(size.mean()), float(np.median(alike)), float(seen.mean()))


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
        if side_miss >= SIDE_ADVANTAGE * miss or not _is_steady(
            times[~side], course[~side], REST_ADVANTAGE * miss
        ):
            continue
        if side_miss < SIDE_ADVANTAGE * _miss_of_rest(times[~side], course[~side], value):
            both, miss = value, side_miss / SIDE_ADVANTAGE
    return both


def _is_steady(times: npt.NDArray[np.int64], course: Array, limit: float) -> bool:
    """Whether the other side follows a line too, as where light changes; few frames always do."""
    if len(times) < LEAST_SIDE:
        return True
    return _line_at_zero(times - times[len(times) // 2], course)[1] < limit


def _miss_of_rest(times: npt.NDArray[np.int64], course: Array, value: Array) -> float:
    """How far the other side lies from the value, root mean square."""
    near = np.abs(times) <= LEAST_SIDE
    return float(np.sqrt(np.mean((course[near] - value) ** 2))) if near.any() else 0.0


def _line_at_zero(times: npt.NDArray[np.int64], course: Array) -> tuple[Array, float]:
    """Fit a line per tone with tricube and bisquare weights; its value at time 0 and its miss."""
    reach = max(int(np.abs(times).max()), 1) + 1
    near = (1 - (np.abs(times) / reach) ** 3) ** 3
    value = np.median(course, axis=0)  # from which a lone side cannot draw the line at first
    left = course - value
    for _ in range(4):
        scale = 6 * np.median(np.abs(left), axis=0) + STEADY
        weights = near[:, None] * np.clip(1 - (left / scale) ** 2, 0, None) ** 2 + 1e-9
        value, slope = _weighted_line(times, course, weights)
        left = course - value - times[:, None] * slope
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
