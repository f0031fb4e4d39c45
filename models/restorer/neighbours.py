"""What the network is shown of a frame: itself, its neighbours in place, and evidence of damage.

Two passes over the shot, each a stream:

    1. The frame's luma is compared with both neighbours in place. Where it spikes against both
       (`models.restorer.evidence`) it is taken for damaged, and the cleaned frame has there what
       the nearer of the two has.
    2. Cleaned frames are drawn in place, four before and four after, brightness matched. The
       network sees the nearest four, and the average of all (`models.restorer.averages`).

So no sample that the evidence calls damaged is shown of another frame, unless the frame that
replaced it is damaged there as well.
Where a shot has no neighbour, the nearest that there is takes its place.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from models.contract import Frame
from models.motion import Motion, warp
from models.restorer.averages import AVERAGED, averages_of
from models.restorer.config import LEVELS, PLACES
from models.restorer.evidence import (
    damaged_by,
    disagreement_of,
    extreme_of,
    fine,
    level_between,
    line_of,
    noise_of,
    spike_of,
)
from models.restorer.picture import channels_of
from models.restorer.seen import Seen

Item = TypeVar("Item")

OFFSETS = (-1, 1, -2, 2, -3, 3, -4, 4)  # nearest first
COMPARED = 2  # frames looked at on either side in the first pass; two only at a shot's ends
LOOK_AHEAD = COMPARED + AVERAGED  # frames, of both passes


@dataclass(frozen=True)
class _Cleaned:
    """A frame after the first pass."""

    frame: Frame
    source: Tensor  # [1, 3, H, W]
    cleaned: Tensor  # [1, 3, H, W]
    damaged: Tensor  # [1, 1, H, W]
    spike: Tensor  # [1, 1, H, W]


def seen_of(
    frames: Iterable[Frame], motion: Motion, aligned: bool = True
) -> Iterator[tuple[Frame, Seen]]:
    """Each frame of a shot with what the network is shown of it, `LOOK_AHEAD` frames late.

    Args:
        frames: of one shot.
        motion: the shot's flow.
        aligned: see `RestorerConfig`.
    """
    sources = ((frame, channels_of(frame)[None]) for frame in _noted(frames, motion))
    drawn = _Drawn(motion, aligned)
    cleaned = (_cleaned(drawn, index, near) for index, near in around(sources, COMPARED))
    for index, near in around(cleaned, AVERAGED):
        yield near[0].frame, _seen(drawn, index, near)


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


def _noted(frames: Iterable[Frame], motion: Motion) -> Iterator[Frame]:
    for index, frame in enumerate(frames):
        motion.see(index, frame.luma())
        yield frame


@dataclass(frozen=True)
class _Drawn:
    """Draws pictures of neighbours in place."""

    motion: Motion
    aligned: bool

    def __call__(self, index: int, offset: int, picture: Tensor) -> Tensor:
        """A picture `[1, C, H, W]` of the frame `offset` away, where frame `index` has it."""
        if not self.aligned:
            return picture
        shape = (int(picture.shape[-2]), int(picture.shape[-1]))
        flow = self.motion.through(index, index + offset, shape).to(picture.device)
        return warp(picture[0], flow, "bicubic")[None].clamp(-1, 1)


def _nearest(near: Iterable[int]) -> list[int]:
    """Offsets of the neighbours there are, nearest first."""
    there = set(near)
    return [offset for offset in OFFSETS if offset in there]


def _matched(place: Tensor, here: Tensor) -> tuple[Tensor, Tensor]:
    """A neighbour's luma `[1, 1, H, W]` as bright as the frame's, and the level added."""
    level = level_between(place, here)
    return place + fine(level, (int(here.shape[-2]), int(here.shape[-1]))), level


def _cleaned(drawn: _Drawn, index: int, near: dict[int, tuple[Frame, Tensor]]) -> _Cleaned:
    """The first pass, of one frame: of a shot's ends, both neighbours are of one side."""
    frame, source = near[0]
    offsets = _nearest(near)[:2]
    nothing = torch.zeros_like(source[:, :1])
    if len(offsets) < 2:
        return _Cleaned(frame, source, source, nothing, nothing)
    here, places = source[:, :1], []
    for offset in offsets:
        place = drawn(index, offset, near[offset][1])
        luma, _ = _matched(place[:, :1], here)
        places.append(torch.cat((luma, place[:, 1:]), dim=1))
    first, second = places[0][:, :1], places[1][:, :1]
    spike = spike_of(here, first, second)
    damaged = damaged_by(spike, noise_of(first, second))
    nearer = torch.where((first - here).abs() <= (second - here).abs(), places[0], places[1])
    cleaned = torch.where(damaged, nearer, source)
    return _Cleaned(frame, source, cleaned, damaged.to(torch.float32), spike)


def _seen(drawn: _Drawn, index: int, near: dict[int, _Cleaned]) -> Seen:
    """The second pass, of one frame."""
    own = near[0]
    here = own.cleaned[:, :1]
    places, levels = [], []
    for offset in _nearest(near):
        place = drawn(index, offset, near[offset].cleaned)
        luma, level = _matched(place[:, :1], here)
        places.append(torch.cat((luma, place[:, 1:]), dim=1))
        levels.append(level)
    averages = averages_of(own.cleaned, places, own.frame.peak)
    if not places:
        places, levels = [own.cleaned], [level_between(here, here)]
    there = [min(slot, len(places) - 1) for slot in range(PLACES)]
    lumas = torch.cat([places[slot][:, :1] for slot in there], dim=1)
    clues = (
        own.damaged,
        own.spike,
        extreme_of(own.source[:, :1], lumas[:, :1], lumas[:, 1:2]),
        disagreement_of(lumas),
        line_of(here),
        averages.noise,
        averages.left,
    )
    return Seen(
        source=own.source,
        cleaned=own.cleaned,
        places=torch.cat([places[slot] for slot in there], dim=1),
        averages=averages.pictures,
        levels=torch.cat([levels[min(n, len(levels) - 1)] for n in range(LEVELS)], dim=1),
        clues=torch.cat(clues, dim=1),
    )
