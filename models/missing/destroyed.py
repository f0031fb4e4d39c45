"""Which frames of a shot are destroyed: they do not show what the frames around them agree on.

Structure is compared, not brightness; see `models.missing.likeness`. Everything is judged on the
frames as they came, never on a rebuilt one.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.contract import Frame
from models.labels import Mask, Picture
from models.missing.likeness import (
    ALIKE,
    FLAT,
    level,
    likeness,
    small,
    small_flow,
    spread,
    unlike_share,
)
from models.missing.rebuild import Between, between_by
from models.motion import Motion, warp

SAME = 0.7  # correlation from which the frames around a run agree
AGREED = 0.6  # of the structured picture: the frames around a run agree on so much
STRUCTURED = 0.04  # of the picture: less structure says nothing
LIGHT = 0.04  # share of full range: the rest of a frame differs by so much in a flash
CLIPPED = 0.08  # share of full range from black or white


class Shown:
    """The frames of a window, small, as they came, and what they show of one another.

    Attributes:
        motion: the shot's optical flow.
        frames: the window's frames by their number in the shot.
        small: their luma, see `models.missing.likeness.small`.
    """

    def __init__(self, motion: Motion) -> None:
        self.motion = motion
        self.frames: dict[int, Frame] = {}
        self.small: dict[int, Picture] = {}
        self._unlike: dict[int, float] = {}  # between a frame and the next

    def keep(self, first: int, frames: tuple[Frame, ...]) -> None:
        """Take in the window's frames, numbered from `first`; forget what is before."""
        for index, frame in enumerate(frames, first):
            if index in self.frames:
                continue
            luma = frame.luma()
            self.frames[index], self.small[index] = frame, small(luma)
            self.motion.see(index, luma)
            if index - 1 in self.frames:  # before either picture is renewed
                placed = self.placed(index - 1, index)
                self._unlike[index] = unlike_share(self.small[index], placed)
        for held in (self.frames, self.small, self._unlike):
            for index in [i for i in held if i < first]:
                del held[index]

    def flow(self, here: int, there: int) -> Tensor:
        """Flow between two frames, float32 `[2, H, W]`."""
        form = self.frames[here].format
        return self.motion.flow(here, there, (form.height, form.width))

    def placed(self, index: int, here: int) -> Picture:
        """A frame, small, drawn where another has it."""
        return _warped(self.small[index], self.flow(here, index))

    def breaks(self, index: int, share: float) -> bool:
        """Whether a frame and the next, both in the shot, show different things."""
        return self._unlike.get(index + 1, 0.0) >= share

    def is_steady(self, before: int, after: int) -> bool:
        """Whether frames around a run show one thing, and one frame further on each side too."""
        beyond = [k for k in (before - 1, after + 1) if k in self.frames]
        if after not in self.frames or not beyond:
            return False
        here = self.small[before]
        structured = spread(here) > FLAT
        same = structured & (likeness(here, self.placed(after, before)) > SAME)
        if structured.mean() < STRUCTURED or same.sum() < AGREED * structured.sum():
            return False
        for k in beyond:
            near = before if k < before else after
            seen = likeness(self.small[near], self.placed(k, near)) > ALIKE
            known = spread(self.small[near]) > FLAT
            if (seen & known).sum() < AGREED * known.sum():
                return False
        return True

    def destroyed(self, index: int, before: int, after: int) -> float:
        """Part of what the frames around agree on that a frame does not show, 0..1."""
        here = self.small[index]
        between = self.between(index, before, after)
        one = _warped(self.small[before], between.to_before)
        other = _warped(self.small[after], between.to_after)
        agreed = (likeness(one, other) > SAME) & (spread(one) > FLAT)
        if agreed.mean() < STRUCTURED * AGREED:
            return 0.0
        seen = [self.placed(before, index), self.placed(after, index), one, other]
        shown = np.max([likeness(here, picture) for picture in seen], axis=0) > ALIKE
        lost = (
            agreed
            & ~shown
            & ~_flash(here, np.asarray((one + other) / 2, np.float32), agreed & shown)
        )
        return float(lost.sum() / agreed.sum())

    def between(self, index: int, before: int, after: int) -> Between:
        """The way from a frame's time to the frames around its run."""
        time = (index - before) / (after - before)
        return between_by(
            self.flow(before, after),
            self.flow(after, before),
            self.frames[before].luma(),
            self.frames[after].luma(),
            time,
        )


def _warped(picture: Picture, flow: Tensor) -> Picture:
    moved: Picture = warp(torch.from_numpy(picture), small_flow(flow, picture.shape)).numpy()
    return moved


def _flash(here: Picture, expected: Picture, rest: Mask) -> Mask:
    """Where a frame is clipped because its light changed; nowhere if the light did not."""
    nothing = np.zeros_like(rest)
    if rest.mean() < STRUCTURED * AGREED:
        return nothing
    change = float(np.median((level(here) - level(expected))[rest]))
    if change > LIGHT:
        return np.asarray(level(here) > here.max() - CLIPPED)
    if change < -LIGHT:
        return np.asarray(level(here) < here.min() + CLIPPED)
    return nothing
