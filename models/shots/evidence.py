"""The network's answers, asked for only where they are needed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.shots.cues import Cue
from models.shots.window import View

BLOCK = 50  # frames that one look of the network answers for
MARGIN = 25  # frames before and after them that it needs to see
GRID = 10  # looks begin at multiples of this, so that like questions give like answers

Thumbnails = NDArray[np.uint8]
Chances = tuple[NDArray[np.float32], NDArray[np.float32]]
Judge = Callable[[Thumbnails], Chances]


class Evidence:
    """Chances of a boundary, from a judge of a hundred frames at a time.

    A look begins just before the first frame that is asked about and not yet judged, so a
    transition of up to forty frames costs one look, and the frames after it come with it.
    """

    def __init__(self, judge: Judge, kept_frames: int) -> None:
        self._judge = judge
        self._kept_frames = kept_frames
        self._answers: dict[int, tuple[float, float]] = {}

    def chances(self, view: View[Cue], start: int, stop: int) -> Chances:
        """Judge the frames `[start, stop)` of the reel; `start` is 0 or more.

        Returns:
            Two float32 `[stop - start]` in 0..1: the chance that the shot changes after
            this frame, and that the frame belongs to a transition.
        """
        for frame in [f for f in self._answers if f < start - self._kept_frames]:
            del self._answers[frame]
        for frame in range(start, stop):
            if frame not in self._answers:
                self._look(view, frame // GRID * GRID)
        answers = np.array([self._answers[frame] for frame in range(start, stop)], np.float32)
        return answers[:, 0], answers[:, 1]

    def _look(self, view: View[Cue], first: int) -> None:
        """Judge the block that begins at a frame; beyond the reel its end frames are held."""
        frames = range(first - MARGIN, first + BLOCK + MARGIN)
        one, many = self._judge(np.stack([view.at(frame).thumbnail for frame in frames]))
        for index in range(BLOCK):
            answer = float(one[MARGIN + index]), float(many[MARGIN + index])
            self._answers.setdefault(first + index, answer)
