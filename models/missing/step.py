"""Step `missing`: a destroyed or blank frame is rebuilt from the frames before and after it.

Source: the rebuilt picture is `models.missing.rebuild`'s. The judgement is our own: a frame is
destroyed when it does not show what its neighbours agree on. It compares structure, not brightness,
so that a flash is none.

How, for each run of at most `longest` frames:
    1. The frames before and after the run show one thing, by the flow across it.
    2. A further frame on either side shows it too: the picture was steady, not strobing.
    3. Each frame of the run shows it in neither place, over `destroyed_share` of the structured
       picture. Where the rest of the frame is brighter or darker than its neighbours, what is
       clipped to white or black does not count: that is a flash.
    4. The run is replaced whole, each sample from one of the two frames, so grain stays grain.

Every sample of a destroyed frame is damage; all other frames keep every sample. The first and the
last frame of a shot are never rebuilt, nor is any frame of a shot of fewer than four.

Limits: a flash that leaves nothing of the picture is taken for a blank frame, and a thing that
fills `destroyed_share` of the picture for one frame only for damage. Two destroyed places one frame
apart stay. Pictures without structure stay, and those below 32 lines or samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from models.contract import Change, Frame, Step, Touches, windows
from models.missing.destroyed import Shown
from models.missing.rebuild import Between
from models.motion import Motion
from models.sight import SMALLEST_SIDE

Way = Callable[[Shown, int, int, int], Between]  # of a frame, the frames before and after its run

LONGEST = 3  # frames; motion across more is guesswork
REACH = LONGEST + 1  # frames looked at on either side
SCREEN = 0.5  # of `destroyed_share`: where less breaks from frame to frame, nothing is destroyed


@dataclass(frozen=True)
class Missing(Step):
    """Rebuild destroyed frames.

    Attributes:
        destroyed_share: part of the structured picture that must be destroyed, 0.1..1.
        longest: most successive frames that are rebuilt, 1..3.
    """

    name: ClassVar[str] = "missing"
    version: ClassVar[int] = 1
    touches: ClassVar[Touches] = "damage"
    invents: ClassVar[bool] = True
    look_ahead = REACH

    destroyed_share: float = 0.3
    longest: int = 2

    def __post_init__(self) -> None:
        if not 0.1 <= self.destroyed_share <= 1:
            raise ValueError(f"destroyed_share {self.destroyed_share} is outside 0.1..1")
        if not 1 <= self.longest <= LONGEST:
            raise ValueError(f"longest {self.longest} is outside 1..{LONGEST} frames")

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """Yield one change per frame, looking four frames behind and four ahead."""
        return self.changes_by(frames, motion, Shown.between)

    def changes_by(self, frames: Iterator[Frame], motion: Motion, way: Way) -> Iterator[Change]:
        """As `changes`, with another way from the frames around a run to the frames of it."""
        shot = Shown(motion)
        runs: dict[int, tuple[int, int]] = {}  # destroyed frame: the good ones around its run
        for index, window in enumerate(windows(frames, REACH, REACH)):
            frame = window.frame
            if min(frame.format.height, frame.format.width) < SMALLEST_SIDE:
                yield Change.none(frame, {"rebuilt": 0.0})
                continue
            shot.keep(index - window.centre, window.frames)
            if index not in runs and (after := self._end(shot, index)):
                runs.update({k: (index - 1, after) for k in range(index, after)})
            if index in runs:
                yield _rebuilt(shot, index, *runs.pop(index), way)
            else:
                yield Change.none(frame, {"rebuilt": 0.0})

    def _end(self, shot: Shown, start: int) -> int:
        """The first good frame after a run of destroyed ones that starts here, 0 without one."""
        least = SCREEN * self.destroyed_share
        if not shot.breaks(start - 1, least):
            return 0
        for after in range(start + 1, start + 1 + self.longest):
            if shot.breaks(after - 1, least) and self._destroyed(shot, start, after):
                return after
        return 0

    def _destroyed(self, shot: Shown, start: int, after: int) -> bool:
        before = start - 1
        return shot.is_steady(before, after) and all(
            shot.destroyed(k, before, after) >= self.destroyed_share for k in range(start, after)
        )


def _rebuilt(shot: Shown, index: int, before: int, after: int, way: Way) -> Change:
    """The change that replaces a frame; later steps see the new picture."""
    frame = shot.frames[index]
    planes = way(shot, index, before, after).drawn(shot.frames[before], shot.frames[after])
    facts = {
        "rebuilt": 1.0,
        "from_before_frames": float(before - index),
        "from_after_frames": float(after - index),
    }
    change = Change.between(frame, planes, facts)
    shot.motion.renew(index, frame.plus(change).luma())
    return change
