"""ID: a face that becomes another one.

    a_t, b_t   SFace points (unit vectors) of R' and P, every `EVERY`-th usable frame, both
               smoothed alike, in luma
    d_t = 1 - a_t . b_t
    ID = mean d_t + |slope of d_t over the stretch| / 2

The mean is how far the face is from the source's, the second term how far it moves away from
the mean by the end or the beginning: a drift. Luma in the tones of P, three times, is what the
network sees: colour and grade are no part of it, and monochrome film is judged as colour film
is. Both sides are smoothed, because grain moves the point.

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
from tasks.metrics.pair import Pair
from tasks.metrics.proxy import BILATERAL
from tasks.metrics.worst_face import usable, worst_face

EVERY = 8  # frames
FEWEST = 3  # points


def _identity(pair: Pair, number: int) -> Value:
    face, sides = pair.faces[number], pair.face_proxies[number]
    places = torch.nonzero(usable(face)).flatten()[::EVERY]
    if len(places) < FEWEST:
        return Value.none("the face is not seen for long enough")
    after = torch.stack([
        torch.from_numpy(cv2.bilateralFilter(chip.numpy(), *BILATERAL))
        for chip in sides.restored[places]
    ])  # fmt: skip
    apart = 1 - (_points(sides.proxy[places]) * _points(after)).sum(1)
    times = face.frames[places].float()
    centred = times - times.mean()
    slope = (centred * apart).sum() / (centred**2).sum()
    drift = float(slope.abs() * (times[-1] - times[0]) / 2)
    worst = int(face.frames[places[apart.argmax()]])
    share = int(usable(face).sum()) / pair.count
    return Value(float(apart.mean()) + drift, share, note=f"drift {drift:.3f}", where=worst)


def _points(chips: Tensor) -> Tensor:
    codes = (chips.clamp(0, 1) * 255 + 0.5).to(torch.uint8)
    return embedding(codes[..., None].expand(-1, -1, -1, 3).contiguous())


ID = Metric(
    identifier="ID",
    name="Identity",
    unit="cosine distance",
    worse="higher",
    floor=0.1,
    formula="mean of 1 - cos of the SFace points of R' and P, every 8th frame, and half of "
    "their drift over the stretch",
    source="SFace (Zhong et al. 2021); the distance over a track as in arXiv 2404.13640",
    blind="who somebody is; what the network overlooks; faces small or turned away",
    measure=lambda pair: worst_face(pair, _identity, "higher", 0.0),
)
