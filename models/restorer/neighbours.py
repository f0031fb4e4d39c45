"""What the network is shown of a frame: the engine's answer, its neighbours' in place, and clues.

The engine runs first (`models.restorer.engine`). What is shown of other frames is its answer, drawn
in place along the motion of its answers; so nothing that the engine repaired is shown of another
frame. Where a shot has no neighbour, the nearest that there is takes its place.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from models.contract import Frame
from models.motion import Flow, Motion, enlarged, joined, warp
from models.restorer.bounds import bounds_of
from models.restorer.config import LEVELS, PLACES
from models.restorer.engine import Repaired, repaired
from models.restorer.evidence import (
    LEVEL_LIMIT,
    area_mean,
    box_mean,
    coarse,
    disagreement_of,
    fine,
    line_of,
    spike_of,
)
from models.restorer.picture import channels_of
from models.restorer.seen import Seen

Item = TypeVar("Item")

REACH = LEVELS // 2  # frames on either side
OFFSETS = (-1, 1, -2, 2, -3, 3, -4, 4)  # nearest first
AREA = 9  # samples, side of the area over which the noise of colour is measured
DEVIATION = 1.2533  # of a normal deviate, by its mean distance from 0


@dataclass(frozen=True)
class _Held:
    """A frame after the engine; what of it other frames are shown."""

    frame: Repaired
    luma: Tensor  # coarse, of the engine's answer, [1, 1, h, w]
    flicker: Tensor  # coarse, [1, 1, h, w]


def seen_of(
    frames: Iterable[Frame], motion: Motion, tasks: Collection[str]
) -> Iterator[tuple[Repaired, Seen]]:
    """Each frame of a shot with what the network is shown of it.

    Args:
        frames: of one shot.
        motion: the shot's flow, for the engine.
        tasks: that are asked.
    """
    own = Motion()
    held = (_held(index, one, own) for index, one in enumerate(repaired(frames, motion, tasks)))
    for index, near in around(held, REACH):
        yield near[0].frame, _seen(own, index, near)


def around(items: Iterable[Item], reach: int) -> Iterator[tuple[int, dict[int, Item]]]:
    """Each item's number, and it with its neighbours by offset, as far as there are any."""
    held: deque[Item] = deque()
    source = iter(items)
    first = index = 0
    while True:
        wanted = index + reach + 1 - first - len(held)
        held.extend(itertools.islice(source, wanted))
        if index >= first + len(held):
            return
        yield index, {number - index: item for number, item in enumerate(held, first)}
        index += 1
        if index - first > reach:
            held.popleft()
            first += 1


def _held(index: int, frame: Repaired, motion: Motion) -> _Held:
    luma = frame.engine.luma()
    motion.see(index, luma)
    taken = (frame.even.luma() - frame.source.luma()).abs()
    return _Held(frame, coarse(luma[None, None]), area_mean(coarse(taken[None, None])))


def _flows(motion: Motion, index: int, near: Collection[int]) -> dict[int, Flow]:
    """Flow from a frame to its neighbours by offset, nearest first, each joined to the last."""
    flows: dict[int, Flow] = {}
    for offset in (offset for offset in OFFSETS if offset in near):
        step = 1 if offset > 0 else -1
        last = motion.searched(index + offset - step, index + offset)
        flows[offset] = joined(flows[offset - step], last) if offset != step else last
    return flows


def _drawn(picture: Tensor, flow: Flow) -> Tensor:
    """A neighbour's picture `[1, C, H, W]` where the frame has it."""
    shape = (int(picture.shape[-2]), int(picture.shape[-1]))
    return warp(picture[0], enlarged(flow, shape).to(picture.device), "bicubic")[None]


def _seen(motion: Motion, index: int, near: Mapping[int, _Held]) -> Seen:
    frame = near[0].frame
    engine, even, whole = (channels_of(f)[None] for f in (frame.engine, frame.even, frame.whole))
    shape = (int(engine.shape[-2]), int(engine.shape[-1]))
    flows = _flows(motion, index, near.keys())
    levels: list[Tensor] = []
    places: list[Tensor] = []
    for offset, flow in flows.items():
        level = (_drawn(near[offset].luma, flow) - near[0].luma).clamp(-LEVEL_LIMIT, LEVEL_LIMIT)
        levels.append(area_mean(level))
        if len(places) < PLACES:
            place = _drawn(channels_of(near[offset].frame.engine)[None], flow)
            place[:, :1] -= fine(levels[-1], shape)
            places.append(place)
    if not flows:
        levels, places = [torch.zeros_like(near[0].luma)], [engine]
    places = [places[min(slot, len(places) - 1)] for slot in range(PLACES)]
    lumas = torch.cat([place[:, :1] for place in places], dim=1)
    removed = (whole - engine)[:, 1:].abs().amax(dim=1, keepdim=True)
    clues = (
        ((whole - even).abs().amax(dim=1, keepdim=True) > 0).to(torch.float32),
        spike_of(engine[:, :1], lumas[:, :1], lumas[:, 1:2]),
        disagreement_of(lumas),
        line_of(engine[:, :1]),
        frame.noise[None, None],
        frame.left[None, None],
        DEVIATION * box_mean(removed, AREA),
    )
    two_sided = -1 in near and 1 in near
    bounds = bounds_of(even[:, :1], lumas, clues[2], frame.dirty, frame.tracks, two_sided)
    return Seen(
        engine=engine,
        even=even,
        whole=whole,
        averaged=channels_of(frame.averaged)[None],
        places=torch.cat(places, dim=1),
        levels=torch.cat([levels[min(n, len(levels) - 1)] for n in range(LEVELS)], dim=1),
        flicker=torch.stack([held.flicker for held in near.values()]).amax(dim=0),
        clues=torch.cat(clues, dim=1),
        bounds=bounds,
    )
