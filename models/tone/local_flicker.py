"""Flicker that differs over the picture: how brightness turns, place by place.

Source: intensity flicker that varies over the picture, corrected by smooth fields of gain, after
van Roosmalen, Lagendijk and Biemond, "Correction of intensity flicker in old film sequences",
1999. Ours differs in that brightness is followed along the motion, from frame to frame: what
moves in or out of a place does not count, only what became brighter or darker.

Limits: gains only; what flickers within a tenth of the picture stays. Where motion is not found,
as in water, smoke and fast shadows, real light may pass for flicker, if it turns in many frames
and all over the picture, neighbouring places together.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import torch
from torch import Tensor

from models.motion import warp
from models.tone.tones import APART, BLACK, LEAST_TURNS, STILL, Array, Flickering, turns_of

PLACES = (12, 16)  # down and across
LINES = 96  # brightness is followed on so many at most
LARGEST = 0.25  # of a logarithm of gain; larger is no flicker of a place


def reduced(luma: Tensor) -> Tensor:
    """Luma as it is followed, float32 `[h, w]` of at most `LINES` lines, on the CPU."""
    height, width = luma.shape
    if height <= LINES:
        return luma.cpu()
    size = (LINES, max(1, round(width * LINES / height)))
    return torch.nn.functional.adaptive_avg_pool2d(luma[None], size)[0].cpu()


def rises(here: Tensor, there: Tensor, flow: Tensor) -> Array:
    """How much brighter each place is in another frame, along the motion.

    Args:
        here: float32 `[H, W]`, luma of the frame that the places belong to.
        there: luma of the other frame.
        flow: float32 `[2, H, W]` from here to there.

    Returns:
        float64 `[192]`: natural logarithm of the gain, median over the samples of the place.
    """
    place = warp(there, flow)
    ratio = torch.log((place + BLACK) / (here + BLACK)).numpy().astype(np.float64)
    height, width = ratio.shape
    rows, columns = _parts(height, PLACES[0]), _parts(width, PLACES[1])
    return np.array([np.median(ratio[row, column]) for row in rows for column in columns])


def _parts(length: int, count: int) -> list[slice]:
    """Cut a side into parts of at least one sample, which may overlap where it is short."""
    borders = np.arange(count + 1) * length // count
    return [slice(min(a, length - 1), max(b, a + 1)) for a, b in itertools.pairwise(borders)]


def turning(rise: Array) -> tuple[Flickering, ...]:
    """Measure flicker of places that takes one or two frames to turn back.

    Args:
        rise: float64 `[T, 192]` from `rises`, from frame to frame.

    Returns:
        Level and share of the turns of the middle place; `together` between neighbours.
    """
    return tuple(
        _flickering(turns_of(rise, apart), apart)
        for apart in APART
        if len(rise) + 1 >= 4 * apart + LEAST_TURNS
    )


def _flickering(turns: Array, apart: int) -> Flickering:
    size = np.sort(np.abs(turns), axis=0)[: -2 * apart].mean(axis=0)
    level = float(np.median(size))
    norm = np.sqrt((turns**2).sum(axis=0)) + STILL * len(turns) ** 0.5
    unit = (turns / norm).reshape(-1, *PLACES)
    beside, below = (unit[:, :, 1:] * unit[:, :, :-1]), (unit[:, 1:] * unit[:, :-1])
    alike = np.concatenate((beside.sum(axis=0).ravel(), below.sum(axis=0).ravel()))
    share = float((np.abs(turns) > level / 2).mean())
    return Flickering(level, float(np.median(alike)), share)


def places(luma: Tensor) -> Array:
    """Mean luma of each place, float64 `[192]`."""
    means = torch.nn.functional.adaptive_avg_pool2d(luma[None], PLACES)
    return means.flatten().numpy().astype(np.float64)


def local_gains(rise: Array, luma: Array, gain: float, offset: float) -> Array:
    """Gains that the places still need after the frame's gain and offset, `[192]`.

    They leave the mean of the picture as it is: of that, the tones know more.

    Args:
        rise: float64 `[192]`, logarithm of the gain that brings each place to its course.
        luma: float64 `[192]`, mean luma of each place.
        gain: the frame's.
        offset: the frame's, share of full range.
    """
    done = np.log(np.maximum(gain * luma + offset + BLACK, BLACK / 2) / (luma + BLACK))
    left = np.clip(rise - done, -LARGEST, LARGEST).reshape(PLACES)
    padded = np.pad(left, 1, mode="edge")
    near = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    gains = np.exp(near.mean(axis=(2, 3))).ravel()
    light = np.maximum(gain * luma + offset, 0.0) + BLACK
    return np.asarray(gains * light.sum() / (gains * light).sum())


def gain_field(gains: Array, shape: tuple[int, int]) -> Tensor:
    """Gains of the places `[192]` as a smooth field float32 `[H, W]`."""
    coarse = gains.reshape(PLACES).astype(np.float32)
    size = (shape[1], shape[0])
    return torch.from_numpy(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC))
