"""BLOCK: the grid of a codec's blocks.

Over the native windows of background, the step across each line between two columns of samples,
less the mean of the steps on both sides of it, averaged over eight samples along the line, is
squared; q_k is its mean over all lines of phase k of an 8-sample grid, likewise for the rows, and

    B_k = q_k - median of q,    BLOCK = 100 * max over k and direction of sqrt(B_R,k - a_k B_SR,k)

with B_SR the same of the products of the steps of both sides, and a_k = B_SR,k / B_S,k, at most 2.
Grain adds the same to every phase and so takes no part: blocks that the source holds under its
grain are not counted against the one who took the grain away, nor, up to twice their height,
against the one who sharpened. Per cent of full range, lower is
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
HARDER = 2.0  # times; so much harder may blocks of the source become
LEAST = 1e-8  # mean square of steps that blocks of the source have at least
CLIP = 3.0  # times the root mean square; what is beyond counts so much: dirt, edges of things


def measure_blocking(pair: Pair) -> Value:
    """BLOCK of a pair."""
    tiles = [tile for tile in pair.grounds if min(tile.source.shape[1:]) >= LEAST_SIDE]
    if not tiles:
        return Value.none("no background with detail")
    before, after, shared = _energies(tiles)
    kept = (shared / before.clamp_min(LEAST)).clamp(0, HARDER)
    return Value(100 * _height(after - kept * shared), before=100 * _height(before))


def _height(energy: Tensor) -> float:
    return float(energy.max().clamp_min(0).sqrt())


def _energies(tiles: list[TilePair]) -> Tensor:
    """B of S, of R and between the two, of both directions, `[3, 2, GRID]`."""
    sums, counts = torch.zeros(3, 2, GRID, dtype=torch.double), torch.zeros(2, GRID)
    for tile in tiles:
        some = torch.linspace(0, len(tile.frames) - 1, min(len(tile.frames), FRAMES)).long()
        for axis in range(2):
            sides = [side[some] for side in (tile.source, tile.restored)]
            steps = [_steps(side if axis else side.transpose(1, 2)) for side in sides]
            profiles = _profiles(*steps)
            start = int(tile.origins[0, axis])
            phases = (torch.arange(profiles.shape[1]) + start + 2) % GRID  # the first line is at 2
            sums[:, axis].index_add_(1, phases, profiles)
            counts[axis].index_add_(0, phases, torch.ones(len(phases)))
    energy = sums / counts.clamp_min(1)
    return energy - energy.median(2, keepdim=True).values


def _steps(pictures: Tensor) -> Tensor:
    """Step across each line between columns, `[T, h, w]` to `[T, h, w - 3]`."""
    steps = pictures.diff(dim=2)
    sharp = steps[:, :, 1:-1] - (steps[:, :, :-2] + steps[:, :, 2:]) / 2
    along = np.stack([cv2.blur(one, (1, GRID)) for one in sharp.contiguous().numpy()])
    return torch.from_numpy(along).double()


def _profiles(before: Tensor, after: Tensor) -> Tensor:
    """Mean products of steps over time and along the lines, `[3, w - 3]`."""
    pairs = ((before, before), (after, after), (before, after))
    powers = [(side**2).mean() for side in (before, after)]
    caps = (powers[0], powers[1], (powers[0] * powers[1]).sqrt())
    cut = [(x * y).clamp(-CLIP**2 * cap, CLIP**2 * cap)
           for (x, y), cap in zip(pairs, caps, strict=True)]  # fmt: skip
    return torch.stack(cut).mean(dim=(1, 2))


METRICS = (
    Metric(
        identifier="BLOCK",
        name="Blocks of a codec, introduced",
        unit="% of full range",
        worse="higher",
        floor=0.7,
        formula="100 max_k sqrt(B_R,k - a_k B_SR,k), a_k = B_SR,k / B_S,k; B_k the mean squared "
        "step across the lines of phase k of an 8-sample grid, less that of its neighbours, less "
        "the median over k",
        source="own, after Wang, Bovik, Evans, ICIP 2000",
        blind="other grids; blocks that were smoothed over or scaled; blocks of the source made "
        "harder",
        measure=measure_blocking,
    ),
)
