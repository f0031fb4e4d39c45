"""SKIN: skin of another colour, after a grade has been taken out.

    curves   one monotone curve per channel from R to S, quantile to quantile, pooled over the
             stretch outside all faces (over the whole picture where faces leave too little),
             both sides as medians of five frames
    cheeks   mean over both cheeks of R under the curves, and of S under the picture's gain
    SKIN = |median_t Lab(R) - median_t Lab(S)|, CIELAB D65 (dE*ab 1976)

Monochrome: the same with luma and one curve; SKIN = |dL*|.

Unit: dE. Higher is worse.
Source: ours; CIE 15 for CIELAB, IEC 61966-2-1 for the transfer curve.

Blind: a change of skin that the surroundings share (a grade), one that comes and goes (FLK_L,
EYE), skin away from the cheeks. Where faces fill the picture the curves are fitted on them too,
and a change of the skin is told too small; the note says so.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import FacePair, Pair
from tasks.metrics.proxy import gains
from tasks.metrics.tone import tone_curve, toned
from tasks.metrics.worst_face import usable, worst_face

CHEEKS = ((78, 136), (146, 136))  # chip samples, x and y
REACH = 8  # samples around
MARGIN = 0.2  # of the size of a face's box, kept clear around it
ENOUGH = 0.25  # share of the picture outside faces that is enough for the curves
LIGHT = torch.tensor([0.95047, 1.0, 1.08883])  # D65
TO_XYZ = torch.tensor([
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
])  # fmt: skip


def to_lab(rgb: Tensor) -> Tensor:
    """R'G'B' `[..., 3]`, 0..1, sRGB curve and primaries, to CIELAB D65 `[..., 3]`."""
    linear = torch.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    part = linear @ TO_XYZ.T / LIGHT
    root = torch.where(part > 216 / 24389, part.clamp_min(1e-6) ** (1 / 3),
                       (24389 / 27 * part + 16) / 116)  # fmt: skip
    x, y, z = root.unbind(-1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), -1)


def _skin(pair: Pair, number: int) -> Value:
    face = pair.faces[number]
    kept = usable(face)
    levels = gains(pair.source)[:, None, None]
    before, after, pictures = _channels(pair, face)
    height, width = pictures[0].shape[-2:]
    outside = _outside(pair, (height, width))
    wide = float(outside.float().mean()) >= ENOUGH
    where = outside if wide else torch.ones_like(outside)
    wanted, found = [], []
    for channel, (source, restored) in enumerate(zip(before, after, strict=True)):
        whole, again = (calm(picture[:, channel]) for picture in pictures)
        curve = tone_curve(again[where], (whole * levels)[where])
        wanted.append(_cheeks(source * levels[face.frames])[kept])
        found.append(toned(_cheeks(restored)[kept], curve))
    away = _middle_lab(found) - _middle_lab(wanted)
    notes = [] if wide else ["faces fill the picture"]
    share = int(kept.sum()) / pair.count
    if len(wanted) == 1:
        return Value(float(away[0].abs()), share, note=", ".join(["lightness only", *notes]))
    return Value(float(away.norm()), share, note=", ".join(notes))


def _middle_lab(channels: list[Tensor]) -> Tensor:
    """Median over time of the colours of one or three channels `[N]`, in CIELAB."""
    return to_lab(torch.stack(channels, -1).expand(-1, 3)).median(0).values


def calm(pictures: Tensor) -> Tensor:
    """The median of five frames around each: without grain, which would widen the quantiles."""
    last = len(pictures) - 1
    around = torch.arange(last + 1) + torch.arange(-2, 3)[:, None]
    a, b, c, d, e = pictures[around.clamp(0, last)].unbind()
    low = a.minimum(b).maximum(c.minimum(d))  # so many times as fast as sorting each sample
    high = a.maximum(b).minimum(c.maximum(d))
    return e.minimum(low).maximum(e.maximum(low).minimum(high))


def _channels(pair: Pair, face: FacePair) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Chips of both sides by channel, and the small pictures of both sides `[T, C, h, w]`."""
    if face.colour is None or face.restored_colour is None or pair.source_colour is None:
        small = [F.avg_pool2d(side[:, None], 4) for side in (pair.source, pair.restored)]
        return [face.chips], [face.restored_chips], small
    assert pair.restored_colour is not None
    before, after = (
        [channel.float() / 255 for channel in side.unbind(-1)]
        for side in (face.colour, face.restored_colour)
    )
    return before, after, [pair.source_colour, pair.restored_colour]


def _outside(pair: Pair, size: tuple[int, int]) -> Tensor:
    """Samples of the small picture that lie outside all faces, bool `[T, h, w]`."""
    free = torch.ones(pair.count, *size, dtype=torch.bool)
    scale = pair.native[0] / size[0]
    for face in pair.faces:
        low, high = face.landmarks.amin(1) / scale, face.landmarks.amax(1) / scale
        margin = MARGIN * (high - low)
        for place, frame in enumerate(face.frames.tolist()):
            left, top = (low - margin)[place].clamp_min(0).long().tolist()
            right, bottom = (high + margin)[place].clamp_min(0).long().tolist()
            free[frame, top : bottom + 1, left : right + 1] = False
    return free


def _cheeks(chips: Tensor) -> Tensor:
    """Mean over both cheeks, `[N]`; a median would move with the grain where skin is uneven."""
    parts = [
        chips[:, y - REACH : y + REACH + 1, x - REACH : x + REACH + 1].flatten(1) for x, y in CHEEKS
    ]
    return torch.cat(parts, 1).mean(1)


def measure_skin(pair: Pair) -> Value:
    """SKIN of a pair: that of its worst face."""
    return worst_face(pair, _skin, "higher", 0.0)


SKIN = Metric(
    identifier="SKIN",
    name="Skin tone shift",
    unit="dE",
    worse="higher",
    floor=2.0,
    formula="|median over time of Lab of the cheeks of R under the stretch's tone curves - that "
    "of S|; lightness only for monochrome",
    source="ours; CIELAB after CIE 15",
    blind="a change that the surroundings share; one that comes and goes; faces that fill the "
    "picture",
    measure=measure_skin,
)
