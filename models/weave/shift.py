"""How far the picture moved from one frame to the next, region by region.

Source: corners that can be followed, after Shi and Tomasi, "Good features to track", CVPR 1994,
followed by the pyramidal method of Lucas and Kanade (Bouguet 2001), as in OpenCV. Ours differs
in that the best corner of every cell is taken, so that the points cover the picture, in that
the points are followed there and back, and in that they are looked for on `models.motion.guide`,
so that neither flicker nor specks pass for motion.

Limits: motion beyond roughly a tenth of the picture a frame is not followed; a region without
texture has no answer.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import numpy.typing as npt

from models.motion import SMALLEST_GUIDE, Guide

Array = npt.NDArray[np.float64]

LINES = 360  # the guide has at most so many
REGIONS = (4, 6)  # of the picture, down and across
CELLS = 4  # down and across in each region; one point each
SIDE = 21  # of the area that is followed, in lines of the guide
LEVELS = 3  # of the pyramid beyond the picture itself
TEXTURE = 1e-4  # least eigenvalue of the gradients, as OpenCV scales it; below, nothing to follow
RETURN = 0.3  # samples: a point that comes back farther from where it set out is lost
STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 0.003)  # rounds, samples
LEAST_POINTS = 4  # in a region; with fewer it has no answer

NONE: Array = np.full((REGIONS[0] * REGIONS[1], 2), np.nan)  # where nothing can be followed


def region_shifts(here: Guide, there: Guide) -> Array:
    """Median displacement of each region between two guides of one shape.

    Returns:
        float64 `[24, 2]`, (x, y) in samples of the guide: what is at p here is at p + shift
        there. NaN where a region shows nothing that can be followed.
    """
    shifts = NONE.copy()
    if min(here.shape) < SMALLEST_GUIDE or here.shape != there.shape:
        return shifts
    points, region = _corners(here)
    if len(points) == 0:
        return shifts
    moved, found = _followed(here, there, points)
    for number in range(len(shifts)):
        mine = found & (region == number)
        if mine.sum() >= LEAST_POINTS:
            shifts[number] = np.median(moved[mine], axis=0)
    return shifts


def _corners(here: Guide) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """The best corner of each cell, float32 `[N, 2]` (x, y), and the region it is in, `[N]`."""
    strength = cv2.cornerMinEigenVal(here, 5)
    height, width = here.shape
    rows = np.linspace(0, height, REGIONS[0] * CELLS + 1).astype(int)
    columns = np.linspace(0, width, REGIONS[1] * CELLS + 1).astype(int)
    points, region = [], []
    for r, (top, bottom) in enumerate(itertools.pairwise(rows)):
        for c, (left, right) in enumerate(itertools.pairwise(columns)):
            cell = strength[top:bottom, left:right]
            if cell.size == 0:
                continue
            y, x = divmod(int(cell.argmax()), cell.shape[1])
            if cell[y, x] >= TEXTURE:
                points.append((left + x, top + y))
                region.append(r // CELLS * REGIONS[1] + c // CELLS)
    return np.array(points, np.float32).reshape(-1, 2), np.array(region, np.int64)


def _followed(
    here: Guide, there: Guide, points: npt.NDArray[np.float32]
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Displacement of each point `[N, 2]`, and whether it was found there and back, `[N]`."""
    cv2.setNumThreads(1)
    ahead, seen = _search(here, there, points)
    back, again = _search(there, here, ahead)
    near = np.abs(back - points).max(axis=1) < RETURN
    found = seen & again & near
    moved = ahead - (points + back) / 2  # mean of there and back
    return moved.astype(np.float64), np.asarray(found)


def _search(
    here: Guide, there: Guide, points: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Where the points are in the other guide `[N, 2]`, and whether they are there, `[N]`."""
    places, status, _ = cv2.calcOpticalFlowPyrLK(  # type: ignore[call-overload]
        here, there, points, None, winSize=(SIDE, SIDE), maxLevel=LEVELS, criteria=STOP
    )
    return places, status[:, 0] > 0
