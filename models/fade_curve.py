"""The curve that undoes fading: how it is measured and applied.

Luma and colour differences are float32, shares of full range; neutral is near 0.5. Black and
white lie at 16/255 and 235/255: a picture in full range is stretched a little less than it could
be, and one in limited range is never driven out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from models.contract import Frame

DARKEST = 16 / 255
BRIGHTEST = 235 / 255
TAILS = (0.005, 0.995)  # share of the samples below black, and below white
ENOUGH = 0.02  # share of full range: black or white this near to its place has kept it
TINTED = 0.01  # share of full range: a smaller mean colour is none
LEVELS = 4096  # in which luma is counted
KR, KB = 0.2126, 0.0722  # ITU-R BT.709


@dataclass(frozen=True)
class Curve:
    """What is done to luma and to the colour differences.

    Attributes:
        black, white: luma that becomes 16/255 and 235/255.
        gamma: exponent between them.
        colour_gain: factor on the colour differences, after the offsets.
        blue_offset, red_offset: added to U and V.
    """

    black: float = DARKEST
    white: float = BRIGHTEST
    gamma: float = 1.0
    colour_gain: float = 1.0
    blue_offset: float = 0.0
    red_offset: float = 0.0

    def facts(self, prefix: str) -> dict[str, float]:
        """The parameters by name, for a change's record."""
        ratios = ("gamma", "colour_gain")
        return {
            prefix + name + ("" if name in ratios else "_share"): float(value)
            for name, value in asdict(self).items()
        }


def measured(frames: Sequence[Frame], most: float, most_tint: float) -> Curve:
    """The curve that frames ask for.

    Args:
        frames: the first of a shot.
        most: largest factor on contrast.
        most_tint: largest offset of the colour differences.
    """
    tails = torch.tensor([_tails(frame.luma()) for frame in frames]).median(dim=0).values
    black, white = max(float(tails[0]), DARKEST), min(float(tails[1]), BRIGHTEST)
    if black - DARKEST < ENOUGH:
        return Curve()  # what has kept its black has not faded; it is dark, or colourful
    white = BRIGHTEST if BRIGHTEST - white < ENOUGH else white
    black, white = _bounded(black, white, most)
    tints = [_tint(frame) for frame in frames]
    blue, red = (float(t) for t in torch.tensor(tints).median(dim=0).values)
    if max(abs(blue), abs(red)) < TINTED:
        blue = red = 0.0
    gain = (BRIGHTEST - DARKEST) / (white - black)
    offsets = [max(-most_tint, min(most_tint, -tint)) for tint in (blue, red)]
    return Curve(black, white, 1.0, gain, offsets[0], offsets[1])


def _bounded(black: float, white: float, most: float) -> tuple[float, float]:
    """Black and white far enough apart that contrast rises by no more than `most`."""
    least = (BRIGHTEST - DARKEST) / most
    lacking = least - (white - black)
    if lacking <= 0:
        return black, white
    below, above = black - DARKEST, BRIGHTEST - white
    share = below / (below + above)
    return black - lacking * share, white + lacking * (1 - share)


def _tails(luma: Tensor) -> tuple[float, float]:
    counts = torch.bincount((luma * (LEVELS - 1)).round().long().flatten(), minlength=LEVELS)
    below = counts.cumsum(0).to(torch.float64) / luma.numel()
    black, white = (int(torch.searchsorted(below, tail)) for tail in TAILS)
    return black / (LEVELS - 1), white / (LEVELS - 1)


def _tint(frame: Frame) -> tuple[float, float]:
    """Mean of the colour differences about neutral, (blue, red)."""
    if frame.format.layout == "gray":
        return 0.0, 0.0
    planes = [plane.to(torch.float32) / frame.peak for plane in frame.planes]
    if frame.format.layout == "rgb":
        _, u, v = _differences(planes[0], planes[1], planes[2])
        return float(u.mean()), float(v.mean())
    neutral = (frame.peak + 1) / 2 / frame.peak
    return float(planes[1].mean()) - neutral, float(planes[2].mean()) - neutral


def curved(
    planes: tuple[Tensor, ...], layout: str, curve: Curve, neutral: float
) -> tuple[Tensor, ...]:
    """Apply a curve.

    Args:
        planes: float32 `[H, W]` each, shares of full range, in the source's order.
        layout: of the picture's format.
        curve: what to do.
        neutral: of U and V, share of full range.
    """
    if layout == "rgb":
        luma, u, v = _differences(planes[0], planes[1], planes[2])
        luma = _stretched(luma, curve)
        u = (u + curve.blue_offset) * curve.colour_gain
        v = (v + curve.red_offset) * curve.colour_gain
        red, blue = luma + v * 2 * (1 - KR), luma + u * 2 * (1 - KB)
        return (luma - KR * red - KB * blue) / (1 - KR - KB), blue, red
    wanted = [_stretched(planes[0], curve)]
    for plane, offset in zip(planes[1:], (curve.blue_offset, curve.red_offset), strict=False):
        wanted.append((plane - neutral + offset) * curve.colour_gain + neutral)
    return tuple(wanted)


def _stretched(luma: Tensor, curve: Curve) -> Tensor:
    """Luma with black and white in their places; beyond them the line goes on."""
    share = (luma - curve.black) / (curve.white - curve.black)
    if curve.gamma != 1:
        share = torch.where((share > 0) & (share < 1), share.clamp(0, 1) ** curve.gamma, share)
    return DARKEST + (BRIGHTEST - DARKEST) * share


def _differences(green: Tensor, blue: Tensor, red: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Luma and colour differences about 0 of RGB planes, ITU-R BT.709."""
    luma = KR * red + (1 - KR - KB) * green + KB * blue
    return luma, (blue - luma) / (2 * (1 - KB)), (red - luma) / (2 * (1 - KR))
