"""The network's answers, asked for block by block and only where they are needed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.shots.cues import Cue
from models.shots.window import View

BLOCK = 50  # frames that one look of the network answers for
MARGIN = 25  # frames before and after them that it needs to see

Thumbnails = NDArray[np.uint8]
Chances = tuple[NDArray[np.float32], NDArray[np.float32]]
Judge = Callable[[Thumbnails], Chances]


class Evidence:
    """Chances of a boundary, from a judge of a hundred frames at a time.

    The blocks lie at fixed places of the reel, so an answer does not depend on which frame
    was asked about first.
    """

    def __init__(self, judge: Judge, kept_frames: int) -> None:
        self._judge = judge
        self._kept_blocks = kept_frames // BLOCK + 1
        self._blocks: dict[int, Chances] = {}

    def chances(self, view: View[Cue], start: int, stop: int) -> Chances:
        """Judge the frames `[start, stop)` of the reel.

        Returns:
            Two float32 `[stop - start]` in 0..1: the chance that the shot changes after
            this frame, and that the frame belongs to a transition.
        """
        start, stop = max(start, 0), max(stop, 1)
        blocks = range(start // BLOCK, (stop - 1) // BLOCK + 1)
        for block in blocks:
            if block not in self._blocks:
                self._blocks[block] = self._look(view, block)
        for block in [b for b in self._blocks if b < blocks.start - self._kept_blocks]:
            del self._blocks[block]
        one = np.concatenate([self._blocks[block][0] for block in blocks])
        many = np.concatenate([self._blocks[block][1] for block in blocks])
        own = slice(start - blocks.start * BLOCK, stop - blocks.start * BLOCK)
        return one[own], many[own]

    def _look(self, view: View[Cue], block: int) -> Chances:
        """Judge a block with its margins; beyond the reel's ends its end frames are held."""
        frames = range(block * BLOCK - MARGIN, (block + 1) * BLOCK + MARGIN)
        one, many = self._judge(np.stack([view.at(frame).thumbnail for frame in frames]))
        return one[MARGIN:-MARGIN], many[MARGIN:-MARGIN]
