"""Step `stabilise`: gate weave goes, the camera's own motion stays.

Source: weave is a shift of the whole picture that turns from frame to frame, as the film sits
differently in the gate each time (Schallauer, Pinz, Haas, "Automatic restoration algorithms for
35mm film", 1999). It is found by regions followed from frame to frame (`models.weave.shift`), and
taken out by a path for the camera (`models.weave.path`). Ours differs in that it answers only to
film that
weaves: over and over, visibly, all regions together.

How:
    1. Corners are followed from each frame to the next; the median of a region is its shift.
    2. What all regions do together is the picture's path through the frames around.
    3. Film weaves where the path, its steady part apart, turns in many frames. A camera on a
       tripod does not move, a pan goes on, a hand-held one sways over many frames.
    4. The camera's path is the straightest that strays from the picture's no farther than weave.
       Each frame is moved from the one to the other; beyond its edge, the edge is repeated.

Limits: shifts only, no rotation, no change of size; the frame line of a scan with visible edges
moves with the picture. Weave that lasts longer than about `look_ahead` frames passes for camera
motion; so does weave under about 0.3 samples at 480 lines where the camera itself moves fast, and
all weave before it is plain. A pan that starts at a stroke is made softer over some frames. A
camera that trembles from frame to frame, as on a running engine, is steadied; a hand-held one
measured just below what is taken for weave. Shots of fewer than nine frames are left alone.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.contract import Change, Frame, Step, Touches
from models.motion import Guide, Motion, guide
from models.weave.path import Array, camera_path, common_motion, turns
from models.weave.shift import LINES, NONE, region_shifts
from models.weave.translate import translated

BEHIND = 48  # frames of the path that are remembered; not of the picture
LEAST_FRAMES = 9  # in a window; fewer tell nothing
SHARE = 0.55  # part of the frames that must turn: film of 1906 measured 0.6 to 0.8, hand-held 0.53
FIRM = 0.3  # least mean turn over what regions disagree by: water and birds measured 0.2
STEADY = 0.25  # part of the frames below which weave is over
ANSWERED = 0.6  # part of the regions that must show where they move
AGREED = 0.25  # samples: a region that is farther from the whole disagrees
REFERENCE_LINES = 480  # sizes are given for a picture of so many lines


@dataclass(frozen=True)
class Stabilise(Step):
    """Remove gate weave.

    Attributes:
        look_ahead: frames looked at beyond the one being moved, 4..48.
        visible: least turn of the picture's path that counts as weave, samples at 480 lines, 0..10.
        largest: no frame is moved farther, samples at 480 lines, 0..50.
    """

    name: ClassVar[str] = "stabilise"
    version: ClassVar[int] = 1
    touches: ClassVar[Touches] = "every sample"
    moves: ClassVar[bool] = True

    look_ahead: int = 16
    visible: float = 0.1
    largest: float = 10.0

    def __post_init__(self) -> None:
        if not 4 <= self.look_ahead <= 48:
            raise ValueError(f"look_ahead {self.look_ahead} is outside 4..48 frames")
        if not 0 <= self.visible <= 10:
            raise ValueError(f"visible {self.visible} is outside 0..10 samples")
        if not 0 <= self.largest <= 50:
            raise ValueError(f"largest {self.largest} is outside 0..50 samples")

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """Yield one change per frame; frames are held for `look_ahead`."""
        waiting: deque[Frame] = deque()
        course: deque[Array] = deque()  # shifts from the frame before, samples at 480 lines
        before: Guide | None = None
        place = 0  # index into `course` of the first waiting frame
        weaves = False
        for frame in itertools.chain(frames, [None] * self.look_ahead):
            if frame is not None:
                now = guide(frame.luma(), LINES)
                shifts = NONE if before is None else region_shifts(before, now)
                course.append(shifts * REFERENCE_LINES / now.shape[0])
                waiting.append(frame)
                before = now
            if not waiting or (frame is not None and len(waiting) <= self.look_ahead):
                continue
            weaves, change = self._answer(waiting.popleft(), np.stack(course), place, weaves)
            yield change
            place += 1
            if place > BEHIND:
                course.popleft()
                place -= 1

    def _answer(self, frame: Frame, course: Array, place: int, before: bool) -> tuple[bool, Change]:
        """Whether the film weaves at a frame, given that it did one before, and its change."""
        move, together = np.zeros(2), 0.0
        weaves = False
        if len(course) >= LEAST_FRAMES:
            steps, away = common_motion(course[1:])
            weaves = self._weaves(turns(steps), away, before)
            together = float((away[max(place - 1, 0)] < AGREED).mean())
            if weaves:
                move = self._move(steps, place)
        shift = move * frame.format.height / REFERENCE_LINES
        parameters = {
            "shift_x_px": float(shift[0]),
            "shift_y_px": float(shift[1]),
            "confidence": together,
        }
        if not shift.any():
            return weaves, Change.none(frame, parameters)
        wanted = translated(frame, float(shift[0]), float(shift[1]))
        return weaves, Change.between(frame, wanted, parameters)

    def _weaves(self, turned: Array, away: Array, before: bool) -> bool:
        """Whether the film weaves, from its turns `[T - 1]` and its regions `[T, R]`."""
        share = float((turned > self.visible).mean())
        known = away[np.isfinite(away)]
        if before or len(known) < ANSWERED * away.size:
            return before and share >= STEADY
        firm = float(turned.mean()) / max(float(np.median(known)), 1e-3)
        return share >= SHARE and firm >= FIRM

    def _move(self, steps: Array, place: int) -> Array:
        """From where the picture is to where the camera saw it, samples at 480 lines, `[2]`."""
        path = np.concatenate((np.zeros((1, 2)), np.cumsum(steps, axis=0)))
        wanted = [camera_path(along)[place] for along in path.T]
        return np.asarray(np.clip(np.array(wanted) - path[place], -self.largest, self.largest))
