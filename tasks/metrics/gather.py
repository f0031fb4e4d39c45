"""The frames of both sides go by once, and what the metrics need of them is kept.

    for before, after in frames: gatherer.take(before, after)
    pair = gatherer.pair()

A shot is measured in stretches of at most `LONGEST` frames, of nearly equal length, so that
memory does not grow with the shot and a fault in a corner of it is not averaged away.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import ceil

import cv2
import numpy as np
import torch
from torch import Tensor

from catalogs.errors import VerificationError
from catalogs.picture import PictureFormat
from catalogs.source import ColourTags
from models.contract import Frame
from models.faces.finder import FaceFinder
from models.weave.translate import translated
from tasks.metrics.colour import Plane, placed_rgb, planes_of, reduced
from tasks.metrics.face_track import FaceGatherer, Finder
from tasks.metrics.pair import PROXY_LINES, Declared, Pair, Triplet
from tasks.metrics.windows import Window, choose_grounds, ground_side

LONGEST = 120  # frames of a stretch
TRIPLETS = 6  # of a stretch
TRIPLET_LINES = 1080  # at most
COLOUR_PART = 4  # the colour picture is smaller than the proxy by this, each way


@dataclass(frozen=True)
class Look:
    """How the frames of a shot are to be read.

    Attributes:
        form: their samples.
        tags: how code values are meant.
        rate: frames a second.
        declared: what the recipe changes by nature.
        faces: whether faces are looked for.
        finder: makes what finds the faces of a stretch; a search if not given. A source whose
            faces are known already need not be searched again.
    """

    form: PictureFormat
    tags: ColourTags
    rate: float
    declared: Declared = field(default_factory=Declared)
    faces: bool = True
    finder: Callable[[], Finder] = FaceFinder


def stretches(count: int) -> tuple[tuple[int, int], ...]:
    """[start, stop) of the stretches of a shot of `count` frames."""
    parts = ceil(count / LONGEST)
    ends = [count * n // parts for n in range(parts + 1)]
    return tuple(itertools.pairwise(ends))


def moved_source(source: Frame, x: float, y: float) -> Frame:
    """The source moved as the recipe moved it, so that both sides lie on each other."""
    if x == 0 and y == 0:
        return source
    planes = tuple(
        plane.clamp(0, source.peak).to(old.dtype)
        for plane, old in zip(translated(source, x, y), source.planes, strict=True)
    )
    return replace(source, planes=planes)


class Gatherer:
    """Gathers one stretch.

    Args:
        look: how its frames are to be read.
        count: how many there are.
    """

    def __init__(self, look: Look, count: int) -> None:
        self._look, self._count = look, count
        height, width = look.form.plane_shapes[0]
        lines = min(height, PROXY_LINES)
        self._small = (lines, max(1, round(width * lines / height)))
        self._source, self._restored = (np.empty((count, *self._small), np.float32) for _ in "SR")
        self._changed = np.empty((count, *self._small), np.bool_)
        colour = (max(1, self._small[0] // COLOUR_PART), max(1, self._small[1] // COLOUR_PART))
        self._colours = [
            np.empty((count, *colour, 3), np.float32)
            for _ in range(0 if look.form.layout == "gray" else 2)
        ]
        self._taken = 0
        self._recent: deque[tuple[Tensor, Tensor]] = deque(maxlen=3)
        self._wanted = spread(count, TRIPLETS)
        self._triplets: list[Triplet] = []
        self._grounds: list[tuple[tuple[int, int], Window]] = []
        self._faces, self._faces_note = _face_gatherer(look)

    def take(self, before: Frame, after: Frame) -> None:
        """Take the next frame of the source and of the restored picture."""
        number = self._taken
        source = before.luma().cpu().numpy()
        restored = source if after is before else after.luma().cpu().numpy()
        self._source[number] = self._area(source)
        self._restored[number] = self._area(restored)
        self._changed[number] = self._differs(before, after)
        planes = self._planes(before, after)
        for store, parts in zip(self._colours, planes, strict=True):
            store[number] = self._small_colour(parts, store.shape[1:3])
        if self._faces:
            self._faces.take(number, (source, restored), planes)
        self._take_grounds(number, source, restored)
        self._take_triplet(number, source, restored)
        self._taken += 1

    def pair(self) -> Pair:
        """What was gathered.

        Raises:
            ValueError: fewer frames were taken than announced.
        """
        if self._taken != self._count:
            raise ValueError(f"{self._taken} of {self._count} frames were taken")
        colours = [torch.from_numpy(c).permute(0, 3, 1, 2).contiguous() for c in self._colours]
        return Pair(
            rate=self._look.rate,
            native=self._look.form.plane_shapes[0],
            source=torch.from_numpy(self._source),
            restored=torch.from_numpy(self._restored),
            source_colour=colours[0] if colours else None,
            restored_colour=colours[1] if colours else None,
            changed=torch.from_numpy(self._changed),
            faces=self._faces.pairs() if self._faces else (),
            grounds=tuple(window.pair() for _, window in self._grounds),
            triplets=tuple(self._triplets),
            declared=self._look.declared,
            faces_note=self._faces_note,
        )

    def _planes(self, before: Frame, after: Frame) -> list[tuple[Plane, ...]]:
        """Code values of both sides, taken once where they are one frame; none of monochrome."""
        if not self._colours:
            return []
        planes = planes_of(before)
        return [planes, planes if after is before else planes_of(after)]

    def _area(self, luma: Plane) -> Plane:
        if luma.shape == self._small:
            return luma
        return np.asarray(cv2.resize(luma, self._small[::-1], interpolation=cv2.INTER_AREA))

    def _differs(self, before: Frame, after: Frame) -> np.ndarray:
        if after is before:
            return np.zeros(self._small, np.bool_)
        old, new = (frame.planes[0].cpu().numpy() for frame in (before, after))
        differs = cv2.compare(old, new, cv2.CMP_NE)  # 0 or 255
        small = cv2.resize(differs, self._small[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(small > 0)

    def _small_colour(self, planes: tuple[Plane, ...], shape: tuple[int, ...]) -> Plane:
        place = reduced(int(shape[1]), int(shape[0]))
        return placed_rgb(planes, self._look.form, self._look.tags, place)

    def _take_grounds(self, number: int, source: Plane, restored: Plane) -> None:
        if number == 0:
            boxes = self._faces.boxes if self._faces else []
            side = ground_side(source)
            self._grounds = [
                (corner, Window((side, side))) for corner in choose_grounds(source, boxes)
            ]
        for corner, window in self._grounds:
            window.take(number, corner, source, restored)

    def _take_triplet(self, number: int, source: Plane, restored: Plane) -> None:
        wanted = {number - 1, number, number + 1} & self._wanted
        if wanted:
            half = _half(source)
            self._recent.append((half, half if restored is source else _half(restored)))
        if number - 1 in self._wanted:
            sources, restoreds = zip(*self._recent, strict=True)
            self._triplets.append(Triplet(number - 1, sources, restoreds))


def spread(count: int, wanted: int) -> frozenset[int]:
    """At most `wanted` frames that have both neighbours, evenly over the stretch."""
    inner = count - 2
    if inner < 1:
        return frozenset()
    number = min(inner, wanted)
    return frozenset(1 + (2 * n + 1) * inner // (2 * number) for n in range(number))


def paired(look: Look, frames: Iterator[tuple[Frame, Frame]], count: int) -> Iterator[Pair]:
    """The stretches of a shot of `count` frames, one after the other."""
    for start, stop in stretches(count):
        gatherer = Gatherer(look, stop - start)
        for _ in range(stop - start):
            gatherer.take(*next(frames))
        yield gatherer.pair()


def _half(luma: Plane) -> Tensor:
    height, width = luma.shape
    if height > TRIPLET_LINES:
        size = (round(width * TRIPLET_LINES / height), TRIPLET_LINES)
        luma = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA))
    return torch.from_numpy(luma).half()  # many times as fast as numpy's


def _face_gatherer(look: Look) -> tuple[FaceGatherer | None, str]:
    if not look.faces:
        return None, "faces were not looked for"
    try:
        return FaceGatherer(look.form, look.tags, look.finder()), ""
    except VerificationError as error:
        return None, str(error)
