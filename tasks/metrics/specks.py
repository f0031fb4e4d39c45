"""DIRT: specks that are on one frame only, counted per frame.

A speck is a connected area of at least `SMALLEST` samples (scaled to 480 lines) that
differs from both motion-compensated neighbours with the same sign by more than
`CONTRAST` of full range, where the neighbours agree with each other; it is counted on the
source and on the restored shot along the same motion. Source: the SDIa and ROD family
(Kokaram, Motion Picture Restoration, 1998).

Unit: specks a frame, lower is cleaner. Blind to: dirt that stays for two frames, or lies
where the flow fails. Motion that the flow follows badly raises both counts alike, so read
the two together.
"""

import cv2
import numpy as np
import torch
from torch import Tensor

from models.motion import enlarged, estimate_flow, guide, warp

CONTRAST = 0.07
AGREEMENT = 0.5  # the neighbours may differ by this part of what the speck differs from them
SMALLEST = 5


class Neighbours:
    """Motion from a frame to the one before and the one after, estimated once."""

    def __init__(self, before: Tensor, here: Tensor, after: Tensor) -> None:
        """Take three consecutive lumas, float32 `[H, W]` in 0..1."""
        shape = (int(here.shape[0]), int(here.shape[1]))
        centre = guide(here)
        self._flows = [
            enlarged(estimate_flow(centre, guide(other)), shape) for other in (before, after)
        ]

    def count_specks(self, before: Tensor, here: Tensor, after: Tensor) -> int:
        """Specks on `here`, whose neighbours are `before` and `after`."""
        apart = [
            here - _levelled(warp(other, flow.to(here.device)), here)
            for other, flow in zip((before, after), self._flows, strict=True)
        ]
        nearer = torch.minimum(apart[0].abs(), apart[1].abs())
        agree = (apart[0] - apart[1]).abs() < AGREEMENT * nearer
        spike = (nearer > CONTRAST) & agree & (apart[0] * apart[1] > 0)
        dark, bright = spike & (apart[0] < 0), spike & (apart[0] > 0)
        smallest = max(SMALLEST * (here.shape[0] / 480) ** 2, 1)
        return sum(_count_areas(mask, smallest) for mask in (dark, bright))


def _levelled(place: Tensor, here: Tensor) -> Tensor:
    """Match the median brightness, so that flicker is not counted as dirt."""
    return place + (here - place).median()


def _count_areas(mask: Tensor, smallest: float) -> int:
    picture = mask.cpu().numpy().astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(picture, connectivity=8)
    return int((stats[1:, cv2.CC_STAT_AREA] >= smallest).sum())
