"""How alike two pictures are, area by area, whatever their brightness.

Source: normalised cross-correlation in windows, as in template matching. Ours is damped where
neither picture has structure, so that noise of a flat area counts for nothing.

Pictures are compared small: on `LINES` lines grain is averaged out, and motion that is off by a
sample or two of the source does not matter.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from models.labels import Mask, Picture, odd

LINES = 120  # pictures are compared on at most so many
AREA = 1 / 10  # of the height: side of the window
FLAT = 0.012  # share of full range: a window whose luma varies by less has no structure
ALIKE = 0.5  # correlation from which two windows show one thing


def small(luma: Tensor) -> Picture:
    """The luma on at most `LINES` lines, specks taken out, float32 `[h, w]`."""
    picture = luma.cpu().numpy()
    height, width = picture.shape
    if height > LINES:
        size = (max(1, round(width * LINES / height)), LINES)
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.medianBlur(np.ascontiguousarray(picture), 3), np.float32)


def small_flow(flow: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A flow brought to a small picture `[h, w]`, in its samples, float32 `[2, h, w]`."""
    height, width = int(flow.shape[1]), int(flow.shape[2])
    parts = cv2.resize(
        np.ascontiguousarray(flow.cpu().numpy().transpose(1, 2, 0)),
        (shape[1], shape[0]),
        interpolation=cv2.INTER_AREA,
    )
    parts = parts.reshape(*shape, 2) * np.array([shape[1] / width, shape[0] / height], np.float32)
    return torch.from_numpy(np.ascontiguousarray(parts.transpose(2, 0, 1)))


def _side(picture: Picture) -> tuple[int, int]:
    side = odd(picture.shape[0] * AREA)
    return side, side


def level(picture: Picture) -> Picture:
    """Mean of the window around each sample."""
    return np.asarray(cv2.blur(picture, _side(picture)), np.float32)


def spread(picture: Picture) -> Picture:
    """Standard deviation in the window around each sample."""
    mean = level(picture)
    return np.asarray(np.sqrt(np.maximum(level(picture * picture) - mean * mean, 0)), np.float32)


def likeness(one: Picture, other: Picture) -> Picture:
    """Correlation in the window around each sample, -1..1; 0 where one has no structure."""
    shared = level(one * other) - level(one) * level(other)
    scale = np.maximum(spread(one), FLAT) * np.maximum(spread(other), FLAT)
    return np.asarray(shared / scale, np.float32)


def unlike_share(one: Picture, other: Picture) -> float:
    """Share of the structured picture in which two pictures show different things, 0..1."""
    structured: Mask = np.maximum(spread(one), spread(other)) > FLAT
    if not structured.any():
        return 0.0
    return float((likeness(one, other)[structured] < ALIKE).mean())
