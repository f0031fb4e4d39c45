"""BLINK: blinks that were taken away or added.

    e    openness of the eyes: the lids' distance over the corners' distance, mean of both
    c    how far they are closed: 1 - e over the upper quartile of the source's e
    d    c less its median over `AROUND` seconds: what comes and goes
    BLINK = max over the blinks of S of 1 - d_R / d_S, and of those of R of 1 - d_S / d_R

A blink is a peak of d of at least `DEEP`, half of it held for two frames; on the other side the
highest d within `NEAR` frames answers it. Both sides are read alike, so that a bias of the
landmarks is in both.

Unit: share of a blink, 0..1. Higher is worse: 1 is a blink that the other side does not have.
Source: ours; openness is the eye aspect ratio of Soukupova and Cech (CVWW 2016).

Blind: eyes less than `LARGE_ENOUGH` samples apart (at 29, in grain of 3 %, the landmarks blinked
where nobody did); a wink, eyes that stay shut, a blink of one frame, blinks that no side shows for
a hand or a scratch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import FacePair, Pair
from tasks.metrics.worst_face import runs, usable, worst_face

# Of each eye: three pairs of upper and lower lid, and the corners.
LIDS = (
    ((160, 144), (159, 145), (158, 153), (33, 133)),
    ((385, 380), (386, 374), (387, 373), (362, 263)),
)
AROUND = 1.2  # seconds
DEEP = 0.35  # closure of a blink
NEAR = 2  # frames
SHORTEST = 15  # frames of a run
LARGE_ENOUGH = 32.0  # native samples between the eyes; below, lids move by less than landmarks do


def openness(landmarks: Tensor) -> Tensor:
    """Eye aspect ratio of `[N, 478, 2]`, mean of both eyes, `[N]`."""
    eyes = []
    for *lids, corners in LIDS:
        high = torch.stack([_apart(landmarks, pair) for pair in lids]).mean(0)
        eyes.append(high / _apart(landmarks, corners).clamp_min(1e-3))
    return torch.stack(eyes).mean(0)


def _apart(landmarks: Tensor, pair: tuple[int, int]) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(landmarks[:, pair[0]] - landmarks[:, pair[1]], dim=-1)
    return length


def closures(face: FacePair, run: Tensor, rate: float) -> tuple[Tensor, Tensor]:
    """Both sides' d over a run of frames, `[M]` each."""
    before, after = openness(face.landmarks[run]), openness(face.restored_landmarks[run])
    wide = torch.quantile(before, 0.75).clamp_min(1e-3)
    half = max(round(AROUND * rate) // 2, 3)
    return _alone(1 - before / wide, half), _alone(1 - after / wide, half)


def _alone(series: Tensor, half: int) -> Tensor:
    around = [series[max(0, n - half) : n + half + 1].median() for n in range(len(series))]
    return series - torch.stack(around)


def peaks(series: Tensor) -> list[int]:
    """Frames of the blinks of one side."""
    found = []
    for n in range(1, len(series) - 1):
        here = series[n]
        near = series[max(0, n - NEAR) : n + NEAR + 1]
        held = torch.maximum(series[n - 1], series[n + 1]) >= here / 2
        if bool(here >= DEEP) and bool(here == near.max()) and bool(held):
            found.append(n)
    return found


def unanswered(asked: Tensor, answers: Tensor) -> list[tuple[float, int]]:
    """For each blink of one side the share that the other lacks, and its frame."""
    return [
        (1 - float(answers[max(0, n - NEAR) : n + NEAR + 1].max() / asked[n]), n)
        for n in peaks(asked)
    ]


def _blink(pair: Pair, number: int) -> Value:
    face = pair.faces[number]
    share = int(usable(face).sum()) / pair.count
    if float(face.eye_distance[usable(face)].median()) < LARGE_ENOUGH:
        return Value.none("the eyes are too small", share)
    long = [run for run in runs(face) if len(run) >= SHORTEST]
    if not long:
        return Value.none("the face is not seen for long enough at a time", share)
    worst, where, asked = 0.0, None, 0
    for run in long:
        before, after = closures(face, run, pair.rate)
        missing, added = unanswered(before, after), unanswered(after, before)
        asked += len(missing)
        for lacking, n in missing + added:
            if lacking > worst:
                worst, where = lacking, int(face.frames[run[n]])
    return Value(worst, share, note=f"{asked} blinks in the source", where=where)


def measure_blink(pair: Pair) -> Value:
    """BLINK of a pair: that of its worst face."""
    return worst_face(pair, _blink, "higher", 0.0)


BLINK = Metric(
    identifier="BLINK",
    name="Blinks lost or added",
    unit="share of a blink",
    worse="higher",
    floor=0.5,
    formula="most that a blink of one side lacks on the other, by the eye aspect ratio less its "
    "median over 1.2 s",
    source="ours; eye aspect ratio after Soukupova and Cech, CVWW 2016",
    blind="eyes less than 32 samples apart, a wink, eyes that stay shut, a blink of one frame, "
    "eyes under a hand",
    measure=measure_blink,
)
