"""What a frame's neighbours show of it: flows, each computed once, and neighbours in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from torch import Tensor

from models.contract import Frame
from models.labels import Mask, Picture, odd
from models.motion import SMALLEST_GUIDE, Flow, Motion, enlarged, joined, warp
from models.spots import Spots, spots

SMALLEST_SIDE = SMALLEST_GUIDE
OFFSETS = (-1, 1, -2, 2)  # the neighbours, nearest first
LEVEL_SHARE = 1 / 8  # of the height: side of the area over which brightness is matched
LEVEL_LIMIT = 0.15  # share of full range: a larger difference is no flicker
FILL_SHARES = (1 / 48, 1 / 16, 1 / 6)  # of the height: sides of the areas that flow is filled from


@dataclass(frozen=True)
class View:
    """One neighbour, drawn where the frame has it.

    Attributes:
        offset: -2, -1, 1 or 2 frames away.
        flow: float32 `[2, H, W]` from the frame to the neighbour, filled in under blotches.
        luma: float32 `[H, W]`, the neighbour's luma in place, its brightness matched.
        level: float32 `[H, W]`, what was added to match it, share of full range.
    """

    offset: int
    flow: Tensor
    luma: Picture
    level: Picture


class Sight:
    """The frames of a window and what was computed of them, so that nothing is done twice."""

    def __init__(self, motion: Motion) -> None:
        self._motion = motion
        self.frames: dict[int, Frame] = {}
        self.luma: dict[int, Tensor] = {}
        self.spikes: dict[int, Picture] = {}
        self._spots: dict[int, Spots] = {}

    def keep(self, first: int, frames: Sequence[Frame]) -> None:
        """Take in the window's frames, numbered from `first`; forget what is before."""
        for index, frame in enumerate(frames, first):
            if index not in self.frames:
                self.frames[index] = frame
                self.luma[index] = frame.luma()
                self._motion.see(index, self.luma[index])
        for held in (self.frames, self.luma, self.spikes, self._spots):
            for index in [i for i in held if i < first]:
                del held[index]

    def has(self, index: int) -> bool:
        """Whether the frame is in the window."""
        return index in self.frames

    def spots(self, index: int, threshold: float) -> Spots:
        """Where a frame, whose spikes are known, spikes by more than the threshold."""
        if index not in self._spots:
            spike = self.spikes[index]
            self._spots[index] = spots(np.where(np.abs(spike) > threshold, spike, 0))
        return self._spots[index]

    def nearest(self, index: int) -> tuple[Picture, Picture]:
        """Luma of the two nearest frames in place, brightness matched, flow as it was found.

        Those are the frames before and after; at the ends of a shot, both of one side.
        """
        here = self.luma[index].cpu().numpy()
        places = []
        for offset in self.offsets(index)[:2]:
            flow = self._motion.through(index, index + offset, _shape(here))
            place = warp(self.luma[index + offset], flow).cpu().numpy()
            places.append(place + level_between(place, here))
        return places[0], places[1]

    def offsets(self, index: int) -> list[int]:
        """Where the frame has neighbours, nearest first."""
        return [offset for offset in OFFSETS if self.has(index + offset)]

    def views(self, index: int, doubtful: Mask) -> list[View]:
        """The neighbours within the shot, drawn with flow that ignores doubtful samples."""
        here = self.luma[index].cpu().numpy()
        flows: dict[int, Flow] = {}
        for offset in self.offsets(index):
            step = offset // abs(offset)
            onward = self._motion.searched(index + offset - step, index + offset)
            near = offset == step
            flows[offset] = filled(onward, doubtful) if near else joined(flows[step], onward)
        seen = []
        for offset, coarse in flows.items():
            flow = enlarged(coarse, _shape(here))
            place = warp(self.luma[index + offset], flow).cpu().numpy()
            level = level_between(place, here, doubtful)
            seen.append(View(offset, flow, place + level, level))
        return seen


def _shape(picture: Picture) -> tuple[int, int]:
    return int(picture.shape[0]), int(picture.shape[1])


def level_between(place: Picture, here: Picture, ignored: Mask | None = None) -> Picture:
    """What must be added to a neighbour to match the frame's brightness, area by area.

    Args:
        place: float32 `[H, W]`, the neighbour in place.
        here: float32 `[H, W]`, the frame.
        ignored: bool `[H, W]`, samples that do not count.
    """
    side = odd(here.shape[0] * LEVEL_SHARE)
    difference = np.clip(here - place, -LEVEL_LIMIT, LEVEL_LIMIT)
    if ignored is None:
        return np.asarray(cv2.blur(difference, (side, side)), np.float32)
    trusted = (~ignored).astype(np.float32)
    weight = cv2.blur(trusted, (side, side))
    level = cv2.blur(difference * trusted, (side, side)) / (weight + 0.05)
    return np.asarray(level, np.float32)


def filled(flow: Flow, doubtful: Mask) -> Flow:
    """Replace a flow under doubtful samples by the mean of the trusted flow around them.

    Args:
        flow: float32 `[h, w, 2]`, between guides.
        doubtful: bool `[H, W]`, of the picture.
    """
    height, width = flow.shape[:2]
    share = cv2.resize(doubtful.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    grown = cv2.dilate((share > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    trusted = (~grown).astype(np.float32)
    result, open_places = flow.copy(), grown
    for part in FILL_SHARES:
        side = odd(height * part + 2)
        weight = cv2.blur(trusted, (side, side))
        usable = open_places & (weight > 0.25)
        mean = cv2.blur(flow * trusted[..., None], (side, side))
        result[usable] = mean[usable] / weight[usable][:, None]
        open_places = open_places & ~usable
    return result
