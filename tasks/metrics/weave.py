"""WEAVE: unsteadiness that the restoration puts in.

Per frame the shift d_t of R against the source of the same moment, by least squares on the
gradient of the proxy (Lucas and Kanade, 1981), each sample weighted down where it does not fit:

    D_t = - d_t . grad P_t,      WEAVE = rms_t |h(d_t)|  in native samples

Both sides show the same moment, so that the motion of the scene does not matter. Where the recipe
stabilises, the source was moved by the recorded shifts first, and what is measured is what was
moved beyond. Lower is better. Source: own; the physical reference is the frame's place against
the perforation. Blind to: weave that the source has and keeps; flat pictures; shifts of more than
about two samples of the proxy are found too small.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.metrics.bands import high, lag
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

SHORTEST = 5  # frames of the high-pass
LEAST_GRADIENT = 2e-6  # mean square of the weaker direction
PASSES = 2


def measure_weave(pair: Pair) -> Value:
    """WEAVE of a pair."""
    shifts, firm = _shifts(pair)
    waves = high(shifts, pair.rate)
    if waves.shape[0] < SHORTEST:
        return Value.none(f"needs {SHORTEST + 2 * lag(pair.rate)} frames")
    if not firm:
        return Value.none("the picture has no detail to hold on to")
    length = torch.linalg.vector_norm(waves, dim=1) * pair.scale
    value = float(torch.sqrt((length**2).mean()))
    return Value(value, where=int(length.argmax()) + lag(pair.rate))


def _shifts(pair: Pair) -> tuple[Tensor, bool]:
    """Shift of each frame (x, y) in samples of the proxy, `[T, 2]`; whether it can be known."""
    found, firm = [], []
    for apart, picture in zip(pair.direct, pair.proxy, strict=True):
        across = ((picture[1:-1, 2:] - picture[1:-1, :-2]) / 2)[::2, ::2].flatten()
        down = ((picture[2:, 1:-1] - picture[:-2, 1:-1]) / 2)[::2, ::2].flatten()
        slopes = torch.stack((across, down), 1).double()
        wanted = -apart[1:-1, 1:-1][::2, ::2].flatten().double()
        weight = torch.ones_like(wanted)
        shift = torch.zeros(2, dtype=torch.double)
        for _ in range(PASSES):
            gram = slopes.T @ (slopes * weight[:, None])
            firm.append(float(torch.linalg.eigvalsh(gram)[0]) / len(weight))
            shift = torch.linalg.solve(
                gram + 1e-9 * torch.eye(2, dtype=torch.double), slopes.T @ (wanted * weight)
            )
            misfit = (slopes @ shift - wanted).abs()
            weight = 1 / (1 + (misfit / (2 * misfit.median() + 1e-6)) ** 2)
        found.append(shift)
    return torch.stack(found), min(firm[::PASSES]) > LEAST_GRADIENT


METRICS = (
    Metric(
        identifier="WEAVE",
        name="Unsteadiness, introduced",
        unit="native samples",
        worse="higher",
        floor=0.15,
        formula="rms_t |h(d_t)|; d_t the shift of R against S of the same frame, by least squares "
        "on the gradient of the proxy",
        source="own; Lucas and Kanade 1981 for the shift",
        blind="weave that the source has and keeps; flat pictures",
        measure=measure_weave,
    ),
)
