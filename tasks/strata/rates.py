"""Interval of a flag rate, also for a handful of people.

The flagged shots of a person are beta-binomial: each person has a rate of their own, spread about
the stratum's. Mean and correlation are unknown; the posterior is taken on a grid, with Jeffreys'
prior on the mean and every correlation of `CORRELATIONS` as likely as the next.

    k_c ~ BetaBinomial(n_c, m s, (1 - m) s),   correlation = 1 / (1 + s)

Where a stratum has few people the prior carries more and the interval is wide; it never has the
width 0 that a bootstrap of no flagged shot has. See Ferrara et al., arXiv 2506.10586, on why
small groups need it.

Unit: share of shots, 0..1. Blind to: why a shot was flagged.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betaln

MEANS = 256  # points of the grid; the interval is interpolated between them
CORRELATIONS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def rate_interval(
    flagged: npt.NDArray[np.float64], shots: npt.NDArray[np.float64], level: float = 0.05
) -> tuple[float, float]:
    """Interval of the rate, central, that holds it with probability 1 - level.

    Args:
        flagged: `[C]`, flagged shots of each person.
        shots: `[C]`, shots of each person, 1 or more.
        level: share of the posterior outside.

    Returns:
        Low and high, 0..1.
    """
    # even in the arcsine, where Jeffreys' prior is flat
    means = np.sin((np.arange(MEANS) + 0.5) / MEANS * np.pi / 2) ** 2
    pairs, times = np.unique(np.stack((flagged, shots)), axis=1, return_counts=True)
    strength = 1 / np.array(CORRELATIONS) - 1
    first = (means[:, None] * strength)[..., None]
    second = ((1 - means)[:, None] * strength)[..., None]
    hits, misses = pairs[0], pairs[1] - pairs[0]
    each = betaln(first + hits, second + misses) - betaln(first, second)
    logarithm = (each * times).sum(axis=-1)
    posterior = np.exp(logarithm - logarithm.max()).sum(axis=1)
    reached = np.concatenate(([0.0], np.cumsum(posterior) / posterior.sum()))
    edges = np.linspace(0, np.pi / 2, MEANS + 1)
    low, high = np.interp((level / 2, 1 - level / 2), reached, edges)
    return float(np.sin(low) ** 2), float(np.sin(high) ** 2)
