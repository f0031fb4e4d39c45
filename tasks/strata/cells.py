"""One statistic of one metric over the strata of one variable, before anything is judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.strata.evidence import Evidence
from tasks.strata.rates import rate_interval
from tasks.strata.resampling import Resamples, Sums, errors_without_difference
from tasks.strata.verdicts import FEW, MetricRule, Statistic


@dataclass(frozen=True)
class Cell:
    """One comparison before it is judged.

    Attributes:
        rule: of its metric.
        variable: as in `Comparison`, and so are the next five.
        means: of the stratum and of the rest.
        evidence: None where there are too few people.
        design: see `tasks.strata.resampling.NullErrors`.
        all_flagged: share of all shots that is flagged.
        flag: rate of the stratum and its interval.
    """

    rule: MetricRule
    variable: str
    stratum: str
    statistic: Statistic
    people: int
    rest_people: int
    shots: int
    unmeasured: int
    means: tuple[float, float]
    evidence: Evidence | None
    design: float
    all_flagged: float
    flag: tuple[float, float, float]


class Analysis:
    """One statistic of one metric over the strata of one variable."""

    def __init__(self, sums: Sums, flags: Sums, resamples: Resamples | None) -> None:
        self._sums, self._flags = sums, flags
        present = sums.counts > 0
        self._people = present.sum(axis=0)
        in_rest = sums.counts.sum(axis=1, keepdims=True) > sums.counts
        self._rest_people = in_rest.sum(axis=0)
        enough = np.minimum(self._people, self._rest_people) >= FEW
        self._draws = resamples.differences(sums) if resamples and enough.any() else None
        self._null = errors_without_difference(sums)
        self._freedom = max(int(present.any(axis=1).sum()) - 2, 1)

    def compared(self) -> npt.NDArray[np.int64]:
        """Strata that have a row, or of two the one with fewer people."""
        held = np.flatnonzero(self._people)
        if len(held) == 2:
            return held[[int(self._people[held[1]] < self._people[held[0]])]]
        return held

    def cell(
        self, k: int, rule: MetricRule, variable: str, stratum: str, statistic: Statistic,
        unmeasured: int,
    ) -> Cell:  # fmt: skip
        """The comparison of stratum k."""
        counts, sums = self._sums.counts, self._sums.sums
        here, rest = counts[:, k].sum(), counts.sum() - counts[:, k].sum()
        means = (
            float(sums[:, k].sum() / here),
            float((sums.sum() - sums[:, k].sum()) / rest) if rest else float("nan"),
        )
        of_all = self._flags.counts[:, k]  # infinite values, which no mean can hold, are in it
        held = of_all > 0
        flags = self._flags.sums[held, k]
        rate = (float(flags.sum() / of_all.sum()), *rate_interval(flags, of_all[held]))
        return Cell(
            rule, variable, stratum, statistic, int(self._people[k]), int(self._rest_people[k]),
            int(here), unmeasured, means, self._evidence(k, means), float(self._null.design[k]),
            float(self._flags.sums.sum() / self._flags.counts.sum()), rate,
        )  # fmt: skip

    def _evidence(self, k: int, means: tuple[float, float]) -> Evidence | None:
        if self._draws is None or min(self._people[k], self._rest_people[k]) < FEW:
            return None
        draws = self._draws[:, k]
        known = np.sort(draws[np.isfinite(draws)])
        return Evidence(means[0] - means[1], known, float(self._null.errors[k]), self._freedom)
