"""Area under the ROC curve, with an interval from resampling whole clips.

    AUC = P(faulty > harmless) + P(faulty = harmless) / 2

over all pairs of a faulty and a harmless output (Mann and Whitney, 1947). 0.5 is chance. The
interval is the percentile bootstrap over clips (all outputs of a clip go together, because they
resemble one another): Field and Welsh, "Bootstrapping clustered data", JRSS B 69(3), 2007.

The pairs are counted once into a table of clips by clips; a resample is then a quadratic form
of how often each clip was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.selftest.columns import Reals
from tasks.selftest.limits import CONFIDENCE, RESAMPLES

Names = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Area:
    """An AUC.

    Attributes:
        value: 0..1; None when one side has no value.
        low: lower end of the interval; None with fewer than two clips.
        high: upper end.
    """

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Outputs:
    """Values of outputs and the clips they are of; values that are NaN do not count.

    Attributes:
        values: float64 `[N]`, higher is worse; infinite ones are ranked as they are.
        clips: the clip's name of each, `[N]`.
    """

    values: Reals
    clips: Names

    def measured(self) -> Outputs:
        """Without the values that are NaN."""
        known = ~np.isnan(self.values)
        return Outputs(self.values[known], self.clips[known])


def area(faulty: Outputs, harmless: Outputs, resamples: int = RESAMPLES, seed: int = 0) -> Area:
    """AUC and its interval.

    Args:
        faulty: outputs with the fault.
        harmless: outputs without.
        resamples: of the bootstrap; 0 for none.
        seed: of its chance.
    """
    faulty, harmless = faulty.measured(), harmless.measured()
    if not faulty.values.size or not harmless.values.size:
        return Area(None)
    names = sorted(set(faulty.clips) | set(harmless.clips))
    wins = _wins(faulty.values, harmless.values)
    value = float(wins.mean())
    if len(names) < 2 or not resamples:
        return Area(value)
    ours, theirs = _membership(faulty.clips, names), _membership(harmless.clips, names)
    drawn = np.random.default_rng(seed).multinomial(
        len(names), [1 / len(names)] * len(names), resamples
    )
    won = ((drawn @ (ours.T @ wins @ theirs)) * drawn).sum(1)
    pairs = (drawn @ ours.sum(0)) * (drawn @ theirs.sum(0))
    areas = won[pairs > 0] / pairs[pairs > 0]
    low, high = np.quantile(areas, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Area(value, float(low), float(high))


def _wins(faulty: Reals, harmless: Reals) -> Reals:
    """1 where the faulty output is worse, 0.5 where both are equal, `[N, M]`."""
    above, equal = faulty[:, None] > harmless[None], faulty[:, None] == harmless[None]
    return np.asarray(above + 0.5 * equal, np.float64)


def _membership(clips: Names, names: list[str]) -> Reals:
    """1 where an output is of a clip, `[N, K]`."""
    return np.asarray(clips[:, None] == np.array(names, dtype=object)[None], np.float64)
