"""How sure a difference is: its interval, its p-value, and Holm's correction.

Two intervals are laid over each other and the wider side of each counts:

    percentile    quantiles of the resampled differences. Beyond the outermost `TAIL` resamples,
                  where 2000 of them say nothing, the tail goes on as a normal one.
    no difference difference ± t * error, with the error that the difference would have if all
                  strata were alike. A stratum that by chance has few flagged shots seems very
                  sure of itself to the bootstrap; this is what stands against it.

Limits: both are approximations that need people by the dozen; below 40 in a stratum no disparity
is called found (see `tasks.strata.verdicts`). Intervals at Holm's levels decide as Holm's
procedure does; they are not simultaneous intervals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from tasks.strata.resampling import Floats

TAIL = 10  # resamples; a quantile further out is not read off but continued


@dataclass(frozen=True)
class Evidence:
    """What is known of one difference.

    Attributes:
        difference: as it is.
        draws: float64 `[B]`, resampled, ascending.
        null_error: standard error if there were no difference.
        freedom: degrees of freedom of that error.
    """

    difference: float
    draws: Floats
    null_error: float
    freedom: int

    @property
    def bootstrap_error(self) -> float:
        """Standard error by the bootstrap."""
        return float(self.draws.std(ddof=1))

    @property
    def error(self) -> float:
        """The larger of the two standard errors."""
        return max(self.bootstrap_error, self.null_error)

    def probability(self) -> float:
        """The largest level at which `interval` still holds 0: the p-value, two-sided."""
        if self.null_error == 0:
            return 1.0
        score = abs(self.difference) / self.null_error
        outer = 2 * float(stats.t.sf(score, self.freedom))
        inner = 2 * min(_share_below(self.draws), _share_below(-self.draws[::-1]))
        return min(1.0, max(outer, inner))

    def interval(self, level: float) -> tuple[float, float]:
        """Interval that misses the true difference in a share `level` of cases."""
        reach = float(stats.t.isf(level / 2, self.freedom)) * self.null_error
        low = _quantile(self.draws, level / 2)
        high = -_quantile(-self.draws[::-1], level / 2)
        return min(low, self.difference - reach), max(high, self.difference + reach)


def holm_levels(probabilities: Floats, level: float) -> Floats:
    """The level each comparison is held to (Holm, 1979), in their order.

    The smallest p-value is held to level / m, the next to level / (m - 1) and so on; from the
    first that fails on, all are held to what that one was. An interval at its level leaves
    out 0 exactly where Holm's procedure rejects.
    """
    levels = np.empty(len(probabilities))
    left = len(probabilities)
    failed = False
    for place in np.argsort(probabilities, kind="stable"):
        levels[place] = level / left
        failed = failed or probabilities[place] >= levels[place]
        left -= 0 if failed else 1
    return levels


def _innermost(draws: Floats) -> float:
    return min(0.5, TAIL / len(draws))


def _quantile(ascending: Floats, share: float) -> float:
    """A lower quantile, continued as a normal tail beyond the last `TAIL` draws."""
    edge = _innermost(ascending)
    inside = float(np.quantile(ascending, max(share, edge)))
    if share >= edge:
        return inside
    further = float(stats.norm.isf(share) - stats.norm.isf(edge))
    return inside - further * float(ascending.std(ddof=1))


def _share_below(ascending: Floats) -> float:
    """The share whose `_quantile` is 0: of draws at or below 0, by the same continued tail."""
    edge = _innermost(ascending)
    inside, error = float(np.quantile(ascending, edge)), float(ascending.std(ddof=1))
    if inside <= 0:
        return max(_place_of_0(ascending), edge)
    return float(stats.norm.sf(stats.norm.isf(edge) + inside / error)) if error > 0 else 0.0


def _place_of_0(ascending: Floats) -> float:
    last = int(np.searchsorted(ascending, 0.0, side="right")) - 1
    if last + 1 == len(ascending):
        return 1.0
    between = -ascending[last] / (ascending[last + 1] - ascending[last])
    return float((last + between) / (len(ascending) - 1))
