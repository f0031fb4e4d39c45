"""ID: a face that becomes another one.

    a_t, b_t   SFace points (unit vectors) of R' and P, every `EVERY`-th usable frame, both
               smoothed alike, in luma
    a, b       their means over one half of the stretch
    ID = the larger 1 - cos(a, b) of the two halves

A half tells a face that leaves the source's by the end or the beginning: a drift. Luma in the
tones of P, three times, is what the network sees: colour and grade are no part of it, and
monochrome film is judged as colour film is. Grain moves the points, most of all on small faces,
where it grows with the chip, and each way on another frame: so each chip is the mean of
`AROUND` frames before and after, under a Gaussian of `BLUR` native samples, and points are
averaged before they are compared. The mean of the points' own distances was .15 on the truth of a
face with 29 samples between the eyes, in grain of 3 %; that of the halves is .04.

Unit: cosine distance, 0..2. Higher is worse.
Source: SFace (Zhong et al. 2021), the weights of OpenCV's zoo; the distance of a track as in
PGTFormer (arXiv 2404.13640).

Blind: who the person is; a face that is another one on few frames (see EYE, JIT, FLK_L); changes
that the network was taught to overlook (age, expression). A recogniser errs more on some groups of
people than on others: compare a face with itself only.
"""

from __future__ import annotations

import cv2
import torch
from torch import Tensor

from models.faces.embedding import embedding
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import CHIP_EYE_DISTANCE, FacePair, Pair
from tasks.metrics.worst_face import usable, worst_face

EVERY = 8  # frames
FEWEST = 3  # points
AROUND = 2  # frames before and after
BLUR = 0.8  # native samples; at least one sample of a chip


def _identity(pair: Pair, number: int) -> Value:
    face, sides = pair.faces[number], pair.face_proxies[number]
    places = torch.nonzero(usable(face)).flatten()[::EVERY]
    if len(places) < FEWEST:
        return Value.none("the face is not seen for long enough")
    mine = _points(sides.restored, places, face)
    theirs = _points(sides.proxy, places, face)
    parts = torch.arange(len(places)).tensor_split(2 if len(places) >= 2 * FEWEST else 1)
    values = [_distance(mine[part].mean(0), theirs[part].mean(0)) for part in parts]
    worst = int(face.frames[places[(mine * theirs).sum(1).argmin()]])
    share = int(usable(face).sum()) / pair.count
    halves = " and ".join(f"{value:.3f}" for value in values)
    return Value(max(values), share, note=f"in the halves {halves}", where=worst)


def _distance(one: Tensor, other: Tensor) -> float:
    """1 - cos of the angle between two vectors."""
    return 1 - float(torch.nn.functional.cosine_similarity(one, other, dim=0))


def _points(chips: Tensor, places: Tensor, face: FacePair) -> Tensor:
    """The points of the faces at some places, `[M, 128]`."""
    last = len(chips) - 1
    around = torch.stack([(places + n).clamp(0, last) for n in range(-AROUND, AROUND + 1)])
    means = chips[around].mean(0)
    codes = []
    for mean, distance in zip(means, face.eye_distance[places].tolist(), strict=True):
        blur = max(1.0, BLUR * CHIP_EYE_DISTANCE / max(distance, 1.0))
        codes.append(torch.from_numpy(cv2.GaussianBlur(mean.numpy(), (0, 0), blur)))
    samples = (torch.stack(codes).clamp(0, 1) * 255 + 0.5).to(torch.uint8)
    return embedding(samples[..., None].expand(-1, -1, -1, 3).contiguous())


def measure_identity(pair: Pair) -> Value:
    """ID of a pair: that of its worst face."""
    return worst_face(pair, _identity, "higher", 0.0)


ID = Metric(
    identifier="ID",
    name="Identity",
    unit="cosine distance",
    worse="higher",
    floor=0.06,
    formula="the larger 1 - cos of the mean SFace points of R' and P, every 8th frame, of the two "
    "halves of the stretch",
    source="SFace (Zhong et al. 2021); the distance over a track as in arXiv 2404.13640",
    blind="who somebody is; faces that change on few frames only; what the network overlooks; "
    "faces small or turned away",
    measure=measure_identity,
)
