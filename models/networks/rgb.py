"""A frame as a network wants it, and a network's change as the frame's own samples.

What a network changed in R'G'B' is added to the frame's own luma and chroma. The way to R'G'B' and
back by itself changes nothing: where the network changes nothing, the sample is the source's.

Limits: the matrix is BT.709 and the range limited, `yuvj` formats, `gray` and `rgb` full, whatever
the file is tagged as; a network is little disturbed by the difference, and the samples it does not
change are not disturbed at all.

What changes its pixels raises `ModelStep.version`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.contract import Frame
from models.planes import averaged

KR, KG, KB = 0.2126, 0.7152, 0.0722  # ITU-R BT.709
_BLUE, _RED = 2 * (1 - KB), 2 * (1 - KR)  # of a difference of colour at full scale


def as_rgb(frame: Frame) -> Tensor:
    """A frame as float32 R'G'B' `[3, H, W]`, 0..1; grey is three times the same."""
    planes = [plane.to(torch.float32) for plane in frame.planes]
    if frame.format.layout == "gray":
        return (planes[0] / frame.peak).expand(3, -1, -1)
    if frame.format.layout == "rgb":
        green, blue, red = planes
        return torch.stack([red, green, blue]) / frame.peak
    black, luma_scale, chroma_scale = _scales(frame)
    size = frame.format.plane_shapes[0]
    chroma = torch.stack(planes[1:])[None]
    wide = functional.interpolate(chroma, size=size, mode="bilinear", align_corners=False)[0]
    y = (planes[0] - black) / luma_scale
    cb, cr = (wide - (frame.peak + 1) / 2) / chroma_scale
    red, blue = y + _RED * cr, y + _BLUE * cb
    return torch.stack([red, (y - KR * red - KB * blue) / KG, blue]).clamp(0, 1)


def samples_plus(frame: Frame, change: Tensor) -> tuple[Tensor, ...]:
    """The frame's samples, int32, with a change of R'G'B' float32 `[3, H, W]` added."""
    deltas = _deltas(frame, change)
    return tuple(
        plane + delta.clamp(-frame.peak, frame.peak).round().to(torch.int32)
        for plane, delta in zip(frame.samples(), deltas, strict=True)
    )


def _deltas(frame: Frame, change: Tensor) -> list[Tensor]:
    red, green, blue = change
    if frame.format.layout == "rgb":
        return [part * frame.peak for part in (green, blue, red)]
    if frame.format.layout == "gray":
        return [change.mean(0) * frame.peak]
    _, luma_scale, chroma_scale = _scales(frame)
    y = KR * red + KG * green + KB * blue
    cb, cr = (blue - y) / _BLUE * chroma_scale, (red - y) / _RED * chroma_scale
    shapes = frame.format.plane_shapes[1:]
    chroma = [averaged(c[None], shape)[0] for c, shape in zip((cb, cr), shapes, strict=True)]
    return [y * luma_scale, *chroma]


def _scales(frame: Frame) -> tuple[float, float, float]:
    """Code value of black, of luma from black to white, of chroma from end to end."""
    if frame.format.pixel_format.startswith("yuvj"):
        return 0.0, float(frame.peak), float(frame.peak)
    unit = (frame.peak + 1) / 256
    return 16 * unit, 219 * unit, 224 * unit
