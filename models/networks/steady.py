"""Made steady in time: what a picture-by-picture network did, averaged along the motion.

A network that sees one picture invents a little differently in the next, and the difference
flickers. Source: averaging in place as in `models.grain.denoise`, of what a network did instead of
the film; that a network may stay unknown is from Bonneel, Tompkin, Sunkavalli, Sun, Paris and
Pfister, "Blind video temporal consistency", ACM Transactions on Graphics 34(6), 2015.

How, for each frame:
    1. Motion is searched in the network's results, which have less grain than the film, and more
       evenly than elsewhere: a flow that trembles makes edges tremble.
    2. `AHEAD` frames behind and ahead are drawn in place, bicubic, which keeps detail. What is
       hidden on one side is mostly seen on the other.
    3. Of each it is told what the network does otherwise there, its flicker, apart from what the
       film does, and how far the place can be trusted (`models.networks.trust`).
    4. The frame's change takes the mean of the flicker, weighted by `steadiness` and trust.

A sample that the network does not change stays. Every shot begins anew; across a cut that was
missed nothing matches, and nothing is averaged.

Limits: what no neighbour shows in place is left as the network made it, for there is nothing to
hold it against. Where the picture moves so far that flow is wrong over most of it, little is won.

What changes its pixels raises `ModelStep.version`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from models.contract import Frame
from models.motion import SMALLEST_GUIDE, Flow, Guide, Kernel, Motion, warp
from models.networks.trust import compared, in_place, noise_level, trust

AHEAD = 3  # frames on either side
CARRIES: Kernel = "bicubic"  # bilinear would soften what is averaged
PATCH, STRIDE = 16, 4  # samples of the guide; DIS's own 8 and 3 follow grain
SMOOTHNESS, ITERATIONS = 40.0, 20  # of DIS's refinement; its own are 20 and 5
LUMA = (0.2126, 0.7152, 0.0722)  # of R'G'B', ITU-R BT.709


@dataclass(frozen=True)
class Restored:
    """One frame and what the network would do to it.

    Attributes:
        frame: of the shot.
        source: float32 `[C, H, W]`, the frame as the network saw it.
        change: likewise, what the network would add.
    """

    frame: Frame
    source: Tensor
    change: Tensor


def steadied(restored: Iterable[Restored], steadiness: float) -> Iterator[tuple[Frame, Tensor]]:
    """Yield each frame of a shot with the change to make, float32 `[C, H, W]`.

    Args:
        restored: the frames of one shot in order; at most `AHEAD` beyond the one that is answered
            are asked for, none with a `steadiness` of 0, and as many behind are held.
        steadiness: how much a neighbour counts where it is trusted, beside 1 of the frame, 0..1.
    """
    if steadiness == 0:
        yield from ((one.frame, one.change) for one in restored)
        return
    motion = Motion(evenly)
    held: deque[Restored] = deque()
    first = index = 0  # numbers of the first frame that is held and of the one to answer
    for number, one in enumerate(restored):
        motion.see(number, _luma(one.source + one.change))
        held.append(one)
        if number - index == AHEAD:
            yield held[index - first].frame, _averaged(held, first, index, motion, steadiness)
            index += 1
        if index - first > AHEAD:
            held.popleft()
            first += 1
    for last in range(index, first + len(held)):
        yield held[last - first].frame, _averaged(held, first, last, motion, steadiness)


def _averaged(
    held: deque[Restored], first: int, index: int, motion: Motion, steadiness: float
) -> Tensor:
    """The change to make to the frame of the number `index`."""
    frame = held[index - first]
    touched = (frame.change != 0).any(0, keepdim=True)
    others = {n: one for n, one in enumerate(held, first) if 0 < abs(n - index) <= AHEAD}
    if not others or not bool(touched.any()):
        return frame.change
    noise = noise_level(frame.source)
    near = {}
    for number, other in others.items():
        seen, carried = _in_place(other, motion, index, number)
        near[number] = compared(frame.source, frame.change, seen, carried, noise)
    beside = [near[number] for number in (index - 1, index + 1) if number in near]
    film = in_place([one.film for one in beside], touched)
    result = in_place([one.result for one in beside], touched)
    total, flicker = torch.ones_like(beside[0].film), torch.zeros_like(frame.change)
    for one in near.values():
        counted = steadiness * trust(one, film, result)
        total += counted
        flicker += counted * one.flicker
    return frame.change + touched * flicker / total


def _in_place(other: Restored, motion: Motion, here: int, there: int) -> tuple[Tensor, Tensor]:
    """Source and change of the frame `there`, drawn where the frame `here` has them."""
    shape = (int(other.source.shape[1]), int(other.source.shape[2]))
    flow = motion.through(here, there, shape).to(other.source.device)
    seen, carried = (warp(p.contiguous(), flow, CARRIES) for p in (other.source, other.change))
    return seen, carried


def evenly(here: Guide, there: Guide) -> Flow:
    """As `models.motion.estimate_flow`, more evenly: a flow that follows grain less."""
    if min(here.shape) < SMALLEST_GUIDE:
        return np.zeros((*here.shape, 2), np.float32)
    cv2.setNumThreads(1)  # the stripes of several threads would change the answer
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setPatchSize(PATCH)
    search.setPatchStride(STRIDE)
    search.setVariationalRefinementAlpha(SMOOTHNESS)
    search.setVariationalRefinementIterations(ITERATIONS)
    return np.asarray(search.calc(here, there, None), np.float32)  # type: ignore[call-overload]


def _luma(picture: Tensor) -> Tensor:
    """Luma of R'G'B', or the grey that it is, float32 `[H, W]`."""
    if picture.shape[0] == 1:
        return picture[0].clamp(0, 1)
    weights = torch.tensor(LUMA, device=picture.device)
    return (picture * weights[:, None, None]).sum(0).clamp(0, 1)
