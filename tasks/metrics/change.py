"""CHG and CAST: picture that was invented, erased or recoloured.

CHG looks for what differs and stays: the median over time of

    the direct difference, slightly blurred, sample by sample (fine things), and
    what a constant grade leaves of the colours of small blocks (large, low-contrast things)

    CHG = 100 * the greater of  P99.9 over samples of |median_t G_2(D)|,
                                max over blocks of |median_t ungraded|

CAST looks for a colour that drifts over the stretch. With u_t the median over all blocks of what
the grade leaves on frame t, as colour difference without luma, smoothed over five frames,

    CAST = 100 * P95 over t of |u_t - median_t u|

Per cent of full range; lower is better. A grade that is the same all the time is neither.

Source: own. Blind to: what appears for less than half of a stretch (see SWAP, DIRT); what moves
with the scene; CAST also to hues that were wrong from the first frame to the last.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

BLUR = 2.0  # samples
FINE_SHARE = 0.999
SHORTEST = 5  # frames
SMOOTH = 5  # frames
MOST_FRAMES = 48  # of which the median over time is taken; more would cost and add nothing


def measure_change(pair: Pair) -> Value:
    """CHG of a pair."""
    if pair.count < SHORTEST:
        return Value.none(f"needs {SHORTEST} frames")
    some = torch.linspace(0, pair.count - 1, min(pair.count, MOST_FRAMES)).long()
    stays = pair.direct[some].median(0).values
    blurred = np.abs(cv2.GaussianBlur(stays.numpy(), (0, 0), BLUR))
    fine = float(np.quantile(blurred, FINE_SHARE))
    broad = pair.ungraded.median(0).values.abs().max()
    return Value(100 * max(fine, float(broad)))


def measure_cast(pair: Pair) -> Value:
    """CAST of a pair."""
    if pair.source_colour is None:
        return Value.none("monochrome")
    if pair.count < SMOOTH + 2:
        return Value.none(f"needs {SMOOTH + 2} frames")
    left = pair.ungraded
    hue = left - left.mean(1, keepdim=True)
    course = hue.median(2).values  # [T, 3]
    smooth = course.unfold(0, SMOOTH, 1).mean(-1)
    apart = torch.linalg.vector_norm(smooth - smooth.median(0).values, dim=1)
    where = int(apart.argmax()) + SMOOTH // 2
    return Value(100 * float(torch.quantile(apart, 0.95)), where=where)


METRICS = (
    Metric(
        identifier="CHG",
        name="Picture invented or erased",
        unit="% of full range",
        worse="higher",
        floor=1.0,
        formula="the greater of P99.9 of |median_t G_2(D)| and the largest |median_t| of what a "
        "constant grade leaves of block colours; D is R less S",
        source="own",
        blind="what appears for less than half of a stretch; what moves with the scene",
        measure=measure_change,
    ),
    Metric(
        identifier="CAST",
        name="Colour cast that drifts",
        unit="% of full range",
        worse="higher",
        floor=0.5,
        formula="P95 over t of |u_t - median_t u|; u the median over blocks of the colour that a "
        "constant grade leaves",
        source="own",
        blind="hues that are wrong from the first frame to the last; monochrome film",
        measure=measure_cast,
    ),
)
