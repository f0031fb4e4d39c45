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
from torch.nn import functional

from models.contract import Frame

DARKEST = 16 / 255
BRIGHTEST = 235 / 255
TAILS = (0.005, 0.995)  # share of the samples below black, and below white
KEPT_BLACK, LOST_BLACK = 0.14, 0.20  # low tails below are not faded, above fully
ORDINARY = (0.10, 0.86)  # tails of pictures that have not faded: medians of 21 clean clips
ENDS = 0.05  # share of the samples that are shadows, and highlights
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
    low, high = float(tails[0]), float(tails[1])
    faded = max(0.0, min(1.0, (low - KEPT_BLACK) / (LOST_BLACK - KEPT_BLACK)))
    if faded == 0 or high <= low:
        return Curve()
    wanted_low = low + faded * (ORDINARY[0] - low)
    wanted_high = max(high, high + faded * (ORDINARY[1] - high))
    contrast = min(most, (wanted_high - wanted_low) / (high - low))
    # where `most` allows no more, black and white fall short alike
    wanted_low += ((wanted_high - wanted_low) - contrast * (high - low)) / 2
    tints = torch.tensor([_tint(frame) for frame in frames]).median(dim=0).values
    blue, red = (max(-most_tint, min(most_tint, -faded * float(tint))) for tint in tints)
    return Curve(
        black=low - (wanted_low - DARKEST) / contrast,
        white=low + (BRIGHTEST - wanted_low) / contrast,
        colour_gain=contrast,
        blue_offset=blue,
        red_offset=red,
    )


def _tails(luma: Tensor) -> tuple[float, float]:
    counts = torch.bincount((luma * (LEVELS - 1)).round().long().flatten(), minlength=LEVELS)
    below = counts.cumsum(0).to(torch.float64) / luma.numel()
    black, white = (int(torch.searchsorted(below, tail)) for tail in TAILS)
    return black / (LEVELS - 1), white / (LEVELS - 1)


def _tint(frame: Frame) -> tuple[float, float]:
    """The tint that shadows and highlights have in common, about neutral, (blue, red)."""
    planes = [plane.to(torch.float32) / frame.peak for plane in frame.planes]
    if frame.format.layout == "gray":
        return 0.0, 0.0
    if frame.format.layout == "rgb":
        luma, u, v = _differences(planes[0], planes[1], planes[2])
    else:
        neutral = (frame.peak + 1) / 2 / frame.peak
        u, v = planes[1] - neutral, planes[2] - neutral
        luma = functional.interpolate(planes[0][None, None], tuple(u.shape), mode="area")[0, 0]
    order = luma.flatten().argsort()
    ends = max(1, int(ENDS * order.numel()))
    return _common(u.flatten()[order], ends), _common(v.flatten()[order], ends)


def _common(colour: Tensor, ends: int) -> float:
    """What both ends of a colour difference, sorted by luma, share; 0 where signs differ."""
    dark, light = float(colour[:ends].median()), float(colour[-ends:].median())
    return min(dark, light, key=abs) if dark * light > 0 else 0.0


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
