"""The path of the picture through a shot, and the path that the camera took.

Source: the camera's path is the one of least jerks and bends that is compatible with what was
seen, after Grundmann, Kwatra and Essa, "Auto-directed video stabilization with robust L1 optimal
camera paths", CVPR 2011, and l1 trend filtering (Kim, Koh, Boyd, Gorinevsky 2009): still, steady
or with few turns. Ours differs in that the strength follows from the weave itself: the path is
made as straight as it can be while what is left has the size of what turns from frame to frame.

Limits: weave slower than the window is taken for camera motion, and a hand-held camera that
shakes from frame to frame is taken for weave.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

NEAR = 6  # frames on either side over which a region's own motion is taken as steady
FLOOR = 0.03  # samples: what regions disagree by anyway
STRENGTHS = (100.0, 40.0, 16.0, 6.0, 2.5, 1.0)  # of straightness, from the last to the first
STILLNESS = 0.05  # strength of standing still, as part of that of straightness
ALLOWED = 1.3  # what is left, as a multiple of what turns; 1.26 for weave of memory 0.5, 2 of 0.8
SMALL = 1e-3  # samples; smaller bends are none


def common_motion(shifts: Array) -> tuple[Array, Array]:
    """What all regions of the picture do together.

    Every region's own steady motion (parallax, zoom, things that move) is set apart first; what
    is left is the same in all regions if the picture moves as a whole.

    Args:
        shifts: float64 `[T, R, 2]` from `models.weave.shift`, NaN where a region has no answer.

    Returns:
        float64 `[T, 2]`, motion of the whole picture, 0 where no region has an answer; float64
        `[T, R]`, how far each region is from it, NaN where it has no answer.
    """
    whole = _centre(shifts)
    left = shifts - whole[:, None]
    for _ in range(2):
        left = left - _running_median(shifts - whole[:, None])
        whole = whole + _centre(left)
        left = shifts - whole[:, None]
    left = left - _running_median(left)
    return whole, np.asarray(np.abs(left).max(axis=2))


def _centre(shifts: Array) -> Array:
    """Bisquare mean over the regions of `[T, R, 2]`, 0 where none has an answer, `[T, 2]`."""
    seen = np.isfinite(shifts)
    known = np.where(seen, shifts, 0.0)
    centre = _median(shifts)
    for _ in range(5):
        away = np.abs(shifts - centre[:, None])
        limit = 7 * _median(away) + FLOOR
        near = np.clip(1 - (away / limit[:, None]) ** 2, 0, None) ** 2 + 1e-9
        weight = np.where(seen, near, 0.0)
        centre = (known * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-12)
    return centre


def _running_median(shifts: Array) -> Array:
    """Median of each region's shifts over the frames near, `[T, R, 2]`."""
    padded = np.pad(shifts, ((NEAR, NEAR), (0, 0), (0, 0)), constant_values=np.nan)
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEAR + 1, axis=0)
    return _median(np.moveaxis(near, -1, 1))


def _median(values: Array) -> Array:
    """Median along axis 1 of what is not NaN, 0 where all is."""
    risen = np.sort(values, axis=1)  # NaN comes last
    count = np.isfinite(values).sum(axis=1, keepdims=True)
    low = np.take_along_axis(risen, np.maximum(count - 1, 0) // 2, axis=1)
    high = np.take_along_axis(risen, np.minimum(count // 2, values.shape[1] - 1), axis=1)
    return np.asarray(np.where(count > 0, (low + high) / 2, 0.0)[:, 0])


def turns(steps: Array) -> Array:
    """How far each frame strays from both neighbours in one direction.

    Args:
        steps: float64 `[T, 2]`, motion from frame to frame; its steady part does not count.

    Returns:
        float64 `[T - 1]`: the smaller of the ways there and back, 0 where the path goes on.
    """
    steady = _running_median(steps[:, None])[:, 0]
    there, back = (steps - steady)[:-1], -(steps - steady)[1:]
    least = np.minimum(np.abs(there), np.abs(back))
    return np.asarray(np.hypot(*np.where(there * back > 0, least, 0.0).T))


def camera_path(path: Array) -> Array:
    """The path without weave.

    Args:
        path: float64 `[T]`, place of the picture in one direction, samples, per frame.

    Returns:
        float64 `[T]`: the straightest path from which the picture strays no farther than weave
        does, judged by how it turns from frame to frame.
    """
    if len(path) < 3:
        return path.copy()
    turned = _size(path[1:-1] - (path[:-2] + path[2:]) / 2) + SMALL
    limit = ALLOWED * turned
    wanted, left = path, 0.0
    for strength in reversed(STRENGTHS):
        straighter = _straightened(path, strength, turned)
        strays = _size(path - straighter)
        if strays > limit:  # as far towards it as is allowed, so that no frame decides at a stroke
            share = max(limit - left, 0.0) / (strays - left)
            return wanted + share * (straighter - wanted)
        wanted, left = straighter, strays
    return wanted


def _size(values: Array) -> float:
    """Mean absolute value, as the standard deviation of a normal distribution."""
    return 1.2533 * float(np.abs(values).mean())


def _straightened(path: Array, strength: float, unit: float) -> Array:
    """Least squares with few bends, by weights that are found anew eight times."""
    count = len(path)
    step = np.diff(np.eye(count), axis=0)
    bend = np.diff(step, axis=0)
    seen = path / unit
    wanted: Array = seen
    stay, straight = np.ones(count - 1), np.ones(count - 2)
    trust = np.ones(count)
    for _ in range(8):
        normal = np.diag(trust) + strength * (bend.T * straight) @ bend
        normal += STILLNESS * strength * (step.T * stay) @ step
        wanted = np.asarray(np.linalg.solve(normal, trust * seen), np.float64)
        away = np.abs(seen - wanted)
        trust = np.minimum(1.0, 2.5 / np.maximum(away, 1e-9))
        straight = 1 / np.maximum(np.abs(bend @ wanted), SMALL)
        stay = 1 / np.maximum(np.abs(step @ wanted), SMALL)
    return wanted * unit
