"""A sampled frame and its two neighbours, drawn where the frame has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.motion import Flow, enlarged, warp
from models.sight import filled
from tasks.metrics.blotch import Grey, Views
from tasks.metrics.pair import Pair, Triplet

Map = npt.NDArray[Any]
Places = tuple[Map, Map]  # of each sample on another picture, as `cv2.remap` reads them

DOUBTFUL = 0.04  # share of full range: where the flow is not believed, a blotch may lie


@dataclass(frozen=True)
class Sight:
    """A frame with its neighbours in place, and the neighbours as they are."""

    views: Views
    before: Grey
    after: Grey

    @staticmethod
    def of(pictures: Sequence[Tensor], places: Sequence[Places]) -> Sight:
        """Of three successive frames, luma `[H, W]` in 0..1, and where they see each other."""
        before, here, after = (
            picture.float().mul_(255).round_().clamp_(0, 255).byte().numpy() for picture in pictures
        )
        views = Views(here, _placed(before, here, places[0]), _placed(after, here, places[1]))
        return Sight(views, before, after)


def places_of(pair: Pair, triplet: Triplet) -> list[Places]:
    """Where the frames before and after show each sample of a sampled frame.

    The motion of the source serves both sides.
    """
    height, width = triplet.source[1].shape
    places: list[Places] = []
    for flow in _flows(pair, triplet.frame):
        x, y = enlarged(flow, (height, width)).numpy()
        x += np.arange(width, dtype=np.float32)
        y += np.arange(height, dtype=np.float32)[:, None]
        places.append(cv2.convertMaps(x, y, cv2.CV_16SC2))
    return places


def _flows(pair: Pair, frame: int) -> list[Flow]:
    """Flow to the frame before and the one after, filled in where blotches may be.

    Float32 `[h, w, 2]` at the proxy's scale.
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
    both = filled(torch.cat(coarse).permute(1, 2, 0).contiguous().numpy(), doubtful)
    return [both[..., :2], both[..., 2:]]


def _placed(other: Grey, here: Grey, places: Places) -> Grey:
    """A neighbour drawn where the frame has it, brought to the frame's brightness."""
    place = cv2.remap(other, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    away = here[::3, ::3].astype(np.int16) - place[::3, ::3]
    level = int(np.median(away))
    return np.asarray(cv2.LUT(place, (np.arange(256) + level).clip(0, 255).astype(np.uint8)))
