"""Dirty samples replaced by those of a neighbour, in every plane of a frame.

Each blotch is filled from one neighbour, the one that fits best around it and agrees best with
the others within it; a mean of several would be smoother than the film's grain. Only the dirty
samples are computed.

Limits: brightness is matched to the neighbour's, colour is not; chroma is taken to sit on the first
luma sample of its footprint.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import torch
from torch import Tensor

from models.contract import Frame
from models.dirt.blotches import Verdict
from models.labels import Labels, Mask, Picture, grown, mean_of, middle_of, ring_of
from models.motion import sampled
from models.planes import reduced
from models.sight import View

MARGIN = 2  # samples at 480 lines by which a blotch is grown; its soft edge lies there
SURROUNDINGS = 4  # samples around a blotch in which its neighbours are compared


def patched(
    frame: Frame, frames: Mapping[int, Frame], views: list[View], verdict: Verdict
) -> tuple[Tensor | None, ...]:
    """The change that replaces the dirty samples: per plane int32 `[H, W]`, 0 elsewhere.

    Args:
        frame: the dirty frame.
        frames: the neighbours by offset.
        views: the neighbours in place.
        verdict: the blotches that are dirt.
    """
    here = frame.luma().cpu().numpy()
    margin = max(1, round(MARGIN * frame.format.height / 480))
    choice = _choose(here, views, grown(verdict.labels, margin))
    weight = torch.from_numpy(_soft(verdict.mask, margin))
    deltas: list[Tensor | None] = []
    for number, samples in enumerate(frame.samples()):
        part = reduced(weight, (int(samples.shape[0]), int(samples.shape[1])))
        delta = torch.zeros_like(samples)
        rows, columns = torch.nonzero(part, as_tuple=True)
        down, across = _footprint(here.shape, part.shape)
        chosen = _largest_in_footprint(choice, rows, columns, (down, across))
        chroma = number > 0 and frame.format.layout != "rgb"
        for place, view in enumerate(views):
            y, x = rows[chosen == place], columns[chosen == place]
            flow = view.flow[:, y * down, x * across] / torch.tensor([[across], [down]])
            source = frames[view.offset].planes[number].to(torch.float32)
            wanted = sampled(source, y + flow[1], x + flow[0])
            if not chroma:
                wanted = wanted + torch.from_numpy(view.level)[y, x] * frame.peak
            wanted = wanted.clamp(0, frame.peak)
            delta[y, x] = ((wanted - samples[y, x]) * part[y, x]).round().to(torch.int32)
        deltas.append(delta)
    return tuple(deltas)


def _footprint(luma: tuple[int, ...], plane: tuple[int, ...]) -> tuple[int, int]:
    """Luma samples per sample of a plane, (down, across)."""
    return -(-luma[0] // plane[0]), -(-luma[1] // plane[1])


def _largest_in_footprint(
    choice: Labels, rows: Tensor, columns: Tensor, footprint: tuple[int, int]
) -> Tensor:
    """The choice for each sample of a plane: the largest of its luma samples'."""
    down, across = footprint
    last_row, last_column = choice.shape[0] - 1, choice.shape[1] - 1
    chosen = torch.full_like(rows, -1)
    every = torch.from_numpy(choice).to(torch.int64)
    for dy in range(down):
        for dx in range(across):
            y = (rows * down + dy).clamp(max=last_row)
            x = (columns * across + dx).clamp(max=last_column)
            chosen = torch.maximum(chosen, every[y, x])
    return chosen


def _soft(mask: Mask, margin: int) -> Picture:
    """Weight of the patch: 1 on the blotch and next to it, falling off within the margin."""
    inner, outer = (
        cv2.dilate(mask.view(np.uint8), np.ones((2 * by + 1, 2 * by + 1), np.uint8))
        for by in (margin - 1, margin)
    )
    return np.asarray((inner + outer) * np.float32(0.5), np.float32)


def _choose(here: Picture, views: list[View], labels: Labels) -> Labels:
    """For each sample the place in `views` of its blotch's best neighbour, -1 where clean."""
    count = int(labels.max()) + 1
    ring = ring_of(labels, SURROUNDINGS)
    around, under = (np.flatnonzero(part.ravel() > 0) for part in (ring, labels))
    middle = middle_of(np.stack([view.luma.ravel()[under] for view in views]))
    scores = np.stack(
        [
            mean_of(
                np.abs(here.ravel()[around] - view.luma.ravel()[around]),
                ring.ravel()[around],
                count,
            )
            + mean_of(np.abs(middle - view.luma.ravel()[under]), labels.ravel()[under], count)
            for view in views
        ]
    )
    best = scores.argmin(axis=0)
    best[0] = -1
    chosen: Labels = best.astype(np.int32)[labels]
    return chosen
