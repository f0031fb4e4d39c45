"""Labelled areas of a picture and what is measured in them; label 0 is the rest."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Picture = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def odd(samples: float) -> int:
    """The odd number nearest to `samples`, at least 3: the side of a window."""
    return max(3, 2 * round((samples - 1) / 2) + 1)


def grown(labels: Labels, by: int) -> Labels:
    """Every area grown by `by` samples; where two meet, the higher label holds."""
    kernel = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    if labels.max(initial=0) < 2**16:  # OpenCV dilates no int32
        return cv2.dilate(labels.astype(np.uint16), kernel).astype(np.int32)
    # below 2**24, which float32 holds exactly
    return cv2.dilate(labels.astype(np.float32), kernel).astype(np.int32)


def components(mask: Mask) -> tuple[Labels, int]:
    """Label connected samples (8 neighbours); the count includes label 0."""
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    return labels.astype(np.int32, copy=False), count


def ring_of(labels: Labels, reach: int) -> Labels:
    """Labels of the samples around each area up to `reach`, but not next to any area."""
    return np.where(grown(labels, 1) > 0, 0, grown(labels, reach)).astype(np.int32)


def count_of(labels: Labels, count: int) -> Floats:
    """Samples per label, float64 `[count]`."""
    used = _used(labels)
    counts = np.bincount(labels.ravel()[used], minlength=count).astype(np.float64)
    counts[0] = labels.size - len(used)
    return counts


def mean_of(values: Picture, labels: Labels, count: int) -> Floats:
    """Mean of the values per label, float64 `[count]`; 0 where a label has no sample."""
    used = _used(labels)
    names = labels.ravel()[used]
    total = np.bincount(names, weights=values.ravel()[used], minlength=count)
    means: Floats = total / np.maximum(np.bincount(names, minlength=count), 1)
    return means


def share_of(mask: Mask, labels: Labels, count: int) -> Floats:
    """Share of each label under the mask, float64 `[count]`; 0 for label 0."""
    used = _used(labels)
    names = labels.ravel()[used]
    under = np.bincount(names[mask.ravel()[used]], minlength=count)
    share: Floats = under / np.maximum(np.bincount(names, minlength=count), 1)
    return share


def _used(labels: Labels) -> npt.NDArray[np.int64]:
    return np.flatnonzero(labels.ravel() > 0)  # of bool it is ten times as fast as of int32


def middle_of(places: Picture) -> Picture:
    """Median of 2, 3 or 4 pictures `[N, H, W]`, sample by sample."""
    inner = places.sum(axis=0) - places.max(axis=0) - places.min(axis=0)
    if len(places) == 2:
        return np.asarray(places.mean(axis=0), np.float32)
    return np.asarray(inner / (len(places) - 2), np.float32)
