"""Differences between strata, resampled by cluster.

Shots of one person are alike, so people are resampled and not shots (cluster bootstrap; Davison
and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8). A resample never
rebuilds a table: it is a row of counts, how often each cluster was drawn, and a product with the
sums per cluster.

    difference_k = sum_k / count_k - (sum - sum_k) / (count - count_k)

Beside it stands the error that a difference would have if all strata were alike: the variance and
the correlation within a cluster are then those of all rows.

Limits: clusters are taken for independent of one another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
CHUNK = 250  # resamples that are multiplied at a time

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sums:
    """Rows of one metric and one statistic, summed by cluster and stratum.

    Attributes:
        sums: float64 `[C, K]`, of clusters by strata.
        counts: float64 `[C, K]`, rows.
        squares: sum of the squares of all rows.
    """

    sums: Floats
    counts: Floats
    squares: float

    @staticmethod
    def of(
        values: Floats, clusters: npt.NDArray[np.int64], strata: npt.NDArray[np.int64],
        shape: tuple[int, int],
    ) -> Sums:  # fmt: skip
        """Sum rows `[N]` whose cluster and stratum are numbered from 0, `shape` being how many."""
        place = clusters * shape[1] + strata
        size = shape[0] * shape[1]
        sums = np.bincount(place, weights=values, minlength=size).reshape(shape).astype(float)
        counts = np.bincount(place, minlength=size).reshape(shape).astype(float)
        return Sums(sums, counts, float((values**2).sum()))

    def differences(self, weights: Floats | None = None) -> Floats:
        """Each stratum's mean less the mean of the pooled rest.

        Args:
            weights: `[B, C]`, how often each cluster counts; once if None.

        Returns:
            `[B, K]`, or `[K]` without weights; NaN where a stratum or its rest has no row.
        """
        if weights is None:
            sums, counts = self.sums.sum(axis=0), self.counts.sum(axis=0)
        else:
            sums, counts = weights @ self.sums, weights @ self.counts
        rest_sums = sums.sum(axis=-1, keepdims=True) - sums
        rest_counts = counts.sum(axis=-1, keepdims=True) - counts
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(sums / counts - rest_sums / rest_counts)


class Resamples:
    """The same resampled clusters for every metric and every stratum of a night."""

    def __init__(self, clusters: int, seed: int, resamples: int = RESAMPLES) -> None:
        """Draw `resamples` times `clusters` of so many clusters."""
        chance = np.random.default_rng(seed)
        self._times = np.empty((resamples, clusters), np.uint8)
        for row in self._times:
            drawn = np.bincount(chance.integers(clusters, size=clusters), minlength=clusters)
            row[:] = drawn.clip(max=255)

    def differences(self, sums: Sums) -> Floats:
        """Differences of every resample, `[B, K]`, see `Sums.differences`."""
        parts = [
            sums.differences(self._times[n : n + CHUNK].astype(float))
            for n in range(0, len(self._times), CHUNK)
        ]
        return np.concatenate(parts)


@dataclass(frozen=True)
class NullErrors:
    """What the differences would scatter by if the strata were alike.

    Attributes:
        variance: of one row.
        design: float64 `[K]`; the squared error of a difference is variance * design. It knows
            how many rows and people there are, and how alike the rows of a person are.
    """

    variance: float
    design: Floats

    @property
    def errors(self) -> Floats:
        """Standard errors, `[K]`."""
        return np.asarray(np.sqrt(self.variance * self.design))


def errors_without_difference(sums: Sums) -> NullErrors:
    """Errors of the differences if the strata were alike.

    Rows of one cluster have one correlation (analysis of variance), rows of different
    clusters none.
    """
    sizes = sums.counts.sum(axis=1)
    held = sizes > 0
    variance, correlation = _spread(sums.sums.sum(axis=1)[held], sizes[held], sums.squares)
    counts = sums.counts.sum(axis=0)
    rest = counts.sum() - counts
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = sums.counts / counts - (sizes[:, None] - sums.counts) / rest
        apart, together = 1 / counts + 1 / rest, (weight**2).sum(axis=0)
        design = (1 - correlation) * apart + correlation * together
    return NullErrors(variance, np.asarray(design))


def _spread(sums: Floats, sizes: Floats, squares: float) -> tuple[float, float]:
    """Variance of a row and correlation of two rows of a cluster (0..1)."""
    rows, clusters = float(sizes.sum()), len(sizes)
    mean = sums.sum() / max(rows, 1)
    if clusters < 2 or rows == clusters:
        return max(squares / max(rows, 1) - mean**2, 0.0) * rows / max(rows - 1, 1), 0.0
    between = float((sizes * (sums / sizes - mean) ** 2).sum()) / (clusters - 1)
    within = max(squares - float((sums**2 / sizes).sum()), 0.0) / (rows - clusters)
    usual = (rows - float((sizes**2).sum()) / rows) / (clusters - 1)
    shared = max(0.0, (between - within) / usual)
    total = shared + within
    return total, shared / total if total > 0 else 0.0
