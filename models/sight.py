"""What a frame's neighbours show of it: flows, each computed once, and neighbours in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from models.contract import Frame
from models.labels import Mask, Picture, odd
from models.motion import SMALLEST_GUIDE, Flow, Motion, enlarged, joined, sampled, warp
from models.spots import Spots, spots

SMALLEST_SIDE = SMALLEST_GUIDE
OFFSETS = (-1, 1, -2, 2)  # the neighbours, nearest first
LEVEL_SHARE = 1 / 8  # of the height: side of the area over which brightness is matched
LEVEL_LIMIT = 0.15  # share of full range: a larger difference is no flicker
LEVEL_LINES = 240  # brightness is matched on so many lines; what differs is smooth
NEAR = 7  # samples at 480 lines around blotches that neighbours are drawn for
LEAST_NEAR = 9  # samples, likewise; a patch is chosen by what lies so far around
COVERED = 0.75  # of a sample of the guide: where more is doubtful, its flow is not believed
FILL_SHARES = (1 / 48, 1 / 16, 1 / 6)  # of the height: sides of the areas that flow is filled from


@dataclass(frozen=True)
class View:
    """One neighbour, drawn where the frame has it.

    Attributes:
        offset: -2, -1, 1 or 2 frames away.
        flow: float32 `[2, H, W]` from the frame to the neighbour, filled in under blotches.
        luma: float32 `[H, W]`, the neighbour's luma in place, its brightness matched.
        level: float32 `[H, W]`, what was added to match it, share of full range.

    Of `luma` only the samples near blotches are drawn; all else is 0.
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
        self.noise: dict[int, float] = {}
        self._small: dict[int, Picture] = {}
        self._spots: dict[int, Spots] = {}

    def keep(self, first: int, frames: Sequence[Frame]) -> None:
        """Take in the window's frames, numbered from `first`; forget what is before."""
        for index, frame in enumerate(frames, first):
            if index not in self.frames:
                self.frames[index] = frame
                self.luma[index] = frame.luma()
                self._small[index] = reduced(self.luma[index].cpu().numpy(), LEVEL_LINES)
                self._motion.see(index, self.luma[index])
        numbered = (self.frames, self.luma, self.spikes, self.noise, self._small, self._spots)
        for held in numbered:
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
            small = self._small[index]
            level = level_between(reduced(place, LEVEL_LINES), small, _shape(here))
            places.append(place + level)
        return places[0], places[1]

    def offsets(self, index: int) -> list[int]:
        """Where the frame has neighbours, nearest first."""
        return [offset for offset in OFFSETS if self.has(index + offset)]

    def views(self, index: int, doubtful: Mask) -> list[View]:
        """The neighbours within the shot near doubtful samples, drawn with flow that ignores them.

        Args:
            index: number of the frame.
            doubtful: bool `[H, W]`, where blotches may be.
        """
        shape = (int(doubtful.shape[0]), int(doubtful.shape[1]))
        flows = self._flows(index, doubtful)
        reach = max(round(NEAR * shape[0] / 480), LEAST_NEAR)
        kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        near = np.flatnonzero(cv2.dilate(doubtful.astype(np.uint8), kernel))
        place = torch.from_numpy(near)
        rows, columns = place // shape[1], place % shape[1]
        small = self._small[index]
        ignored = share_on(doubtful, _shape(small)) > 0
        seen = []
        for offset, coarse in flows.items():
            level = level_between(
                _drawn(self._small[index + offset], coarse), small, shape, ignored
            )
            flow = enlarged(coarse, shape)
            y, x = rows + flow[1].flatten()[place], columns + flow[0].flatten()[place]
            luma = np.zeros(shape, np.float32)
            drawn = sampled(self.luma[index + offset].cpu(), y, x, "bilinear")
            luma.ravel()[near] = drawn.numpy() + level.ravel()[near]
            seen.append(View(offset, flow, luma, level))
        return seen

    def _flows(self, index: int, doubtful: Mask) -> dict[int, Flow]:
        """Flow to each neighbour on the guide, filled in under doubtful samples."""
        flows: dict[int, Flow] = {}
        for offset in self.offsets(index):
            step = offset // abs(offset)
            onward = self._motion.searched(index + offset - step, index + offset)
            near = offset == step
            flows[offset] = filled(onward, doubtful) if near else joined(flows[step], onward)
        return flows


def _shape(picture: Picture) -> tuple[int, int]:
    return int(picture.shape[0]), int(picture.shape[1])


def reduced(picture: Picture, lines: int) -> Picture:
    """A picture averaged to at most so many lines."""
    height, width = picture.shape
    if height <= lines:
        return picture
    size = (max(1, round(width * lines / height)), lines)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def share_on(mask: Mask, shape: tuple[int, int]) -> Picture:
    """Share of the mask in each sample of a coarser picture, float32 `[h, w]`."""
    size = (shape[1], shape[0])
    share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(share, np.float32)


def _drawn(small: Picture, coarse: Flow) -> Picture:
    """A reduced neighbour in place, by the flow of guides."""
    return warp(torch.from_numpy(small), enlarged(coarse, _shape(small))).numpy()


def level_between(
    place: Picture, here: Picture, shape: tuple[int, int], ignored: Mask | None = None
) -> Picture:
    """What must be added to a neighbour to match the frame's brightness, area by area.

    Args:
        place: float32 `[h, w]`, the neighbour in place, reduced.
        here: float32 `[h, w]`, the frame, reduced.
        shape: (H, W) of the picture.
        ignored: bool `[h, w]`, samples that do not count.

    Returns:
        float32 `[H, W]`.
    """
    side = odd(here.shape[0] * LEVEL_SHARE)
    difference = np.clip(here - place, -LEVEL_LIMIT, LEVEL_LIMIT)
    if ignored is None:
        level = cv2.blur(difference, (side, side))
    else:
        trusted = (~ignored).astype(np.float32)
        weight = cv2.blur(trusted, (side, side))
        level = cv2.blur(difference * trusted, (side, side)) / (weight + 0.05)
    return np.asarray(cv2.resize(level, (shape[1], shape[0])), np.float32)


def filled(flow: Flow, doubtful: Mask) -> Flow:
    """Replace a flow under doubtful samples by the mean of the trusted flow around them.

    Args:
        flow: float32 `[h, w, 2]`, between guides; or several side by side, `[h, w, 2 K]`.
        doubtful: bool `[H, W]`, of the picture.
    """
    height, width = flow.shape[:2]
    around = cv2.dilate(doubtful.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    grown = share_on(around, (height, width)) > COVERED
    trusted = (~grown).astype(np.float32)
    known = flow * trusted[..., None]
    result, open_places = flow.copy(), grown
    for part in FILL_SHARES:
        if not open_places.any():
            break
        side = odd(height * part + 2)
        weight = cv2.blur(trusted, (side, side))
        usable = open_places & (weight > 0.25)
        mean = cv2.blur(known, (side, side))
        result[usable] = mean[usable] / weight[usable][:, None]
        open_places = open_places & ~usable
    return result
