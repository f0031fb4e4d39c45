"""JIT: a face that shakes.

    d_t   shift of R' against P inside the face, on chips (least squares on the gradient)
    g_t   shift of R' against P outside all faces, on the whole picture, brought to chip samples
    JIT = 100 min(rms_t |h(d_t)|, rms_t |h(d_t - g_t)|) / eye distance

h is `tasks.metrics.bands.high`. What moves the whole picture (weave) moves face and
surroundings alike and does not count here. Surroundings without detail tell no shift, only
noise: therefore the smaller of the two.

Unit: percent of the distance between the eyes. Higher is worse.
Source: ours. The landmark form, `rms h(landmarks of R - landmarks of P)`, follows the average
keypoint distance of Siarohin et al. (First order motion model, NeurIPS 2019); landmarks jump on
grain by more than the faults that count. Registration: Lucas, Kanade, IJCAI 1981.

Blind: a face that drifts slowly away; parts of the face that shake against each other (eyes:
EYE); a face that is held still while the picture weaves.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import CHIP, CHIP_EYE_DISTANCE, FacePair, Pair
from tasks.metrics.registration import blurred, shifts
from tasks.metrics.worst_face import high_passed, worst_face

FACE = (112.0, 128.0, 50.0, 66.0)  # chip samples: centre x, y and radii of the inner face
EVERY = 2  # samples of the whole picture, each way, that its shift is read from
MARGIN = 0.25  # of the width of a face's box, kept clear around it


def face_weight() -> Tensor:
    """Where the inner face lies on a chip, float32 `[CHIP, CHIP]`, 0 or 1."""
    x, y, across, down = FACE
    rows = (torch.arange(CHIP)[:, None] - y) / down
    columns = (torch.arange(CHIP)[None, :] - x) / across
    return (rows**2 + columns**2 <= 1).float()


def face_shifts(pair: Pair, number: int) -> Tensor:
    """Shift of R' against P inside a face, chip samples (x, y), float32 `[N, 2]`."""
    sides = pair.face_proxies[number]
    return shifts(blurred(sides.proxy), blurred(sides.restored), face_weight())


def ground_shifts(pair: Pair) -> Tensor:
    """Shift of R against P outside all faces, samples of the proxy (x, y), `[T, 2]`."""
    outside = torch.ones(pair.source.shape)
    for face in pair.faces:
        for place, frame in enumerate(face.frames.tolist()):
            left, top, right, bottom = _box(face.landmarks[place] / pair.scale)
            outside[frame, top:bottom, left:right] = 0
    found = []
    for frame in range(pair.count):
        residual = pair.residual[frame]
        before = blurred(pair.proxy[frame : frame + 1])
        found.append(shifts(before, before + residual, outside[frame], EVERY)[0])
    return torch.stack(found)


def _box(points: Tensor) -> tuple[int, int, int, int]:
    low, high = points.amin(0), points.amax(0)
    margin = MARGIN * (high - low)
    left, top = (low - margin).clamp_min(0).long().tolist()
    right, bottom = (high + margin).clamp_min(0).long().tolist()
    return left, top, right, bottom


def on_chip(vectors: Tensor, face: FacePair, scale: float) -> Tensor:
    """Shifts in samples of the proxy `[N, 2]` as shifts on the chips."""
    return torch.einsum("nij,nj->ni", face.to_chip[:, :, :2], vectors * scale)


def measure_jitter(pair: Pair) -> Value:
    """JIT of a pair: that of its worst face."""
    ground = ground_shifts(pair) if pair.faces else torch.zeros(0, 2)
    return worst_face(pair, lambda whole, n: _jitter(whole, n, ground), "higher", 0.0)


def _jitter(pair: Pair, number: int, ground: Tensor) -> Value:
    face = pair.faces[number]
    moved = face_shifts(pair, number)
    around = on_chip(ground[face.frames], face, pair.scale)
    alone, places = high_passed(moved, face, pair.rate)
    apart, _ = high_passed(moved - around, face, pair.rate)
    if places.numel() == 0:
        return Value.none("the face is not seen for long enough at a time")
    size = min(((h**2).sum(-1) for h in (alone, apart)), key=lambda h: float(h.mean()))
    value = 100 * float(size.mean().sqrt()) / CHIP_EYE_DISTANCE
    worst = int(face.frames[places[size.argmax()]])
    return Value(value, places.numel() / pair.count, where=worst)


JIT = Metric(
    identifier="JIT",
    name="Face shake",
    unit="% of the eye distance",
    worse="higher",
    floor=0.8,
    formula="100 rms h(shift of R' against P in the face) / eye distance, less the shift "
    "outside where that makes it smaller",
    source="ours; registration after Lucas and Kanade, IJCAI 1981",
    blind="slow drift of a face; parts of a face that move against each other; shifts beyond "
    "about three chip samples are told too small",
    measure=measure_jitter,
)
