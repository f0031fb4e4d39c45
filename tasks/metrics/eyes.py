"""EYE: eyes that flicker or change their shape.

    rho   R' - P on chips, blurred, less the face's own shift and the mean of cheeks and forehead
    c_t   least squares of rho in an eye's box on the means of its four quarters, the gradient
          of P along x and y, and that along y times the height over the box's middle
    e     root of the mean over time and both eyes of the energy that h(c_t) stands for
    k     the same in control boxes on both cheeks and the forehead
    EYE = 100 sqrt(max(0, e^2 - k^2))

The quarters see eyes that become lighter and darker, the gradients eyes that are moved and lids
that open and close. Seven numbers for a box of hundreds of samples leave hardly any grain.

Unit: percent of full range. Higher is worse.
Source: ours; the failure is the main one that Wang et al. name for old films (RFV-LQ, arXiv
2410.11828: jitter of facial components).

Blind: eyes that are wrong but steady (ID, CHG), a change that takes longer than half a second.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.metrics.jitter import face_weight
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import CHIP_EYE_DISTANCE, CHIP_EYES, Pair
from tasks.metrics.registration import blurred, explained, gradient, shifts
from tasks.metrics.worst_face import high_passed, worst_face

BOX = (22, 36)  # chip samples, lines and width: 1.24 eye widths, 0.6 as high
EYES = tuple(
    (CHIP_EYES[0] + side * CHIP_EYE_DISTANCE / 2, CHIP_EYES[1]) for side in (-1, 1)
)  # x, y of the boxes' centres
CONTROLS = ((80.0, 136.0), (144.0, 136.0), (96.0, 56.0), (128.0, 56.0))  # cheeks and forehead


def _eye(pair: Pair, number: int) -> Value:
    face, sides = pair.faces[number], pair.face_proxies[number]
    before, after = blurred(sides.proxy), blurred(sides.restored)
    slope = gradient(before)
    moved = shifts(before, after, face_weight())
    residual = after - before + (moved[:, :, None, None] * slope).sum(1)
    residual = residual - _mean_of(residual, CONTROLS)[:, None, None]
    energies, places = [], torch.zeros(0, dtype=torch.int64)
    for centre in (*EYES, *CONTROLS):
        energy, places = _box_energy(residual, slope, centre, pair, number)
        energies.append(energy)
    if places.numel() == 0:
        return Value.none("the face is not seen for long enough at a time")
    eyes = torch.stack(energies[: len(EYES)]).mean(0)
    controls = torch.stack(energies[len(EYES) :]).mean(0)
    excess = float((eyes.mean() - controls.mean()).clamp_min(0).sqrt())
    worst = int(face.frames[places[(eyes - controls).argmax()]])
    return Value(100 * excess, places.numel() / pair.count, where=worst)


def _box_energy(
    residual: Tensor, slope: Tensor, centre: tuple[float, float], pair: Pair, number: int
) -> tuple[Tensor, Tensor]:
    """Energy of the high-passed fit in a box, per frame, and the frames' places."""
    rows, columns = _slices(centre)
    parts = _parts(slope[:, :, rows, columns])
    found, products = explained(residual[:, rows, columns], parts, torch.ones(BOX))
    high, places = high_passed(found, pair.faces[number], pair.rate)
    return torch.einsum("ni,nij,nj->n", high, products[places], high), places


def _parts(slope: Tensor) -> Tensor:
    """What a box is fitted on, `[N, 7, h, w]`."""
    count, _, height, width = slope.shape
    quarters = torch.zeros(4, height, width)
    for n in range(4):
        down, across = divmod(n, 2)
        half = slice(down * height // 2, (down + 1) * height // 2)
        quarters[n, half, across * width // 2 : (across + 1) * width // 2] = 1
    over = torch.linspace(-1, 1, height)[:, None] * slope[:, 1:]
    return torch.cat((quarters.expand(count, -1, -1, -1), slope, over), 1)


def _mean_of(planes: Tensor, centres: tuple[tuple[float, float], ...]) -> Tensor:
    means = [planes[:, rows, columns].mean((1, 2)) for rows, columns in map(_slices, centres)]
    return torch.stack(means).mean(0)


def _slices(centre: tuple[float, float]) -> tuple[slice, slice]:
    left, top = round(centre[0] - BOX[1] / 2), round(centre[1] - BOX[0] / 2)
    return slice(top, top + BOX[0]), slice(left, left + BOX[1])


def measure_eye(pair: Pair) -> Value:
    """EYE of a pair: that of its worst face."""
    return worst_face(pair, _eye, "higher", 0.0)


EYE = Metric(
    identifier="EYE",
    name="Eye flicker",
    unit="% of full range",
    worse="higher",
    floor=0.5,
    formula="100 sqrt(max(0, e^2 - k^2)), e and k the high-passed part of R' - P in eye and "
    "control boxes that their means, shifts and openings explain",
    source="ours; after the excess form over control cells, and RFV-LQ (arXiv 2410.11828)",
    blind="eyes that are wrong but steady; slow changes; faces turned away or small",
    measure=measure_eye,
)
