"""Step `dirt`: specks and blotches that are on one frame only are replaced from its neighbours.

Source: detection after Kokaram, "Motion Picture Restoration", 1998 (SDIp, ROD): dirt is what
differs from both motion-compensated neighbours with the same sign. The veto after Wechtitsch,
Fassold, Schallauer, "Robust dirt detection under pathological motion", ICPR 2012. Ours judges
whole blotches, not samples: see `models.dirt.blotches`.

How, for each frame:
    1. Flow to both neighbours; where the frame spikes against both, blotches may be.
    2. Under those blotches the flow is not believed; it is filled in from around them.
    3. Four neighbours (two behind, two ahead) are drawn in place; blotches are judged.
    4. What is judged dirt is replaced by samples of the neighbour that fits best around it and
       agrees best with the others: one real frame, so grain stays grain.

Outside the blotches (plus `MARGIN` samples at 480 lines) every sample keeps its value. The first
and the last frame of a shot have neighbours on one side only; they are repaired where the evidence
is strong and dirt is most of what spikes in the frame. A shot of two frames is left as it is.

Limits: dirt that lies on the same place in two frames, scratches and dirt in motion that DIS
cannot follow stay. Frames below 32 lines or samples are left as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch

from models.contract import Change, Frame, Step, Touches, windows
from models.dirt.blotches import Rules, judge, spikes
from models.dirt.patch import patched
from models.motion import Motion
from models.sight import SMALLEST_SIDE, Sight


@dataclass(frozen=True)
class Dirt(Step):
    """Remove one-frame dirt.

    Attributes:
        threshold: least difference to both neighbours, share of full range, 0.01..0.5.
        smallest: least area of a blotch in samples at 480 lines, 1..1000.
        largest: largest area of a blotch in samples at 480 lines, up to 100000.
    """

    name: ClassVar[str] = "dirt"
    version: ClassVar[int] = 2
    touches: ClassVar[Touches] = "damage"
    look_ahead = 2

    threshold: float = 0.06
    smallest: float = 4.0
    largest: float = 3000.0

    def __post_init__(self) -> None:
        if not 0.01 <= self.threshold <= 0.5:
            raise ValueError(f"threshold {self.threshold} is outside 0.01..0.5 of full range")
        if not 1 <= self.smallest <= 1000:
            raise ValueError(f"smallest {self.smallest} is outside 1..1000 samples")
        if not self.smallest <= self.largest <= 100_000:
            raise ValueError(f"largest {self.largest} is outside {self.smallest}..100000 samples")

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """Yield one change per frame, looking two frames behind and two ahead."""
        sight = Sight(motion)
        for index, window in enumerate(windows(frames, self.look_ahead, self.look_ahead)):
            first = index - window.centre
            sight.keep(first, window.frames)
            if min(window.frame.format.height, window.frame.format.width) < SMALLEST_SIDE:
                yield Change.none(window.frame)
            else:
                yield self._change(sight, index)

    def _change(self, sight: Sight, index: int) -> Change:
        frame = sight.frames[index]
        if len(sight.offsets(index)) < 2:
            return Change.none(frame)
        lines = frame.format.height
        rules = Rules.at(lines, self.threshold, self.smallest, self.largest)
        for near in (index - 1, index, index + 1):
            if sight.has(near - 1) and sight.has(near + 1):
                spikes(sight, near, rules)
        found = spikes(sight, index, rules)
        if not found.any():
            return Change.none(frame)
        views = sight.views(index, found != 0)
        verdict = judge(sight, index, views, rules)
        if verdict.count == 0:
            return Change.none(frame)
        neighbours = {view.offset: sight.frames[index + view.offset] for view in views}
        planes = patched(frame, neighbours, views, verdict)
        share = float(torch.from_numpy(verdict.mask).sum()) / verdict.mask.size
        return Change(planes, {"blotches": float(verdict.count), "damaged_share": share})
