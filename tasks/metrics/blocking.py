"""BLOCK: the grid of a codec's blocks.

Over the native windows of background, the step across each line between two columns of samples,
less the mean of the steps on both sides of it, averaged over eight samples along the line, is
squared; q_k is its mean over all lines of phase k of an 8-sample grid, likewise for the rows, and

    B_k = q_k - median of q,    BLOCK = 100 * max over k and direction of sqrt(B_R,k - B_S,k)

Grain adds the same to every phase and so takes no part: blocks that the source holds under its
grain are not counted against the one who took the grain away. Per cent of full range, lower is
better: the height of the step at the edge of a block. Source: own, after Wang, Bovik, Evans,
"Blind measurement of blocking artifacts in images", ICIP 2000. Blind to: grids of another size;
blocks that a deblocking filter smoothed over; picture that was scaled after it was compressed.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair, TilePair

GRID = 8  # samples
FRAMES = 16  # of each window
LEAST_SIDE = 4 * GRID  # samples of a window
CLIP = 3.0  # times the root mean square; what is beyond counts so much: dirt, edges of things


def measure_blocking(pair: Pair) -> Value:
    """BLOCK of a pair."""
    tiles = [tile for tile in pair.grounds if min(tile.source.shape[1:]) >= LEAST_SIDE]
    if not tiles:
        return Value.none("no background with detail")
    before, after = (_energies(tiles, restored) for restored in (False, True))
    return Value(100 * _height(after - before), before=100 * _height(before))


def _height(energy: Tensor) -> float:
    return float(energy.max().clamp_min(0).sqrt())


def _energies(tiles: list[TilePair], restored: bool) -> Tensor:
    """B of both directions, `[2, GRID]`."""
    sums, counts = (torch.zeros(2, GRID, dtype=torch.double) for _ in range(2))
    for tile in tiles:
        pictures = tile.restored if restored else tile.source
        some = torch.linspace(0, len(pictures) - 1, min(len(pictures), FRAMES)).long()
        for axis in range(2):
            turned = pictures[some] if axis else pictures[some].transpose(1, 2)
            profile = _profile(turned)
            start = int(tile.origins[0, axis])
            phases = (torch.arange(len(profile)) + start + 2) % GRID  # the first line lies at 2
            sums[axis].index_add_(0, phases, profile)
            counts[axis].index_add_(0, phases, torch.ones_like(profile))
    energy = sums / counts.clamp_min(1)
    return energy - energy.median(1, keepdim=True).values


def _profile(pictures: Tensor) -> Tensor:
    """Mean square of the step across each line between columns, `[T, h, w]` to `[w - 3]`."""
    steps = pictures.diff(dim=2)
    sharp = steps[:, :, 1:-1] - (steps[:, :, :-2] + steps[:, :, 2:]) / 2
    along = np.stack([cv2.blur(one, (1, GRID)) for one in sharp.contiguous().numpy()])
    square = torch.from_numpy(along).double() ** 2
    return torch.minimum(square, CLIP**2 * square.mean()).mean(dim=(0, 1))


METRICS = (
    Metric(
        identifier="BLOCK",
        name="Blocks of a codec, introduced",
        unit="% of full range",
        worse="higher",
        floor=1.0,
        formula="100 max_k sqrt(B_R,k - B_S,k); B_k the mean squared step across the lines of "
        "phase k of an 8-sample grid, less that of its neighbours, less the median over k",
        source="own, after Wang, Bovik, Evans, ICIP 2000",
        blind="other grids; blocks that were smoothed over or scaled",
        measure=measure_blocking,
    ),
)
