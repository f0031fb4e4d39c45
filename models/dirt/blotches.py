"""Which blotches of a frame are dirt.

Source: SDIp (Kokaram, "Motion Picture Restoration", 1998) finds samples that differ from both
neighbours in place with one sign; connected samples are a blotch. Whole blotches are then
judged: by `models.dirt.evidence`, and by `models.dirt.crossing`, which knows things that move.

Sizes are samples at 480 lines, differences shares of full range; neither depends on depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.dirt.crossing import crossing
from models.dirt.evidence import Clues, bar_of
from models.labels import Floats, Labels, Mask, Picture, components, count_of, mean_of, share_of
from models.sight import Sight, View

LEVELS = (0.4, 1.0, 2.0, 4.0)  # blotches are cut out at these multiples of the threshold
EDGE = 0.25  # a blotch reaches as far as it spikes with this part of its mean
NOISE = 3.5  # thresholds are at least so many standard deviations of the picture's noise
MOST = 0.05  # share of the picture; more is no dirt but a flash, a cut or a destroyed frame
RIM = 1 / 30  # of the height: what runs so far along the picture's rim is the frame line
EXPLAINED = 0.7  # at a shot's ends, dirt must be at least this part of all that spikes
PLAIN = 3.0  # log odds above the bar: so plain a blotch must look the more like what flies
STRONG = 2.5  # multiple of the level that a strong part of a blotch reaches
STRONG_SHARE = 0.2  # part of a blotch that must spike with the whole threshold


@dataclass(frozen=True)
class Rules:
    """The parameters of the step in samples of the picture at hand.

    Attributes:
        threshold: least spike, share of full range.
        smallest, largest: limits of the area in samples.
        unit: samples per sample at 480 lines.
    """

    threshold: float
    smallest: float
    largest: float
    unit: float

    @staticmethod
    def at(lines: int, threshold: float, smallest: float, largest: float) -> Rules:
        """Scale areas given at 480 lines to a picture of `lines` lines."""
        unit = lines / 480
        return Rules(threshold, max(smallest * unit**2, 1.0), largest * unit**2, unit)


@dataclass(frozen=True)
class Verdict:
    """The blotches that are dirt.

    Attributes:
        labels: int32 `[H, W]`, the blotch a sample belongs to, 0 where clean.
        count: number of blotches.
    """

    labels: Labels
    count: int

    @property
    def mask(self) -> Mask:
        """Where the frame is dirty, bool `[H, W]`."""
        return self.labels > 0


def spikes(sight: Sight, index: int, rules: Rules) -> Picture:
    """Signed spike of each sample against both neighbours, 0 where it is weak.

    Computed once per frame, with the flow as it was found.
    """
    if index not in sight.spikes:
        here = sight.luma[index].cpu().numpy()
        first, second = sight.nearest(index)
        spike = spike_of(here, first, second)
        sight.noise[index] = noise_of(first, second)
        spike[np.abs(spike) < LEVELS[0] * least_spike(sight.noise[index], rules)] = 0
        sight.spikes[index] = spike
    return sight.spikes[index]


def spike_of(here: Picture, first: Picture, second: Picture) -> Picture:
    """SDIp: the smaller difference to two pictures where both have one sign, else 0."""
    one, other = here - first, here - second
    least = np.minimum(np.abs(one), np.abs(other))
    spike: Picture = np.where(one * other > 0, np.copysign(least, one), 0).astype(np.float32)
    return spike


def noise_of(first: Picture, second: Picture) -> float:
    """Standard deviation of one picture's noise, from the median difference of two in place.

    Every third sample of every third line is enough.
    """
    return float(1.4826 * np.median(np.abs(first[::3, ::3] - second[::3, ::3])) / 2**0.5)


def least_spike(noise: float, rules: Rules) -> float:
    """The threshold, raised where the picture is noisier than that."""
    return max(rules.threshold, NOISE * noise)


def judge(sight: Sight, index: int, views: list[View], rules: Rules) -> Verdict:
    """Find the blotches of a frame and keep those that are dirt.

    Blotches are cut out at the lowest level first; what is rejected there, for it hangs
    together with motion, may still hold dirt that stands out at a higher level.
    """
    here = sight.luma[index].cpu().numpy()
    places = np.stack([view.luma for view in views])
    spike = _agreed(spikes(sight, index, rules), here, places)
    used = np.flatnonzero(spike > 0)  # a small part of the picture; all that may be dirt
    sizes = spike.ravel()[used]
    least = least_spike(sight.noise[index], rules)
    clues = Clues.of(here, places, sight.noise[index])
    two_sided = sight.has(index - 1) and sight.has(index + 1)
    dirty = np.zeros(len(used), dtype=bool)
    for level in LEVELS:
        labels, count = components(_mask(used, (sizes > level * least) & ~dirty, spike.shape))
        names = labels.ravel()[used]
        area = np.bincount(names, minlength=count).astype(np.float64)
        area[0] = 0
        kept = _plausible(sizes > least, names, area, rules)
        kept &= _off_rim(labels, count)
        if kept.any():
            strong = share_of(sizes > STRONG * level * least, names, count)
            bar = bar_of(area, len(here), not two_sided)
            evidence = clues.evidence(spike, labels, strong)
            kept &= evidence > bar
            if kept.any():
                plain = evidence > bar + PLAIN
                kept &= ~crossing(sight, index, labels, kept, plain, rules.threshold)
        dirty |= kept[names] & (sizes > EDGE * mean_of(sizes, names, count)[names])
    share = dirty.sum() / spike.size
    if share > MOST or (not two_sided and dirty.sum() < EXPLAINED * (sizes > least).sum()):
        dirty[:] = False
    labels, count = components(_mask(used, dirty, spike.shape))
    return Verdict(labels, count - 1)


def _agreed(seen: Picture, here: Picture, places: Picture) -> Picture:
    """Size of the spike where the flow as found and the flow filled in agree on its sign."""
    spike = np.zeros_like(seen)
    rows = np.nonzero(seen)
    again = spike_of(here[rows], places[0][rows], places[1][rows])
    least = np.minimum(np.abs(again), np.abs(seen[rows]))
    spike[rows] = np.where(again * seen[rows] > 0, least, 0)
    return spike


def _mask(used: npt.NDArray[np.int64], chosen: Mask, shape: tuple[int, ...]) -> Mask:
    """The chosen ones of some samples, as a picture."""
    mask = np.zeros(shape, dtype=bool)
    mask.ravel()[used[chosen]] = True
    return mask


def _plausible(high: Mask, names: Labels, area: Floats, rules: Rules) -> npt.NDArray[np.bool_]:
    """Which blotches have the size of dirt and a part that reaches the threshold.

    Args:
        high: bool `[N]`, which samples reach it.
        names: int32 `[N]`, the blotch that each belongs to, or 0.
        area: float64 `[count]`, samples of each blotch.
        rules: the step's.
    """
    kept: npt.NDArray[np.bool_] = (area >= rules.smallest) & (area <= rules.largest)
    strong = share_of(high, names, len(area))
    kept &= (strong >= STRONG_SHARE) & (strong * area >= 2)
    kept[0] = False
    return kept


def _off_rim(labels: Labels, count: int) -> npt.NDArray[np.bool_]:
    """Which blotches do not run along the picture's rim."""
    rim = np.concatenate((labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    off: npt.NDArray[np.bool_] = count_of(rim, count) < RIM * labels.shape[0]
    return off
