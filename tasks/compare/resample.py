"""Resample: where a mean may lie, by bootstrap of groups.

Intervals are percentiles of `RESAMPLES` bootstrap means, seed 0, expanded for the small number of
groups as in Hesterberg, "What teachers should know about the bootstrap", The American Statistician
69(4), 2015.
"""

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

RESAMPLES = 10_000
MOST_HELD = 2_000_000  # numbers of a block of resamples

Floats = npt.NDArray[np.float64]


def bootstrap_means(values: Floats, groups: npt.NDArray[np.int64]) -> Floats:
    """Means of resampled groups, sorted.

    Args:
        values: float64 `[N]`.
        groups: int64 `[N]`, number of each value's group, from 0.

    Returns:
        float64 `[RESAMPLES]`.
    """
    sums, counts = np.bincount(groups, values), np.bincount(groups).astype(np.float64)
    chance = np.random.default_rng(0)
    block = max(1, MOST_HELD // len(sums))
    means = []
    for start in range(0, RESAMPLES, block):
        size = (min(block, RESAMPLES - start), len(sums))
        drawn = chance.integers(0, len(sums), size)
        means.append(sums[drawn].sum(1) / counts[drawn].sum(1))
    return np.sort(np.concatenate(means))


def interval(means: Floats, mean: float, groups: int, level: float) -> Floats:
    """Where a mean may lie, float64 `[2]`.

    Args:
        means: of resampled groups.
        mean: of the groups themselves.
        groups: how many there are.
        level: chance of a mean outside, 0..1.
    """
    count, tail = max(groups, 2), 1 - level / 2
    wider = float(t.ppf(tail, count - 1) / norm.ppf(tail) * np.sqrt(count / (count - 1)))
    return np.asarray(mean + wider * (np.quantile(means, (1 - tail, tail)) - mean), np.float64)
