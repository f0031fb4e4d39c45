"""BLOCK: the grid of a codec's blocks.

Over the native windows of background, the mean absolute step between neighbouring samples is
taken for each of the eight columns of an 8-sample grid, and likewise for the lines; g is how far
the largest of the eight stands out over the median of them,

    BLOCK = 100 * max( max_k g_R,k - max_k g_S,k ,  0 ),     g = (largest - median) / median

Per cent, lower is better. Source: own, after Wang, Bovik, Evans, "Blind measurement of blocking
artifacts in images", ICIP 2000. Blind to: grids of another size; blocks that a deblocking filter
smoothed over; picture that was scaled after it was compressed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair, TilePair

GRID = 8  # samples
EVERY = 4  # frames
LEAST_STEP = 1e-4  # of full range


def measure_blocking(pair: Pair) -> Value:
    """BLOCK of a pair."""
    if not pair.grounds:
        return Value.none("no background with detail")
    sides = [_outstanding(pair.grounds, restored) for restored in (False, True)]
    before, after = sides
    if before is None or after is None:
        return Value.none("the background is flat")
    return Value(100 * max(after - before, 0.0), before=100 * before)


def _outstanding(tiles: tuple[TilePair, ...], restored: bool) -> float | None:
    found = []
    for axis in (1, 2):
        sums, counts = torch.zeros(GRID), torch.zeros(GRID)
        for tile in tiles:
            pictures = (tile.restored if restored else tile.source)[::EVERY]
            start = int(tile.origins[0, axis - 1])
            steps = pictures.diff(dim=axis).abs().mean(dim=(0, 3 - axis))
            phases = (torch.arange(len(steps)) + start + 1) % GRID
            sums.index_add_(0, phases, steps)
            counts.index_add_(0, phases, torch.ones_like(steps))
        found.append(_stands_out(sums / counts.clamp_min(1)))
    known = [value for value in found if value is not None]
    return max(known) if known else None


def _stands_out(profile: Tensor) -> float | None:
    middle = float(profile.median())
    return (float(profile.max()) - middle) / middle if middle > LEAST_STEP else None


METRICS = (
    Metric(
        identifier="BLOCK",
        name="Blocks of a codec, introduced",
        unit="% of the mean step",
        worse="higher",
        floor=5.0,
        formula="how far the largest of the eight phases of the mean step between neighbours "
        "stands out over their median, R less S",
        source="own, after Wang, Bovik, Evans, ICIP 2000",
        blind="other grids; blocks that were smoothed over or scaled",
        measure=measure_blocking,
    ),
)
