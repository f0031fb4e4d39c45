"""A sampled frame and its two neighbours, drawn where the frame has them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from torch import Tensor

from models.motion import Flow, enlarged, warp
from models.sight import filled
from tasks.metrics.blotch import Grey, Views
from tasks.metrics.pair import Pair

DOUBTFUL = 0.04  # share of full range: where the flow is not believed, a blotch may lie


@dataclass(frozen=True)
class Sight:
    """A frame with its neighbours in place, and the neighbours as they are."""

    views: Views
    before: Grey
    after: Grey

    @staticmethod
    def of(pictures: Tensor, flows: list[Flow]) -> Sight:
        """Of three successive frames, float32 `[3, H, W]` in 0..1, and two flows."""
        before, here, after = (
            (picture * 255).round().clamp(0, 255).byte().numpy() for picture in pictures
        )
        views = Views(here, _placed(before, here, flows[0]), _placed(after, here, flows[1]))
        return Sight(views, before, after)


def flows_of(pair: Pair, frame: int) -> list[Flow]:
    """Flow to the frame before and the one after, filled in where blotches may be.

    The motion of the source serves both sides; float32 `[h, w, 2]` at the proxy's scale.
    """
    here = pair.source[frame]
    coarse = [pair.flow.backward[frame - 1].float(), pair.flow.forward[frame].float()]
    apart = []
    for number, flow in zip((frame - 1, frame + 1), coarse, strict=True):
        difference = here - warp(pair.source[number], flow)
        apart.append(difference - difference[::2, ::2].median())
    size = apart[0].abs().minimum(apart[1].abs())
    spike = ((size > DOUBTFUL) & (apart[0] * apart[1] > 0)).numpy().astype(np.uint8)
    doubtful = cv2.morphologyEx(spike, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)) > 0
    wide = [np.ascontiguousarray(flow.permute(1, 2, 0).numpy()) for flow in coarse]
    return [filled(flow, doubtful) for flow in wide]


def _placed(other: Grey, here: Grey, flow: Flow) -> Grey:
    """A neighbour drawn where the frame has it, brought to the frame's brightness."""
    height, width = here.shape
    x, y = enlarged(flow, (height, width)).numpy()
    x += np.arange(width, dtype=np.float32)
    y += np.arange(height, dtype=np.float32)[:, None]
    place = cv2.remap(other, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    away = here[::3, ::3].astype(np.int16) - place[::3, ::3]
    level = int(np.median(away))
    return np.asarray(cv2.LUT(place, (np.arange(256) + level).clip(0, 255).astype(np.uint8)))
