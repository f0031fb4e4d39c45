"""Step `deflicker`: the exposure that wanders from frame to frame is brought back to its course.

Source: global gain and offset after van Roosmalen, Lagendijk and Biemond, "Correction of
intensity flicker in old film sequences", 1999, estimated as in Delon, "Movie and video scale-time
equalization", 2006, from the distribution of luma instead of from matching places, so that
neither dirt nor motion needs to be known. Ours differs in that the course is a robust local line
(Cleveland's LOESS, 1979), so that fades stay fades, and in that it answers only to flicker that
can be seen and that is everywhere in the picture at once.

How:
    1. Per frame, luma is sorted and cut into 20 slices of equal population; the means of the
       inner 18 are the frame's tones. Dirt moves the outer slices, which are dropped.
    2. Per tone, a line is fitted through the frames around (bisquare weights); its value at the
       frame is the wanted tone. Beside a real change of light the side the frame is on is used.
    3. A gain and an offset bring the frame's tones to the wanted ones (Huber weights).
    4. Where the flicker of the frames around stays below `visible`, or differs from part to part of
       the picture as motion does, nothing is done at all.

Rounding is to the nearest code value. Luma (or R, G, B) gets gain and offset, chroma the gain
about neutral.

Limits: one gain and offset per frame, so flicker that differs across the picture stays in part;
what was clipped at black or white is not brought back; a flash is left alone unless the frames
around it flicker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from models.contract import Change, Frame, Step, Touches
from models.tones import (
    Array,
    blocks,
    fit_gain_offset,
    flicker_level,
    steady_course,
    togetherness,
    tones,
)


@dataclass(frozen=True)
class Deflicker(Step):
    """Remove global flicker.

    Attributes:
        look_ahead: frames looked at on either side, 2..48.
        visible: flicker (robust temporal high-pass of mean luma over mean luma) below which a
            frame is left alone, 0..1; 0.004 is about what is seen between 0.1 and 12 Hz.
        together: common flicker of 192 parts of the picture over its spread among them, below
            which it is taken for motion and left alone, 0..10; film measured 0.7, modern hand-held
            footage 0.2 at most.
        largest_gain: gains are kept within 1/largest_gain..largest_gain, 1..4.
    """

    name: ClassVar[str] = "deflicker"
    version: ClassVar[int] = 1
    touches: ClassVar[Touches] = "every sample"

    look_ahead: int = 12
    visible: float = 0.004
    together: float = 0.4
    largest_gain: float = 1.6

    def __post_init__(self) -> None:
        if not 2 <= self.look_ahead <= 48:
            raise ValueError(f"look_ahead {self.look_ahead} is outside 2..48 frames")
        if not 0 <= self.visible <= 1:
            raise ValueError(f"visible {self.visible} is outside 0..1")
        if not 0 <= self.together <= 10:
            raise ValueError(f"together {self.together} is outside 0..10")
        if not 1 <= self.largest_gain <= 4:
            raise ValueError(f"largest_gain {self.largest_gain} is outside 1..4")

    def changes(self, frames: Iterator[Frame]) -> Iterator[Change]:
        """Yield one change per frame; frames are held for `look_ahead`, tones for twice that."""
        waiting: deque[Frame] = deque()
        course: deque[Array] = deque()
        parts: deque[Array] = deque()
        place = 0  # index into `course` and `parts` of the first waiting frame
        for frame in frames:
            waiting.append(frame)
            course.append(tones(frame))
            parts.append(blocks(frame))
            if len(waiting) > self.look_ahead:
                yield self._answer(waiting.popleft(), course, parts, place)
                place += 1
            if place > self.look_ahead:
                course.popleft()
                parts.popleft()
                place -= 1
        while waiting:
            yield self._answer(waiting.popleft(), course, parts, place)
            place += 1

    def _answer(
        self, frame: Frame, course: Sequence[Array], parts: Sequence[Array], place: int
    ) -> Change:
        """The change of the frame whose tones are `course[place]`."""
        first = max(place - self.look_ahead, 0)
        around = np.stack([course[i] for i in range(first, len(course))])
        if not self._flickers(around, [parts[i] for i in range(first, len(parts))]):
            return Change.none(frame, {"gain": 1.0, "offset_share": 0.0})
        wanted = steady_course(around, place - first)
        gain, offset = fit_gain_offset(course[place], wanted, self.largest_gain)
        return exposed(frame, gain, offset)

    def _flickers(self, course: Array, parts: Sequence[Array]) -> bool:
        """Whether the frames flicker visibly, and all over the picture at once."""
        return (
            len(course) >= 3
            and flicker_level(course) >= self.visible
            and togetherness(np.stack(parts)) >= self.together
        )


def exposed(frame: Frame, gain: float, offset: float) -> Change:
    """The change that exposes a frame anew.

    Args:
        frame: the frame as it is.
        gain: factor on luma or R, G, B, and on chroma about neutral.
        offset: share of full range, added to luma or R, G, B.
    """
    neutral = (frame.peak + 1) / 2
    wanted = []
    for number, samples in enumerate(frame.samples()):
        exact = samples.to(torch.float64)
        if number > 0 and frame.format.layout != "rgb":
            exact = (exact - neutral) * gain + neutral
        else:
            exact = exact * gain + offset * frame.peak
        wanted.append(exact.round().to(torch.int32))
    return Change.between(frame, wanted, {"gain": gain, "offset_share": offset})
