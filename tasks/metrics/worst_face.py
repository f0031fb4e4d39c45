"""What the metrics of faces share: which frames allow them, and the worst face's value.

A face too small or turned too far away is not judged. `SMALLEST` and `MOST_TURNED` were chosen by
judgement, not measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from tasks.metrics.bands import high, lag
from tasks.metrics.metric import Value, Worse
from tasks.metrics.pair import FacePair, Pair

SMALLEST = 20.0  # native samples between the eyes
MOST_TURNED = 40.0  # degrees from frontal
SUREST = 0.5  # presence below which the mesh is not believed
SHORTEST = 8  # usable frames

Measure = Callable[[Pair, int], Value]


def usable(face: FacePair) -> Tensor:
    """The frames of a face that allow a measurement, bool `[N]`."""
    large = face.eye_distance >= SMALLEST
    return large & (face.yaw.abs() <= MOST_TURNED) & (face.presence >= SUREST)


def runs(face: FacePair) -> list[Tensor]:
    """Indices of successive usable frames, int64, each run without a gap."""
    kept = torch.nonzero(usable(face)).flatten()
    if kept.numel() == 0:
        return []
    breaks = torch.nonzero(face.frames[kept].diff() != 1).flatten() + 1
    return list(torch.tensor_split(kept, breaks.tolist()))


def high_passed(values: Tensor, face: FacePair, rate: float) -> tuple[Tensor, Tensor]:
    """`bands.high` of a trace of a face, over each run of usable frames.

    Args:
        values: float32 `[N, ...]`, one per frame of the face.
        face: whose frames they are.
        rate: frames a second.

    Returns:
        The high-pass, `[M, ...]`, and the indices into the face's frames it belongs to, `[M]`.
    """
    step = lag(rate)
    parts, places = [values[:0]], [torch.zeros(0, dtype=torch.int64)]
    for run in runs(face):
        if run.numel() > 2 * step:
            parts.append(high(values[run], rate))
            places.append(run[step:-step])
    return torch.cat(parts), torch.cat(places)


def untouched(face: FacePair) -> bool:
    """Whether the restored face is the source's, sample for sample."""
    return torch.equal(face.chips, face.restored_chips)


def worst_face(pair: Pair, measure: Measure, worse: Worse, innocent: float) -> Value:
    """The value of the worst face of a stretch.

    Args:
        pair: the stretch.
        measure: gives the value of one face, told its place in `pair.faces`.
        worse: the side on which a value is worse.
        innocent: the value of a face that was not touched.
    """
    if not pair.faces:
        return Value.none(pair.faces_note or "no face")
    values = [_of_face(pair, measure, n, innocent) for n in range(len(pair.faces))]
    known = [value for value in values if value.value is not None]
    if not known:
        return max(values, key=lambda value: value.coverage)
    sign = 1 if worse == "higher" else -1
    return max(known, key=lambda value: sign * (value.value or 0.0))


def _of_face(pair: Pair, measure: Measure, number: int, innocent: float) -> Value:
    face = pair.faces[number]
    share = int(usable(face).sum()) / max(pair.count, 1)
    if int(usable(face).sum()) < SHORTEST:
        return Value.none("face too small, turned away or seen too briefly", share)
    value = measure(pair, number)
    if value.value is None:
        return value
    if untouched(face):
        return Value(innocent, value.coverage, value.before, f"face {face.track}, not changed")
    note = f"face {face.track}" + (f", {value.note}" if value.note else "")
    return replace(value, note=note)
