"""A frame's colour as R'G'B' at another place or size, for the metrics.

Planes are moved or reduced first, each by itself, and mixed afterwards: the matrix is linear,
so that the order does not matter, and small planes cost less. Range and matrix follow the
tags, as in `tasks.media.still`.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from catalogs.picture import PictureFormat
from catalogs.source import ColourTags
from models.contract import Frame
from tasks.media.still import is_full_range, mixed, weights_of

Plane = npt.NDArray[np.float32]
Place = Callable[[Plane, int, int], Plane]  # a plane and how much smaller it is, down and across


def planes_of(frame: Frame) -> tuple[Plane, ...]:
    """Code values of every plane, float32 `[H, W]`."""
    return tuple(plane.cpu().numpy().astype(np.float32) for plane in frame.planes)


def placed_rgb(
    planes: tuple[Plane, ...], form: PictureFormat, tags: ColourTags, place: Place
) -> Plane:
    """R'G'B' of a frame after each plane was put somewhere else.

    Args:
        planes: code values as `planes_of` gives them.
        form: their format; not gray.
        tags: how they are meant.
        place: moves or reduces one plane, told how much smaller it is than luma.

    Returns:
        float32 `[H', W', 3]`; limited range may reach a little beyond 0..1.
    """
    height, width = form.plane_shapes[0]
    put = [
        place(plane, round(height / plane.shape[0]), round(width / plane.shape[1]))
        for plane in planes
    ]
    full = is_full_range(form, tags)
    if form.layout == "rgb":
        green, blue, red = (_level(plane, form.depth, full) for plane in put)
        return np.stack((red, green, blue), -1)
    blueness, redness = (_difference(plane, form.depth, full) for plane in put[1:])
    return mixed(_level(put[0], form.depth, full), blueness, redness, weights_of(form, tags))


def reduced(width: int, height: int) -> Place:
    """A place: the whole picture on a smaller grid, by area."""

    def place(plane: Plane, _down: int, _across: int) -> Plane:
        small = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32)

    return place


def _level(plane: Plane, depth: int, full: bool) -> Plane:
    if full:
        return plane / np.float32((1 << depth) - 1)
    step = 1 << (depth - 8)
    return (plane - np.float32(16 * step)) / np.float32(219 * step)


def _difference(plane: Plane, depth: int, full: bool) -> Plane:
    span = (1 << depth) - 1 if full else 224 << (depth - 8)
    return (plane - np.float32(1 << (depth - 1))) / np.float32(span)
