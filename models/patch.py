"""Dirty samples replaced by those of a neighbour, in every plane of a frame.

Each blotch is filled from one neighbour, the one that fits best around it and agrees best with
the others within it; a mean of several would be smoother than the film's grain.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import torch
from torch import Tensor

from models.blotches import Verdict
from models.contract import Frame
from models.labels import Labels, Mask, Picture, grown, mean_of, ring_of
from models.motion import resize_flow, warp
from models.planes import reduced
from models.sight import View, levelled

MARGIN = 2  # samples at 480 lines by which a blotch is grown; its soft edge lies there


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
        shape = (int(samples.shape[0]), int(samples.shape[1]))
        now = samples.to(torch.float32) / frame.peak
        part = reduced(weight, shape)
        dirty = part.numpy() > 0
        wanted = now.clone()
        for place, view in enumerate(views):
            used = reduced(torch.from_numpy((choice == place).astype(np.float32)), shape) > 0
            if not bool(used.any()):
                continue
            source = frames[view.offset].samples()[number].to(torch.float32) / frame.peak
            moved = warp(source, resize_flow(view.flow, shape), "bicubic")
            matched = levelled(moved.numpy(), now.numpy(), dirty)
            wanted = torch.where(used, torch.from_numpy(matched), wanted)
        delta = ((wanted - now) * part * frame.peak).round().to(torch.int32)
        deltas.append(torch.where(part > 0, delta, 0))
    return tuple(deltas)


def _soft(mask: Mask, margin: int) -> Picture:
    """Weight of the patch: 1 on the blotch and next to it, falling off within the margin."""
    weight = mask.astype(np.float32)
    kernel = np.ones((3, 3), np.uint8)
    reached: Picture = weight
    for step in range(1, margin + 1):
        reached = cv2.dilate(reached, kernel).astype(np.float32)
        weight = np.maximum(weight, reached * np.float32(1.0 if step < margin else 0.5))
    return weight


def _choose(here: Picture, views: list[View], labels: Labels) -> Labels:
    """For each sample the place in `views` of its blotch's best neighbour, -1 where clean."""
    count = int(labels.max()) + 1
    ring = ring_of(labels, 4)
    middle = np.median(np.stack([view.luma for view in views]), axis=0)
    scores = np.stack(
        [
            mean_of(np.abs(here - view.luma), ring, count)
            + mean_of(np.abs(middle - view.luma), labels, count)
            for view in views
        ]
    )
    best = scores.argmin(axis=0)
    best[0] = -1
    chosen: Labels = best.astype(np.int32)[labels]
    return chosen
