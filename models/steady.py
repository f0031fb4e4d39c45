"""Made steady in time: what a picture-by-picture network did, followed along the motion.

A network that sees one picture invents a little differently in the next, and the difference
flickers. Source: blind temporal consistency, as in Bonneel, Tompkin, Sunkavalli, Sun, Paris and
Pfister, "Blind video temporal consistency", ACM Transactions on Graphics 34(6), 2015, in that the
result of the frame before is carried along the motion. Ours differs in what is carried.

With S the source, R = S + C the network's result, and S', C' those of the frame before in place and
as bright as the frame,

    d = S' - S            what the film itself does: motion that flow missed, grain
    x = C' - C            what the change does
    y = (S' + C') - R     what the result does, x + d

In the network's own flicker x and y agree; grain that it took out is in x and not in y, grain that
it left in y and not in x. Over a window, with <..> the mean,

    taken   = 1 - <yy> / <dd>     share of the film's own fluctuation that was taken out, 0..1
    common  = <xy> / <xx>         share of the change's fluctuation that the result has too, 0..1
    flicker = taken y + (1 - taken) common x

so what a denoiser leaves is evened out further, noise that it took out does not come back, what a
network invents is followed, and what a network leaves alone, grain and all, stays. The correction
counts as far as the flow can be trusted: it leads back to where it came from, the source matches
along it but for its noise, and the result does not differ by more than it usually does in this
frame, which an edge out of place would. A sample that the network does not change stays.

Limits: what is uncovered is left as the network made it, for there is nothing to hold it against.

What changes its pixels raises `ModelStep.version`.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.contract import Frame
from models.motion import Motion, joined, warp

MATCHED, UNMATCHED = 0.02, 0.08  # share of full range: so a source differs along the flow
OF_NOISE = 1.13  # deviations by which two pictures differ on the mean by their noise alone
RETURNED, LOST = 0.5, 1.5  # samples of the guide between where a flow began and where it led back
SIDE = 5  # samples over which a match is averaged
WINDOW = 9  # samples over which fluctuation is measured
BRIGHT = 25  # samples over which brightness is compared
DARKEST = 0.02  # share of full range, added where brightness is compared
MUCH, MOST = 1.5, 3.0  # times the median difference of a result: from where it is not trusted
LEAST = 1e-6  # of a power or a difference, that of nothing


class Steadied:
    """The network's changes of one shot, frame by frame.

    Args:
        motion: the shot's optical flow.
        steadiness: share of the frame before that is kept where motion is trusted, 0..1.
    """

    def __init__(self, motion: Motion, steadiness: float) -> None:
        self._motion = motion
        self._steadiness = steadiness
        self._index = 0
        self._before: tuple[Tensor, Tensor] | None = None  # source and change of the frame before

    def follow(self, frame: Frame, source: Tensor, change: Tensor) -> Tensor:
        """The change to make.

        Args:
            frame: the next frame of the shot.
            source: float32 `[C, H, W]`, the frame as the network saw it.
            change: float32 `[C, H, W]`, what the network would add.

        Returns:
            float32 `[C, H, W]`; of the first frame, `change` itself.
        """
        if self._steadiness == 0:
            return change
        self._motion.see(self._index, frame.luma())
        if self._before is not None:
            change = self._steadied(source, change, *self._before)
        self._before = (source, change)
        self._index += 1
        return change

    def _steadied(
        self, source: Tensor, change: Tensor, source_before: Tensor, change_before: Tensor
    ) -> Tensor:
        here, there = self._index, self._index - 1
        shape = (int(source.shape[1]), int(source.shape[2]))
        flow = self._motion.flow(here, there, shape).to(source.device)
        seen = warp(source_before.contiguous(), flow)
        carried = warp(change_before.contiguous(), flow)
        brighter = local_gain(source, seen)
        of_film = brighter * seen - source
        of_result = brighter * (seen + carried) - source - change
        weight = self._steadiness * self._returns(here, there, shape).to(source.device)
        touched = (change != 0).any(0, keepdim=True)
        weight = weight * matched(source, seen) * usual(of_result) * touched
        return change + weight * flicker_in(of_film, of_result)

    def _returns(self, here: int, there: int, shape: tuple[int, int]) -> Tensor:
        """How far the flow can be trusted, float32 `[H, W]`, 0..1: it leads back."""
        whole = joined(self._motion.searched(here, there), self._motion.searched(there, here))
        distance = np.hypot(whole[..., 0], whole[..., 1])
        trust = np.clip((LOST - distance) / (LOST - RETURNED), 0, 1).astype(np.float32)
        return torch.from_numpy(cv2.resize(trust, (shape[1], shape[0])))


def flicker_in(of_film: Tensor, of_result: Tensor) -> Tensor:
    """What a network itself does from frame to frame, float32 `[C, H, W]`.

    Args:
        of_film: d of the module's text, float32 `[C, H, W]`.
        of_result: y, likewise.
    """
    of_change = of_result - of_film
    film, result, change, both = (
        _mean(one * other, WINDOW) + LEAST
        for one, other in (
            (of_film, of_film),
            (of_result, of_result),
            (of_change, of_change),
            (of_change, of_result),
        )
    )
    taken = (1 - result / film).clamp(0, 1)
    common = (both / change).clamp(0, 1)
    return taken * of_result + (1 - taken) * common * of_change


def local_gain(source: Tensor, seen: Tensor) -> Tensor:
    """What makes the frame before as bright as the frame, float32 `[1, H, W]`."""
    return (_mean(source, BRIGHT) + DARKEST) / (_mean(seen, BRIGHT) + DARKEST)


def usual(of_result: Tensor) -> Tensor:
    """1 where a result differs by no more than usual in this frame, 0 far above, `[1, H, W]`."""
    level = _mean(of_result.abs(), SIDE)
    middle = level.median().clamp_min(LEAST)
    return ((MOST * middle - level) / ((MOST - MUCH) * middle)).clamp(0, 1)


def _mean(picture: Tensor, side: int) -> Tensor:
    """Mean over channels and a square window, float32 `[1, H, W]`."""
    one = picture.mean(0, keepdim=True)[None]
    return functional.avg_pool2d(one, side, 1, side // 2, count_include_pad=False)[0]


def noise_level(picture: Tensor) -> float:
    """Deviation of the noise in a picture float32 `[C, H, W]`, in its unit.

    Source: J. Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding
    64(2), 1996; ours takes the median, so that edges count for nothing.
    """
    line = torch.tensor([1.0, -2.0, 1.0], device=picture.device)
    kernel = (line[:, None] * line[None, :])[None, None]
    if min(picture.shape[-2:]) < 3:
        return 0.0
    return float(functional.conv2d(picture[:, None], kernel).abs().median()) / (0.6745 * 6)


def matched(source: Tensor, seen: Tensor) -> Tensor:
    """How well a frame matches the one before in place, float32 `[H, W]`, 0..1."""
    mean = _mean((source - seen).abs(), SIDE)[0] - OF_NOISE * noise_level(source)
    return ((UNMATCHED - mean) / (UNMATCHED - MATCHED)).clamp(0, 1)
