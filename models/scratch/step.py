"""Step `scratch`: vertical scratches that stay in place while the picture moves are taken out.

Source: detection after Newson, Almansa, Gousseau, Perez, "Robust automatic line scratch detection
in films", IEEE Transactions on Image Processing 23(3), 2014: lines are found in each frame and
followed through time, and those that move with the picture are let go. Ours asks the picture
behind the line: where motion compensation shows the same place in another frame, a pole is still
there, a scratch is not. Repair across the line after Joyeux, Boukir, Besserer, "Film line scratch
removal using Kalman filtering and Bayesian restoration", WACV 2000 (its profile is subtracted, so
that the picture beneath stays), and along motion from the frame that shows the place best.

How, for each frame:
    1. Lines are found (`models.scratch.lines`) and joined to tracks that hardly move across the
       film.
    2. For each strip of a line, frames up to `look_ahead` away show what lies behind it, as far as
       by then the line has moved off it, or has ended (`models.scratch.evidence`).
    3. A track behind which the picture is bare is a scratch as long as it lasts.
    4. Each strip of a scratch is drawn from the frame that fits best around it, or, where none
       fits, its mean profile is subtracted, which where an edge crosses it is that of all strips.

Outside the scratch every sample keeps its value. Memory holds `look_ahead` frames on either side.

Limits: a scratch that keeps its place on a picture that does not move either, from the shot's
first frame on, cannot be told from a pole and stays. Scratches that lean, or are wider than five
samples at 480 lines, or shorter than `shortest`, stay. What a deep scratch has destroyed in all
frames is drawn over from its sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from models.contract import Change, Frame, Step, Touches, windows
from models.labels import Picture
from models.motion import SMALLEST_GUIDE, Motion
from models.scratch.evidence import ask
from models.scratch.lines import Line, find_lines
from models.scratch.repair import repaired
from models.scratch.tracks import Tracks


@dataclass(frozen=True)
class Scratch(Step):
    """Remove vertical scratches.

    Attributes:
        look_ahead: frames looked at on either side, 2..16.
        shortest: least part of the height that a scratch runs over, 0.1..1.
        least_contrast: least difference to its sides, share of full range, 0.005..0.5.
    """

    name: ClassVar[str] = "scratch"
    version: ClassVar[int] = 3
    touches: ClassVar[Touches] = "damage"

    look_ahead: int = 8
    shortest: float = 0.2
    least_contrast: float = 0.012

    def __post_init__(self) -> None:
        if not 2 <= self.look_ahead <= 16:
            raise ValueError(f"look_ahead {self.look_ahead} is outside 2..16 frames")
        if not 0.1 <= self.shortest <= 1:
            raise ValueError(f"shortest {self.shortest} is outside 0.1..1 of the height")
        if not 0.005 <= self.least_contrast <= 0.5:
            raise ValueError(f"least_contrast {self.least_contrast} is outside 0.005..0.5")

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """Yield one change per frame, looking `look_ahead` frames behind and ahead."""
        return self.changes_telling(frames, motion, lambda lines: None)

    def changes_telling(
        self, frames: Iterator[Frame], motion: Motion, tell: Callable[[list[Line]], None]
    ) -> Iterator[Change]:
        """As `changes`; before each, `tell` hears the lines that are likely scratches there.

        Those are all that are repaired, those that were seen a few frames away but not here, and
        those behind which too little of the picture moved to be sure.
        """
        tracks = Tracks()
        lumas: dict[int, Picture] = {}
        for index, window in enumerate(windows(frames, self.look_ahead, self.look_ahead)):
            if min(window.frame.format.height, window.frame.format.width) < SMALLEST_GUIDE:
                tell([])
                yield Change.none(window.frame)
                continue
            first = index - window.centre
            held = dict(enumerate(window.frames, first))
            for number in [n for n in held if n not in lumas]:
                luma = held[number].luma()
                motion.see(number, luma)
                lumas[number] = luma.cpu().numpy()
                lines = find_lines(lumas[number], self.shortest, self.least_contrast)
                tracks.join(number, lines, luma.shape[0])
                for track in tracks.tracks:
                    ask(track, number, lumas, motion)
            for number in [n for n in lumas if n < first]:
                del lumas[number]
            tracks.forget(first)
            scratches = tracks.scratches(index, window.frame.format.height)
            tell(tracks.passing(index, window.frame.format.height))
            if scratches:
                yield repaired(scratches, index, held, lumas, motion)
            else:
                yield Change.none(window.frame)
