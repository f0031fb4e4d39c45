"""Step `deflicker`: the exposure that wanders from frame to frame is brought back to its course.

Source: global gain and offset after van Roosmalen, Lagendijk and Biemond, "Correction of
intensity flicker in old film sequences", 1999, estimated as in Delon, "Movie and video scale-time
equalization", 2006, from the distribution of luma instead of from matching places, so that
neither dirt nor motion needs to be known. Ours differs in that the course is a robust local line
(Cleveland's LOESS, 1979), so that fades stay fades, and in that it answers only to film that
flickers: visibly, everywhere in the picture at once, and not in one frame but on and on.

How:
    1. Per frame, luma is sorted and cut into 20 slices of equal population; the means of the
       inner 18 are the frame's tones. Dirt moves the outer slices, which are dropped.
    2. Whether the film flickers is decided for stretches, not for frames. In flicker brightness
       turns back again and again, in all regions of the picture together: such turns are what is
       measured, in the frames around. A fade or a step of light has none, motion has them in each
       region at another time. Once seen, flicker is believed until the film is steady.
    3. Per tone, a line is fitted through the frames around (bisquare weights); its value at the
       frame is the wanted tone. Beside a real change of light the side the frame is on is used.
    4. A gain and an offset bring the frame's tones to the wanted ones (Huber weights).

Rounding is to the nearest code value. Luma (or R, G, B) gets gain and offset, chroma the gain
about neutral.

    5. Flicker that differs over the picture is followed place by place, along the motion
       (`models.tone.local_flicker`); a smooth field of gains takes out what the frame's own gain
       and offset leave of it. It also helps to tell flicker from motion.

Limits: what was clipped at black or white is not brought back. Flicker that sets in late is
corrected from `look_ahead` frames before it is plain. Stretches of fewer than eight differing
frames are left alone. In flickering film a real step of light within seven frames of the shot's end
is smoothed in time. Light that really flickers all over the picture, as in a thunderstorm, passes
for flicker; so does light in flickering film that turns in a place from frame to frame.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from models.contract import Change, Frame, Step, Touches
from models.motion import Motion
from models.tone.local_flicker import (
    PLACES,
    gain_field,
    local_gains,
    places,
    reduced,
    rises,
    turning,
)
from models.tone.tones import Array, blocks, fit_gain_offset, flickering, steady_course, tones

LOCAL = (0.6, 1.5)  # of `visible`, one and two frames apart: turns of places, free of motion
LEAST_SHARE = 0.25  # part of the frames that must turn; flashes are fewer
FLOW_REACH = 20  # frames; steps that follow lag by more, and `models.motion.HELD` is 64
STEADY = 0.1  # of `visible`: where flicker falls below this, it is over


@dataclass(frozen=True)
class Signs:
    """What is remembered of a frame.

    Attributes:
        tones: float64 `[18]`, of the whole picture.
        parts: float64 `[192]`, mean luma of the blocks.
        rise: float64 `[192]`, logarithm of the gain of each place since the frame before.
        luma: float32 `[h, w]`, reduced.
    """

    tones: Array
    parts: Array
    rise: Array
    luma: Tensor


@dataclass(frozen=True)
class Deflicker(Step):
    """Remove global flicker.

    Attributes:
        look_ahead: frames looked at on either side, 4..48, with `local` 4..20.
        visible: mean turn of brightness, as a share of it, above which film flickers, 0..1; at its
            peak film of 1906 and 1928 measured 0.010..0.037, modern footage (the first 120 frames
            of 22 clips) 0.0035, a time-lapse 0.0046.
        together: correlation of these turns between regions of the picture, below which they are
            taken for motion, 0..1; film measured 0.5..0.9.
        largest_gain: gains are kept within 1/largest_gain..largest_gain, 1..4.
        local: whether flicker that differs over the picture is looked for and removed too.
    """

    name: ClassVar[str] = "deflicker"
    version: ClassVar[int] = 3
    touches: ClassVar[Touches] = "every sample"

    look_ahead: int = 16
    visible: float = 0.006
    together: float = 0.4
    largest_gain: float = 1.6
    local: bool = True

    def __post_init__(self) -> None:
        if not 4 <= self.look_ahead <= 48:
            raise ValueError(f"look_ahead {self.look_ahead} is outside 4..48 frames")
        if self.local and self.look_ahead > FLOW_REACH:
            raise ValueError(f"look_ahead {self.look_ahead} is more than {FLOW_REACH} with local")
        if not 0 <= self.visible <= 1:
            raise ValueError(f"visible {self.visible} is outside 0..1")
        if not 0 <= self.together <= 1:
            raise ValueError(f"together {self.together} is outside 0..1")
        if not 1 <= self.largest_gain <= 4:
            raise ValueError(f"largest_gain {self.largest_gain} is outside 1..4")

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """Yield one change per frame; frames are held for `look_ahead`, tones for twice that."""
        waiting: deque[Frame] = deque()
        course: deque[Signs] = deque()
        before: Tensor | None = None
        place = 0  # index into `course` of the first waiting frame
        flickers = False
        for index, frame in enumerate(itertools.chain(frames, [None] * self.look_ahead)):
            if frame is not None:
                waiting.append(frame)
                course.append(self._read(frame, index, before, motion))
                before = course[-1].luma
            if not waiting or (frame is not None and len(waiting) <= self.look_ahead):
                continue
            flickers = self._flickers(course, flickers)
            yield self._answer(waiting.popleft(), course, place, flickers)
            place += 1
            if place > self.look_ahead:
                course.popleft()
                place -= 1

    def _read(self, frame: Frame, index: int, before: Tensor | None, motion: Motion) -> Signs:
        """What a frame shows of flicker."""
        luma = frame.luma()
        small = reduced(luma)
        rise = np.zeros(PLACES[0] * PLACES[1])
        if self.local:
            motion.see(index, luma)
        if self.local and before is not None:
            flow = motion.flow(index - 1, index, (int(small.shape[0]), int(small.shape[1])))
            rise = rises(before, small, flow)
        return Signs(tones(frame), blocks(frame), rise, small)

    def _flickers(self, course: Sequence[Signs], before: bool) -> bool:
        """Whether the film flickers around a frame, given that it did, or not, one before."""
        whole = flickering(np.stack([signs.parts for signs in course]), self.visible)
        rise = np.stack([signs.rise for signs in course])[1:]
        of_places = turning(rise) if self.local and len(rise) else ()
        least = [share * self.visible for share in LOCAL]
        judged = [(f, self.visible) for f in whole]
        judged += zip(of_places, least, strict=False)  # a short stretch has the first only
        plain = any(
            f.level >= enough and f.together >= self.together and f.share >= LEAST_SHARE
            for f, enough in judged
        )
        goes_on = any(f.level >= STEADY * self.visible for f in whole) or any(
            f.level >= enough / 2 for f, enough in zip(of_places, least, strict=False)
        )
        return plain or (before and goes_on)

    def _answer(self, frame: Frame, course: Sequence[Signs], place: int, flickers: bool) -> Change:
        """The change of the frame whose tones are `course[place]`."""
        if not flickers:
            return Change.none(frame, {"gain": 1.0, "offset_share": 0.0, "local_gain_rms": 0.0})
        now = course[place]
        wanted = steady_course(np.stack([signs.tones for signs in course]), place)
        gain, offset = fit_gain_offset(now.tones, wanted, self.largest_gain)
        gains = np.ones(len(now.rise))
        if self.local:
            bright = np.cumsum([signs.rise for signs in course], axis=0)
            away = steady_course(bright, place) - bright[place]
            gains = local_gains(away, places(now.luma), gain, offset)
        return exposed(frame, gain, offset, gains)


def exposed(frame: Frame, gain: float, offset: float, gains: Array) -> Change:
    """The change that exposes a frame anew.

    Args:
        frame: the frame as it is.
        gain: factor on luma or R, G, B, and on chroma about neutral.
        offset: share of full range, added to luma or R, G, B.
        gains: further factors, float64 `[192]`, place by place.
    """
    neutral = (frame.peak + 1) / 2
    wanted = []
    for number, plane in enumerate(frame.planes):
        exact = plane.to(torch.float32)
        factor = gain_field(gains, frame.format.plane_shapes[number]).to(exact.device)
        if number > 0 and frame.format.layout != "rgb":
            exact = exact.sub_(neutral).mul_(factor.mul_(gain)).add_(neutral)
        else:
            exact = exact.mul_(gain).add_(offset * frame.peak).mul_(factor)
        wanted.append(exact.round_().to(torch.int32))
    spread = float(np.sqrt(np.mean((gains - 1) ** 2)))
    parameters = {"gain": gain, "offset_share": offset, "local_gain_rms": spread}
    return Change.between(frame, wanted, parameters)
