"""A frame of any format as three channels, and samples from what is to be added to them.

The channels are luma and two colour differences, float32 `[3, H, W]` on the luma grid: luma in
0..1 of full range, colour differences around 0. Grey has colour differences of 0. R, G, B become
Y, Cb, Cr by ITU-R BT.709 and back; subsampled chroma is repeated over its footprint and what is to
be added is averaged over it, so a chroma sample changes only where a luma sample over it does.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.contract import BT709_LUMA, Frame
from models.degrade.blend import enlarged

GREEN, BLUE, RED = BT709_LUMA
BLUE_SPAN, RED_SPAN = 2 * (1 - BLUE), 2 * (1 - RED)


def channels_of(frame: Frame) -> Tensor:
    """Luma and colour differences of a frame, float32 `[3, H, W]`."""
    planes = [plane.to(torch.float32) / frame.peak for plane in frame.planes]
    if frame.format.layout == "gray":
        none = torch.zeros_like(planes[0])
        return torch.stack((planes[0], none, none))
    if frame.format.layout == "rgb":
        green, blue, red = planes
        luma = GREEN * green + BLUE * blue + RED * red
        return torch.stack((luma, (blue - luma) / BLUE_SPAN, (red - luma) / RED_SPAN))
    neutral = 0.5 * (frame.peak + 1) / frame.peak
    shape = (frame.format.height, frame.format.width)
    return torch.stack((planes[0], *(enlarged(plane, shape) - neutral for plane in planes[1:])))


def wanted_of(frame: Frame, addition: Tensor) -> list[Tensor]:
    """Code values, int32, of a frame to which three channels `[3, H, W]` are added."""
    if frame.format.layout == "gray":
        parts = [addition[0]]
    elif frame.format.layout == "rgb":
        luma, to_blue, to_red = addition
        blue, red = luma + BLUE_SPAN * to_blue, luma + RED_SPAN * to_red
        parts = [(luma - BLUE * blue - RED * red) / GREEN, blue, red]
    else:
        parts = [addition[0], *(_footprint_mean(p, frame) for p in addition[1:])]
    return [
        (samples + (part * frame.peak).round().to(torch.int32)).clamp(0, frame.peak)
        for samples, part in zip(frame.samples(), parts, strict=True)
    ]


def _footprint_mean(part: Tensor, frame: Frame) -> Tensor:
    lines, samples = frame.format.plane_shapes[1]
    size = (-(-part.shape[0] // lines), -(-part.shape[1] // samples))
    return functional.avg_pool2d(part[None, None], size, ceil_mode=True, count_include_pad=False)[
        0, 0
    ]
