"""Made steady in time: what a picture-by-picture network did, followed along the motion.

A network that sees one picture invents a little differently in the next, and the difference
flickers. Source: blind temporal consistency, as in Bonneel, Tompkin, Sunkavalli, Sun, Paris and
Pfister, "Blind video temporal consistency", ACM Transactions on Graphics 34(6), 2015, in that the
result of the frame before is carried along the motion. Ours differs in what is carried.

Two differences to the frame before tell flicker that the network made from what it should do:

- of the change (network minus source): also differs where a denoiser took out other noise;
- of the result (source plus change): also differs where the source itself changes.

Flicker of the network is in both. So a sample is corrected by the smaller of the two where they
have one sign, and left alone where not: noise that was taken out does not come back, and the
source's own light and motion are not averaged. The correction counts as far as the flow can be
trusted, which is where it leads back to where it came from and the source matches along it but
for its noise.

Limits: what is uncovered is left as the network made it, for there is nothing to hold it against.
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
SIDE = 5  # samples over which the source's match is averaged


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
        of_change = carried - change
        of_result = of_change + seen - source
        flicker = smaller(of_change, of_result)
        weight = self._steadiness * self._returns(here, there, shape).to(source.device)
        return change + weight * matched(source, seen) * flicker

    def _returns(self, here: int, there: int, shape: tuple[int, int]) -> Tensor:
        """How far the flow can be trusted, float32 `[H, W]`, 0..1: it leads back."""
        whole = joined(self._motion.searched(here, there), self._motion.searched(there, here))
        distance = np.hypot(whole[..., 0], whole[..., 1])
        trust = np.clip((LOST - distance) / (LOST - RETURNED), 0, 1).astype(np.float32)
        return torch.from_numpy(cv2.resize(trust, (shape[1], shape[0])))


def smaller(one: Tensor, other: Tensor) -> Tensor:
    """Of two differences the smaller one where they have one sign, else 0."""
    agree = (one.sign() == other.sign()).to(one.dtype)
    return one.sign() * torch.minimum(one.abs(), other.abs()) * agree


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
    difference = (source - seen).abs().mean(0) - OF_NOISE * noise_level(source)
    mean = functional.avg_pool2d(
        difference[None, None], SIDE, 1, SIDE // 2, count_include_pad=False
    )[0, 0]
    return ((UNMATCHED - mean) / (UNMATCHED - MATCHED)).clamp(0, 1)
