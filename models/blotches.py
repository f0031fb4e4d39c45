"""Which blotches of a frame are dirt.

Source: SDIp and ROD (Kokaram 1998) find the samples; whole blotches are then judged by what
dirt is and motion is not. A blotch is dirt when
    - it differs from all its neighbours in place, and they agree among themselves;
    - the picture around it fits its neighbours, so the motion there is understood;
    - nothing spikes near it in the frames before and after (a thing that moves does).

Sizes are samples at 480 lines, differences shares of full range; neither depends on depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.sight import Mask, Picture, Sight, View

GROW = 0.4  # a blotch reaches as far as it spikes with this part of the threshold
NOISE = 3.5  # thresholds are at least so many standard deviations of the picture's noise
AGREE = 0.5  # the neighbours may disagree by this part of the blotch's contrast
AROUND = 0.45  # the surroundings may differ from the neighbours by this part of it
ACTIVE = 0.08  # share of the area around that may spike in both adjacent frames

Labels = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Rules:
    """The parameters of the step in samples of the picture at hand."""

    threshold: float
    smallest: float
    largest: float
    unit: float  # samples per sample at 480 lines

    @staticmethod
    def at(lines: int, threshold: float, smallest: float, largest: float) -> Rules:
        """Scale areas given at 480 lines to a picture of `lines` lines."""
        unit = lines / 480
        return Rules(threshold, max(smallest * unit**2, 1.0), largest * unit**2, unit)

    def side(self, samples: float) -> int:
        """An odd number of samples near `samples` at 480 lines, at least 3."""
        return max(3, 2 * round(samples * self.unit / 2) + 1)


@dataclass(frozen=True)
class Verdict:
    """Attributes: mask: bool `[H, W]` of dirty samples; labels: int32, 0 where clean; count."""

    mask: Mask
    labels: Labels
    count: int


def spikes(sight: Sight, index: int, rules: Rules) -> Picture:
    """Signed spike of each sample against both neighbours, 0 below the threshold."""
    if index not in sight.spikes:
        here = sight.luma[index].cpu().numpy()
        before, after = sight.nearest(index)
        spike = spike_of(here, before, after)
        floor = np.maximum(rules.threshold * GROW, NOISE * 0.5 * noise_of(before, after))
        spike[np.abs(spike) < floor] = 0
        sight.spikes[index] = spike
    return sight.spikes[index]


def spike_of(here: Picture, before: Picture, after: Picture) -> Picture:
    """SDIp: the smaller difference where both have one sign, else 0."""
    first, second = here - before, here - after
    least = np.minimum(np.abs(first), np.abs(second))
    spike: Picture = np.where(first * second > 0, np.copysign(least, first), 0).astype(np.float32)
    return spike


def noise_of(before: Picture, after: Picture) -> float:
    """Standard deviation of one frame's noise, from the median difference of two in place."""
    return float(1.4826 * np.median(np.abs(before - after)) / 2**0.5)


def judge(sight: Sight, index: int, views: list[View], rules: Rules) -> Verdict:
    """Find the blotches of a frame and keep those that are dirt."""
    here = sight.luma[index].cpu().numpy()
    luma = np.stack([view.luma for view in views])
    spike = spike_of(here, luma[0], luma[1])
    first = sight.spikes[index]
    spike[first * spike <= 0] = 0
    spike = np.sign(spike) * np.minimum(np.abs(spike), np.abs(first))
    noise = noise_of(luma[0], luma[1])
    strong = np.abs(spike) > max(rules.threshold, NOISE * noise)
    weak = np.abs(spike) > max(rules.threshold * GROW, NOISE * 0.5 * noise)
    labels, count = components(weak)
    if count <= 1:
        return Verdict(weak, labels, 0)
    area = np.bincount(labels.ravel(), minlength=count)
    kept = (area >= rules.smallest) & (area <= rules.largest)
    kept &= np.bincount(labels[strong], minlength=count) >= np.maximum(0.2 * area, 2)
    kept[0] = False
    if kept.any():
        kept &= ~_vetoed(sight, index, here, luma, spike, labels, count, rules)
    labels = np.where(kept[labels], labels, 0).astype(np.int32)
    return Verdict(labels > 0, labels, int(kept.sum()))


def _vetoed(
    sight: Sight,
    index: int,
    here: Picture,
    luma: Picture,
    spike: Picture,
    labels: Labels,
    count: int,
    rules: Rules,
) -> npt.NDArray[np.bool_]:
    """Which blotches are more likely motion than dirt, bool `[count]`."""
    contrast = mean_of(np.abs(spike), labels, count)
    ordered = np.sort(luma, axis=0)
    spread = (
        np.minimum(ordered[2] - ordered[0], ordered[3] - ordered[1])
        if len(ordered) == 4
        else ordered[-1] - ordered[0]
    )
    ring = ring_of(labels, rules.side(7))
    misfit = np.minimum(np.abs(here - luma[0]), np.abs(here - luma[1])) + np.abs(luma[0] - luma[1])
    vetoed = mean_of(spread, labels, count) > AGREE * contrast
    vetoed |= mean_of(misfit, ring, count) > AROUND * contrast
    vetoed |= mean_of(activity(sight, index, rules), labels, count) > ACTIVE
    return vetoed


def activity(sight: Sight, index: int, rules: Rules) -> Picture:
    """Share of the samples around that spike in both the frame before and the frame after."""
    shares = []
    for other in (index - 1, index + 1):
        if sight.has(other - 1) and sight.has(other + 1):
            active = (np.abs(spikes(sight, other, rules)) > rules.threshold).astype(np.float32)
            side = rules.side(25)
            shares.append(cv2.blur(active, (side, side)))
    if not shares:
        return np.zeros_like(sight.spikes[index])
    least: Picture = np.minimum.reduce(shares)
    return least


def ring_of(labels: Labels, side: int) -> Labels:
    """Labels of the samples around each blotch, without those next to any blotch."""
    reach = cv2.dilate(labels.astype(np.float32), np.ones((side, side), np.uint8))
    inner = cv2.dilate((labels > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.where(inner, 0, reach).astype(np.int32)


def components(mask: Mask) -> tuple[Labels, int]:
    """Label connected samples (8 neighbours); the count includes label 0, the rest."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return labels.astype(np.int32, copy=False), count


def mean_of(values: Picture, labels: Labels, count: int) -> npt.NDArray[np.float64]:
    """Mean of the values under each label, float64 `[count]`; 0 where a label has no sample."""
    size = np.bincount(labels.ravel(), minlength=count)
    total = np.bincount(labels.ravel(), weights=values.ravel(), minlength=count)
    means: npt.NDArray[np.float64] = total / np.maximum(size, 1)
    return means
