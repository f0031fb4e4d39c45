"""GRAIN and REGRAIN: how much of the source's grain is still there.

    GRAIN = (E_R - C_R) / (E_S - C_S)

E is the energy of the high-pass at native resolution, C what of it comes back on the next frame
(`tasks.metrics.tiles`); the rest is grain and noise. The ratio is two-sided: GRAIN is judged where
it is low (a plastic picture), REGRAIN is the same number judged where it is high (noise that was
added). A recipe that declares that it denoises or regrains is not judged; the note tells the
number. Unit: ratio of energies, 1 as the source. Source: own; see `docs/metrics.md`.

Blind to: grain that stays in place, and grain replaced by other grain of the same strength. Where
the motion is badly followed, moving detail counts as grain on both sides.
"""

from __future__ import annotations

import torch

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair
from tasks.metrics.sums import Sums
from tasks.metrics.texture import compared, worst_frame

FAINTEST_GRAIN = 0.002  # of full range, half a code value at 8 bits


def grain_energies(sums: Sums) -> tuple[torch.Tensor, torch.Tensor]:
    """What does not come back on S and on R."""
    return sums.source - sums.source_again, sums.restored - sums.restored_again


def measure_grain(pair: Pair) -> Value:
    """The ratio of a stretch; `where` is the frame with the least grain."""
    return _measured(pair, -1.0)


def measure_regrain(pair: Pair) -> Value:
    """The same; `where` is the frame with the most."""
    return _measured(pair, 1.0)


def _measured(pair: Pair, side: float) -> Value:
    sums = pair.texture.picture
    if sums is None:
        return Value.none("no window with detail")
    if not sums.is_enough():
        return Value.none("too few samples could be followed")
    before, after = grain_energies(sums.total())
    if float(before / sums.count.sum()) < FAINTEST_GRAIN**2:
        return Value.none("the source has no grain")
    ratio = float(after / before)
    if pair.declared.touches_grain:
        return Value.none(f"the recipe changes grain; ratio {ratio:.2f}", compared(sums, pair))
    earlier, later = grain_energies(sums.around())
    where = worst_frame(side * later / earlier.clamp_min(1e-12), sums)
    return Value(ratio, compared(sums, pair), where=where)


FORMULA = (
    "(E_R - C_R) / (E_S - C_S): energy of H = Y - G_s Y in the windows at native resolution, less "
    "what of it comes back on the next frame along the motion of the source, without occlusion, "
    "dirt and repairs"
)
SOURCE = "own: what does not come back is grain"
BLIND = (
    "Grain that stays in place. Grain replaced by other grain of the same strength. Motion that is "
    "badly followed makes detail count as grain, on both sides. Recipes that declare denoising or "
    "grain are not judged."
)

GRAIN = Metric(
    identifier="GRAIN",
    name="Grain kept",
    unit="ratio",
    worse="lower",
    floor=0.85,
    formula=FORMULA,
    source=SOURCE,
    blind=BLIND,
    measure=measure_grain,
)

REGRAIN = Metric(
    identifier="REGRAIN",
    name="Noise added",
    unit="ratio",
    worse="higher",
    floor=1.20,
    formula=FORMULA,
    source=SOURCE,
    blind=BLIND,
    measure=measure_regrain,
)
