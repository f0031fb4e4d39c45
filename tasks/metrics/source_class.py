"""Classes of source: thresholds are not the same on grainy, dark or fast material.

Three facts are measured on the source of a stretch:

    grain      deviation of S - P, per cent of full range, at the proxy's scale: 1.4826 times the
               median absolute difference, each frame of S brought to the mean of P first, so
               that flicker does not count
    luminance  mean of P, 0..1
    rate       frames a second

and cut into levels at boundaries that the calibration file carries.

Limits: P keeps what a bilateral filter keeps, so the finest real texture counts as grain.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from tasks.metrics.pair import Pair

DEVIATION = 1.4826  # of a normal distribution, over its median absolute deviation


@dataclass(frozen=True)
class SourceFacts:
    """What a source is like.

    Attributes:
        grain: per cent of full range.
        luminance: 0..1.
        rate: frames a second.
    """

    grain: float
    luminance: float
    rate: float


@dataclass(frozen=True)
class Levels:
    """How one fact is cut: `levels[n]` lies between `boundaries[n - 1]` and `boundaries[n]`."""

    boundaries: tuple[float, ...]
    levels: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.levels) != len(self.boundaries) + 1:
            raise ValueError(f"{len(self.boundaries)} boundaries make one level more, "
                             f"not {len(self.levels)}")  # fmt: skip
        if list(self.boundaries) != sorted(set(self.boundaries)):
            raise ValueError(f"the boundaries {list(self.boundaries)} do not rise")

    def of(self, value: float) -> str:
        """The level of a value; a boundary belongs to the level above it."""
        return self.levels[bisect_right(self.boundaries, value)]


# The cuts a calibration is made with. Grain between what the suite's first eight clips measure:
# 0.9 to 1.0 with fine grain put on, 1.6 to 2.1 with coarse grain or fur. Luminance as for strata;
# above 30 frames a second the temporal band is searched with a longer lag (`tasks.metrics.bands`).
USUAL_LEVELS: Mapping[str, Levels] = {
    "grain": Levels((1.25,), ("low", "high")),
    "luminance": Levels((0.12, 0.3), ("dark", "middle", "bright")),
    "rate": Levels((31.0,), ("slow", "fast")),
}


def class_name(facts: SourceFacts, levels: Mapping[str, Levels]) -> str:
    """The class of a source, for instance "grain low, luminance bright, rate slow"."""
    return ", ".join(f"{name} {cut.of(getattr(facts, name))}" for name, cut in levels.items())


def source_facts(pair: Pair) -> SourceFacts:
    """Measure a source."""
    source, proxy = pair.source.flatten(1)[:, ::5], pair.proxy.flatten(1)[:, ::5]
    level = proxy.mean(dim=1, keepdim=True) / source.mean(dim=1, keepdim=True).clamp_min(1e-4)
    grain = 100 * DEVIATION * float(torch.median((level * source - proxy).abs()))
    return SourceFacts(grain, float(pair.proxy.mean()), pair.rate)
