"""E_WARP and TOF: the usual measures of steadiness in time, for comparison with other work.

    E_WARP  sum over what is seen on both frames of (R_t - W R_(t+1))^2 / their number, mean over
            the stretch; W draws the next frame in place along the motion of S
    TOF     mean length of OF(R_t, R_(t+1)) - OF(P_t, P_(t+1)), OF by Farnebäck

Units: E_WARP mean square of luma, full range 1, times 10^4; TOF samples of the proxy. Lower is
steadier for both.
Sources: Lai, Huang, Wang, Shechtman, Yumer, Yang, "Learning blind video temporal consistency",
ECCV 2018; Chu, Xie, Mayer, Leal-Taixé, Thuerey, "Learning temporal coherence via
self-supervision for GAN-based video generation" (TecoGAN), ACM TOG 39(4), 2020. Ours differ:
luma instead of RGB, at most 360 lines, occlusion without the test for motion boundaries; TOF
against P instead of the truth, on sampled pairs.

Blind to: nearly all that AI restoration gets wrong. E_WARP rewards blur and frozen pictures and
rises with grain; TOF does not see faults of brightness or texture. Never flagged.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from torch import Tensor

from models.motion import warp
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

FARNEBACK = (0.5, 3, 15, 3, 5, 1.2, 0)  # as TecoGAN calls it
SAMPLED = 10  # pairs of frames for TOF, which are searched anew
SMALLEST = 32  # lines or samples


def warping_error(pictures: Tensor, pair: Pair) -> float | None:
    """E_WARP of pictures `[T, h, w]` along the motion of a pair; None where nothing is seen."""
    errors = []
    for n, seen in enumerate(pair.flow.seen):
        if seen.any():
            away = pictures[n] - warp(pictures[n + 1], pair.flow.forward[n].float())
            errors.append(float((away[seen] ** 2).mean()))
    return 1e4 * float(np.mean(errors)) if errors else None


def flow_difference(one: Tensor, other: Tensor) -> float:
    """Mean length of the difference of two motions, of two pairs of frames `[2, h, w]`."""
    away = _farneback(one) - _farneback(other)
    return float(np.sqrt((away**2).sum(axis=-1)).mean())


def _farneback(frames: Tensor) -> npt.NDArray[np.float32]:
    here, there = ((frame * 255).round().clamp(0, 255).byte().numpy() for frame in frames)
    cv2.setNumThreads(1)
    flow = cv2.calcOpticalFlowFarneback(here, there, None, *FARNEBACK)  # type: ignore[call-overload]
    return np.asarray(flow, np.float32)


def _measure_warping(pair: Pair) -> Value:
    if pair.count < 2:
        return Value.none("needs two frames")
    value = warping_error(pair.restored, pair)
    if value is None:
        return Value.none("nothing is seen on two successive frames")
    seen = float(pair.flow.seen.float().mean())
    return Value(value, seen, warping_error(pair.source, pair))


def _measure_flow(pair: Pair) -> Value:
    if pair.count < 2 or min(pair.source.shape[1:]) < SMALLEST:
        return Value.none(f"needs two frames of {SMALLEST} samples each way")
    number = min(SAMPLED, pair.count - 1)
    starts = sorted({round(n) for n in np.linspace(0, pair.count - 2, number)})
    away = [flow_difference(pair.restored[n : n + 2], pair.proxy[n : n + 2]) for n in starts]
    worst = starts[int(np.argmax(away))]
    return Value(float(np.mean(away)), len(starts) / (pair.count - 1), where=worst)


E_WARP = Metric(
    identifier="E_WARP",
    name="Warping error",
    unit="10^-4 of full range squared",
    worse="higher",
    floor=0.0,
    formula="Mean of (R_t - W R_(t+1))^2 over what both frames show; W along the motion of S.",
    source="Lai et al., ECCV 2018; on luma at 360 lines",
    blind="Rewards blur and frozen pictures, rises with grain; does not see faults of texture.",
    measure=_measure_warping,
    gated=False,
)
TOF = Metric(
    identifier="TOF",
    name="Difference of motion",
    unit="samples at 360 lines",
    worse="higher",
    floor=0.0,
    formula="Mean of |OF(R_t, R_(t+1)) - OF(P_t, P_(t+1))|, OF by Farnebäck.",
    source="TecoGAN, Chu et al., ACM TOG 39(4), 2020; against P, on sampled pairs",
    blind="Faults of brightness and texture; grain that was taken away counts a little.",
    measure=_measure_flow,
    gated=False,
)
METRICS = (E_WARP, TOF)
