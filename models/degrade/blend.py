"""How a damage reaches the samples: covering some of them, or writing all of them anew.

A cover is opaque to translucent and has a grey of its own; chroma goes to neutral with it.
All arithmetic is on the frame's own device, and so is the mask.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from models.contract import Frame


def is_chroma(frame: Frame, number: int) -> bool:
    """True for the planes U and V: their neutral is mid-range."""
    return number > 0 and frame.format.layout != "rgb"


def rewritten(frame: Frame, wanted: Sequence[Tensor]) -> tuple[Frame, Tensor]:
    """The frame with float code values `[h, w]` rounded into range; the mask is everywhere."""
    planes = tuple(
        values.round().clamp(0, frame.peak).to(plane.dtype)
        for plane, values in zip(frame.planes, wanted, strict=True)
    )
    shape = (frame.format.height, frame.format.width)
    return Frame(planes, frame.format), torch.ones(
        shape, dtype=torch.bool, device=frame.planes[0].device
    )


def covered(frame: Frame, cover: Tensor, level: Tensor) -> tuple[Frame, Tensor]:
    """Blend a cover into every plane.

    Args:
        frame: what is covered.
        cover: opacity, float32 `[H, W]` in 0..1; 0 leaves the samples as they are.
        level: grey of the cover as share of full range, float32 `[H, W]`.

    Returns:
        (covered frame, bool `[H, W]`: where any sample became another).
    """
    height, width = frame.format.height, frame.format.width
    device = frame.planes[0].device
    cover, level = cover.to(device), level.to(device)
    mask = torch.zeros(height, width, dtype=torch.bool, device=device)
    planes = []
    for number, (plane, samples) in enumerate(zip(frame.planes, frame.samples(), strict=True)):
        shape = (int(plane.shape[0]), int(plane.shape[1]))
        if is_chroma(frame, number):
            colour = torch.full(shape, 0.5 * (frame.peak + 1), device=device)
        else:
            colour = level * frame.peak
        blended = samples + (colour - samples) * mean_cover(cover, shape)
        painted = blended.round().clamp(0, frame.peak).to(torch.int32)
        planes.append(painted.to(plane.dtype))
        mask |= enlarged(painted != samples, (height, width))
    return Frame(tuple(planes), frame.format), mask


def mean_cover(cover: Tensor, shape: tuple[int, int]) -> Tensor:
    """Mean opacity over the footprint of each sample of a plane of the given shape."""
    down, across = -(-cover.shape[0] // shape[0]), -(-cover.shape[1] // shape[1])
    if (down, across) == (1, 1):
        return cover
    return functional.avg_pool2d(
        cover[None, None], (down, across), ceil_mode=True, count_include_pad=False
    )[0, 0]


def enlarged(changed: Tensor, shape: tuple[int, int]) -> Tensor:
    """A plane's mask on the luma grid: every sample marks its footprint."""
    down, across = -(-shape[0] // changed.shape[0]), -(-shape[1] // changed.shape[1])
    whole = changed.repeat_interleave(down, 0).repeat_interleave(across, 1)
    return whole[: shape[0], : shape[1]]


def place(cover: Tensor, level: Tensor, shape: Tensor, colour: float, top: int, left: int) -> None:
    """Lay a small cover over the others, in place, where it covers more than they do.

    Args:
        cover: opacity so far, float32 `[H, W]`.
        level: grey so far, float32 `[H, W]`.
        shape: opacity of the small one, float32 `[h, w]`; it may reach beyond the picture.
        colour: its grey as share of full range.
        top: line of its first row.
        left: sample of its first column.
    """
    height, width = cover.shape
    rows = slice(max(top, 0), min(top + shape.shape[0], height))
    columns = slice(max(left, 0), min(left + shape.shape[1], width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    part = shape[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    above = part > cover[rows, columns]
    cover[rows, columns] = torch.where(above, part, cover[rows, columns])
    level[rows, columns] = torch.where(above, colour, level[rows, columns])
