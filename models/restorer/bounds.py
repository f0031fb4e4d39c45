"""Where masks may open: what is damage shows it, to the engine or by a spike in time.

    dirt        around dirt that the engine repaired, and around blotches that spike against both
                neighbours in place by more than noise and their disagreement explain, and for
                which the engine's own evidence speaks, if less than it asks before it repairs; not
                in a frame where much else spikes, for there motion was not understood
    scratch     along the lines that the engine's step found to be scratches by what lies behind,
                or likely to be: too little of the picture moved to be sure, but what did was bare
    inpaint     in areas of an eighth of the height that spike as a whole, and near them

A thing of the picture, an upright edge that stands still or a seam of a wall, does neither.

Source: SDIp and the disagreement of neighbours, see `models.restorer.evidence`, and the judgement
of blotches of `models.dirt.evidence`. Lengths are samples at 480 lines, differences shares of full
range.

Limits: a mask stays shut over damage of several frames that the engine did not find: hairs in the
camera's gate, dirt that stays, scratches on a still picture. At a shot's first and last frame
both neighbours lie on one side, and what moved may spike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.dirt.evidence import Clues
from models.labels import components, count_of, odd, share_of
from models.restorer.evidence import COARSE, area_mean, box_mean, coarse, spike_of
from models.scratch.lines import Line, strip_edges

LEAST_SPIKE = 0.05  # mean over 3 x 3 samples
LEAST_AT_END = 0.08  # at a shot's first and last frame, whose neighbours lie on one side
NOISES = 2.5  # deviations of the picture's noise that a spike exceeds
DISAGREEMENTS = 1.5  # of the neighbours, mean over `NEAR`, that a spike exceeds
NEAR = 5  # samples at 480 lines
LEAST_ODDS = -1.5  # log odds of a blotch; the engine asks 1.2 and more before it repairs
AT_END = 2.0  # log odds; so much more is asked at a shot's ends
STRONG = 2.5  # times the least spike: strong parts of a blotch
LARGEST = 3000.0  # area of a blotch in samples at 480 lines
EXPLAINED = 0.4  # of what spikes in a frame is such blotches, else all is taken for motion
AROUND = 4  # samples at 480 lines around a spike, and around repaired dirt
BESIDE = 5  # samples at 480 lines on either side of a scratch, and its width
LOST = 0.1  # mean spike over an eighth of the height around, where picture is destroyed
LOST_DISAGREEMENTS = 2.0  # of the neighbours, likewise


def bounds_of(
    even: Tensor,
    places: Tensor,
    disagreement: Tensor,
    dirty: Tensor,
    tracks: Sequence[Line],
    two_sided: bool,
) -> Tensor:
    """Where masks of dirt, scratches and destroyed picture may open.

    Args:
        even: float32 `[1, 1, H, W]`, luma with its damage, without flicker.
        places: float32 `[1, 4, H, W]`, luma of neighbours in place, nearest first, as bright.
        disagreement: float32 `[1, 1, H, W]`, of those.
        dirty: bool `[H, W]`, where the engine repaired dirt.
        tracks: scratches that pass the frame.
        two_sided: whether the frame has neighbours on both sides.

    Returns:
        float32 `[1, 3, H, W]`, 0 or 1, in the order of `models.restorer.config.MASKED`.
    """
    spikes = spike_of(even, places[:, :1], places[:, 1:2])
    blotches = suspects(even, places, disagreement, spikes, two_sided)
    around = round(AROUND * even.shape[-2] / 480)
    dirt = grown((blotches | dirty).to(torch.float32)[None, None], around)
    scratch = corridors(tracks, dirty)[None, None]
    return torch.cat((dirt, scratch, destroyed(spikes, disagreement, two_sided)), dim=1)


def suspects(
    even: Tensor, places: Tensor, disagreement: Tensor, spikes: Tensor, two_sided: bool
) -> Tensor:
    """Blotches that may be dirt, bool `[H, W]`; `spikes` are against the nearest neighbours."""
    unit = even.shape[-2] / 480
    noise = float(1.4826 * (even - places[:, :1])[..., ::3, ::3].abs().median())
    least = max(LEAST_SPIKE if two_sided else LEAST_AT_END, NOISES * noise)
    plain = box_mean(spikes, 3).abs()
    found = (plain > least) & (plain > DISAGREEMENTS * box_mean(disagreement, odd(NEAR * unit)))
    labels, count = components(found[0, 0].cpu().numpy())
    size = spikes[0, 0].abs().cpu().numpy()
    strong = share_of(size > STRONG * least, labels, count)
    clues = Clues.of(even[0, 0].cpu().numpy(), places[0].cpu().numpy(), noise / 2**0.5)
    odds = clues.evidence(size, labels, strong)
    kept = odds > LEAST_ODDS + (0 if two_sided else AT_END)
    kept &= count_of(labels, count) < LARGEST * unit**2
    for rim in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        kept[rim] = False  # what comes into the picture is in no neighbour
    kept[0] = False
    dirt = kept[labels]
    if dirt.sum() < EXPLAINED * (labels > 0).sum():  # the motion was not understood
        dirt[:] = False
    return torch.from_numpy(dirt).to(even.device)


def destroyed(spikes: Tensor, disagreement: Tensor, two_sided: bool) -> Tensor:
    """Areas that spike as a whole, and what is near them, `[1, 1, H, W]`, 0 or 1."""
    if not two_sided:
        return torch.zeros_like(spikes)
    mean = area_mean(coarse(spikes.abs()))
    lost = (mean > LOST) & (mean > LOST_DISAGREEMENTS * area_mean(coarse(disagreement)))
    near = grown(lost.to(torch.float32), round(mean.shape[-2] / 16))
    whole = functional.interpolate(near, scale_factor=COARSE, mode="nearest")
    return whole[..., : spikes.shape[-2], : spikes.shape[-1]]


def grown(mask: Tensor, by: int) -> Tensor:
    """A mask `[N, 1, H, W]`, 0 or 1, and the samples up to `by` away."""
    wide = functional.max_pool2d(mask, (1, 2 * by + 1), 1, (0, by))
    return functional.max_pool2d(wide, (2 * by + 1, 1), 1, (by, 0))


def corridors(tracks: Sequence[Line], like: Tensor) -> Tensor:
    """What lies beside lines, from the first line of the picture to the last, float32 `[H, W]`."""
    height, width = like.shape
    inside = np.zeros((height, width), bool)
    edges = strip_edges(height)
    middle = (edges[:-1] + edges[1:] - 1) / 2
    columns = np.arange(width)
    for line in tracks:
        x = np.interp(np.arange(height), middle, line.place)
        reach = BESIDE * height / 480 + line.width
        inside |= np.abs(columns[None] - x[:, None]) <= reach
    return torch.from_numpy(inside.astype(np.float32)).to(like.device)
