"""ID: a face that becomes another one.

    a_t, b_t   SFace points (unit vectors) of R' and P, every `EVERY`-th usable frame, both
               smoothed alike, in luma
    d_t = 1 - a_t . b_t
    ID = mean d_t + |slope of d_t over the stretch| / 2

The mean is how far the face is from the source's, the second term how far it moves away from
the mean by the end or the beginning: a drift. Luma in the tones of P, three times, is what the
network sees: colour and grade are no part of it, and monochrome film is judged as colour film
is. Grain moves the point, most of all on small faces, where it grows with the chip: so both
sides are the mean of three chips, under a Gaussian of `BLUR` native samples.

Unit: cosine distance, 0..2. Higher is worse.
Source: SFace (Zhong et al. 2021), the weights of OpenCV's zoo; the distance of a track as in
PGTFormer (arXiv 2404.13640).

Blind: who the person is; changes that the network was taught to overlook (age, expression). A
recogniser errs more on some groups of people than on others: compare a face with itself only.
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
BLUR = 0.8  # native samples; at least one sample of a chip


def _identity(pair: Pair, number: int) -> Value:
    face, sides = pair.faces[number], pair.face_proxies[number]
    places = torch.nonzero(usable(face)).flatten()[::EVERY]
    if len(places) < FEWEST:
        return Value.none("the face is not seen for long enough")
    apart = 1 - (_points(sides.proxy, places, face) * _points(sides.restored, places, face)).sum(1)
    times = face.frames[places].float()
    centred = times - times.mean()
    slope = (centred * apart).sum() / (centred**2).sum()
    drift = float(slope.abs() * (times[-1] - times[0]) / 2)
    worst = int(face.frames[places[apart.argmax()]])
    share = int(usable(face).sum()) / pair.count
    return Value(float(apart.mean()) + drift, share, note=f"drift {drift:.3f}", where=worst)


def _points(chips: Tensor, places: Tensor, face: FacePair) -> Tensor:
    """The points of the faces at some places, `[M, 128]`."""
    last = len(chips) - 1
    around = torch.stack([(places + n).clamp(0, last) for n in (-1, 0, 1)])
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
    floor=0.12,
    formula="mean of 1 - cos of the SFace points of R' and P, every 8th frame, and half of "
    "their drift over the stretch",
    source="SFace (Zhong et al. 2021); the distance over a track as in arXiv 2404.13640",
    blind="who somebody is; what the network overlooks; faces small or turned away",
    measure=measure_identity,
)
