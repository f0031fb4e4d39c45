"""Step `fade`: faded dye and lost contrast are brought back, by one curve for a whole shot.

Source: percentile stretch, and the grey-world assumption (Buchsbaum, "A spatial processor model for
object colour perception", 1980), here of shadows and highlights only. Ours differs in that the
curve is one for the shot, so that nothing flickers, and that it acts only on a shot that has lost
its black: dyes that fade leave shadows grey, while a dark or a colourful picture has black
somewhere and stays as it is.

How, from the first `look_ahead` frames:
    1. Luma at the 0.5th and the 99.5th percentile, the median over the frames, are the tails. A low
       tail below 0.14 is ordinary, above 0.20 faded; between, the correction sets in.
    2. The tails are moved to where unfaded pictures have them, contrast and colours are stretched
       by no more than `most`.
    3. The tint that shadows and highlights have in common is taken out, up to `most_tint`. A lawn
       or a face has none.
    4. Every frame of the shot gets this curve. It is recorded with each frame.

Without `automatic` the parameters are the curve. With it they are applied on top, after it.

Colour differences are the planes U and V; in RGB those of ITU-R BT.709, and the result goes back
to RGB.

Limits: the whole shot is judged by its first frames. Fog, and a shot without anything dark, pass
for faded; `most` bounds the harm. Highlights that lost their white while shadows kept black stay.
Dyes fade by density, not evenly: shadows may keep a rest of the tint.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from models.contract import Change, Frame, Step, Touches
from models.motion import Motion
from models.tone.fade_curve import BRIGHTEST, DARKEST, Curve, curved, measured


@dataclass(frozen=True)
class Fade(Step):
    """Undo fading.

    Attributes:
        look_ahead: frames at the start of the shot that the curve is estimated from, 1..48.
        automatic: whether the curve is estimated.
        most: largest factor on contrast that is estimated, 1..4.
        most_tint: largest tint that is taken out by estimate, share of full range, 0..0.5.
        black: luma that becomes 16/255, share of full range, 0..0.5.
        white: luma that becomes 235/255, share of full range, 0.5..1.
        gamma: exponent on luma between black and white, 0.25..4; above 1 is darker.
        colour_gain: factor on the colour differences, 0..4.
        blue_offset, red_offset: added to U and V, share of full range, -0.5..0.5.
    """

    name: ClassVar[str] = "fade"
    version: ClassVar[int] = 1
    touches: ClassVar[Touches] = "every sample"

    look_ahead: int = 24
    automatic: bool = True
    most: float = 2.0
    most_tint: float = 0.08
    black: float = DARKEST
    white: float = BRIGHTEST
    gamma: float = 1.0
    colour_gain: float = 1.0
    blue_offset: float = 0.0
    red_offset: float = 0.0

    def __post_init__(self) -> None:
        limits = {
            "look_ahead": (1, 48),
            "most": (1, 4),
            "most_tint": (0, 0.5),
            "black": (0, 0.5),
            "white": (0.5, 1),
            "gamma": (0.25, 4),
            "colour_gain": (0, 4),
            "blue_offset": (-0.5, 0.5),
            "red_offset": (-0.5, 0.5),
        }
        for field, (least, most) in limits.items():
            value = getattr(self, field)
            if not least <= value <= most:
                raise ValueError(f"{field} {value} is outside {least}..{most}")
        if self.white - self.black < 0.05:
            raise ValueError(f"white {self.white} is not above black {self.black} by 0.05")

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """Yield one change per frame, once the first `look_ahead` frames are read."""
        first = list(itertools.islice(frames, self.look_ahead + 1 if self.automatic else 1))
        if not first:
            return
        given = Curve(
            self.black, self.white, self.gamma, self.colour_gain, self.blue_offset, self.red_offset
        )
        found = measured(first, self.most, self.most_tint) if self.automatic else Curve()
        curves = [curve for curve in (found, given) if curve != Curve()]
        facts = found.facts("found_") | given.facts("given_")
        while first:
            yield _change(first.pop(0), curves, facts)
        for frame in frames:
            yield _change(frame, curves, facts)


def _change(frame: Frame, curves: list[Curve], facts: dict[str, float]) -> Change:
    if not curves:
        return Change.none(frame, facts)
    planes: tuple[Tensor, ...] = tuple(p.to(torch.float32) / frame.peak for p in frame.planes)
    for curve in curves:
        planes = curved(planes, frame.format.layout, curve, (frame.peak + 1) / 2 / frame.peak)
    wanted = [(plane * frame.peak).round().to(torch.int32) for plane in planes]
    return Change.between(frame, wanted, facts)
