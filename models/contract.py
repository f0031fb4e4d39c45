"""The contract between a shot and the steps that restore it.

A `Step` reads the frames of one shot in order and answers, frame by frame, with a
`Change`: what to add to the source's own samples.

    class Invert(Step):                       # a step in full
        name = "invert"
        version = 1
        touches = "every sample"

        def changes(self, frames, motion):
            for frame in frames:
                yield Change.between(frame, tuple(frame.peak - p for p in frame.samples()))

What a step may rely on:
    - the frames are of one shot, all of one format, on one device;
    - `changes` is called once per shot; what it keeps lives in its local variables, so
      state starts at the first frame of the shot and ends at its last;
    - `motion` knows the shot's optical flow; what one step asked of it costs the next nothing.
What a step owes:
    - one change per frame, in order, after at most `look_ahead` further frames were read;
    - no memory beyond the frames it needs: a shot may be an hour long;
    - the same answer whatever else the machine is doing.

Tensors: a plane is `[H, W]`, uint8 at 8 bit and uint16 above, code values as decoded.
Changes are int32 of the same shape. Luma for analysis is float32, `[H, W]`, in 0..1.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Tensor

from catalogs.picture import PictureFormat
from models.motion import Motion

Touches = Literal["damage", "every sample"]

BT709_LUMA = (0.7152, 0.0722, 0.2126)  # weights of G, B, R (ITU-R BT.709), the plane order


@dataclass(frozen=True)
class Frame:
    """One picture in the source's own samples.

    Raises:
        ValueError: a plane's shape or dtype is not what the format says.
    """

    planes: tuple[Tensor, ...]
    format: PictureFormat

    def __post_init__(self) -> None:
        dtype = torch.uint8 if self.format.depth == 8 else torch.uint16
        shapes = tuple(tuple(plane.shape) for plane in self.planes)
        if shapes != self.format.plane_shapes or any(p.dtype != dtype for p in self.planes):
            raise ValueError(f"planes {shapes} {dtype} do not fit {self.format}")

    @property
    def peak(self) -> int:
        """The largest code value."""
        return self.format.peak

    def samples(self) -> tuple[Tensor, ...]:
        """Code values of every plane as int32 `[H, W]`, ready for arithmetic."""
        return tuple(plane.to(torch.int32) for plane in self.planes)

    def luma(self) -> Tensor:
        """Gamma-coded luma as float32 `[H, W]` in 0..1: code value over peak.

        For `rgb` the BT.709 weighted sum; the range (limited, full) is left as it is.
        """
        if self.format.layout == "rgb":
            weighted = [
                w * p.to(torch.float32) for w, p in zip(BT709_LUMA, self.planes, strict=True)
            ]
            return torch.stack(weighted).sum(0).div_(self.peak)
        return self.planes[0].to(torch.float32).div_(self.peak)  # no second plane of memory

    def plus(self, change: Change) -> Frame:
        """The frame with the change applied, kept within 0..peak.

        A plane without change is the same tensor; a sample whose change is zero is the
        same sample.

        Raises:
            ValueError: the change is not int32 or not of the frame's shapes.
        """
        if change.is_empty:
            return self
        for plane, delta in zip(self.planes, change.planes, strict=True):
            if delta is not None and (delta.dtype != torch.int32 or delta.shape != plane.shape):
                found = f"{tuple(delta.shape)} {delta.dtype}"
                raise ValueError(f"change {found} is not int32 {tuple(plane.shape)}")
        planes = tuple(
            plane
            if delta is None
            else (plane.to(torch.int32) + delta).clamp_(0, self.peak).to(plane.dtype)
            for plane, delta in zip(self.planes, change.planes, strict=True)
        )
        return Frame(planes, self.format)


@dataclass(frozen=True)
class Change:
    """What a step adds to one frame.

    Attributes:
        planes: per plane an int32 `[H, W]` of code values to add, or None for no change.
        parameters: what the step decided for this frame (gain, offset, shift ...),
            recorded with the shot; units in the names.
    """

    planes: tuple[Tensor | None, ...]
    parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """True when no plane is touched."""
        return all(plane is None for plane in self.planes)

    @staticmethod
    def none(frame: Frame, parameters: Mapping[str, float] | None = None) -> Change:
        """No change to the frame."""
        return Change((None,) * len(frame.planes), parameters or {})

    @staticmethod
    def between(
        frame: Frame, wanted: Sequence[Tensor], parameters: Mapping[str, float] | None = None
    ) -> Change:
        """The change that turns `frame` into `wanted` (int32 planes of code values)."""
        deltas = tuple(
            target.clamp(0, frame.peak) - plane.to(torch.int32)
            for target, plane in zip(wanted, frame.planes, strict=True)
        )
        return Change(deltas, parameters or {})


class Step(ABC):
    """One kind of repair; a frozen dataclass whose fields are its parameters.

    Attributes:
        name: the word used in recipes.
        version: raised whenever the same parameters give other pixels.
        touches: "damage" when samples outside the damage keep their value bit for bit,
            "every sample" when the step by nature changes the whole frame.
        invents: True when the step makes up picture that no frame shows; a reel it altered is
            declared generative, see `catalogs.exports.source_type`.
        moves: True when the step moves the picture, so that flow found before it is worth nothing
            after it.
        look_ahead: frames read beyond the one being answered.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    touches: ClassVar[Touches]
    invents: ClassVar[bool] = False
    moves: ClassVar[bool] = False
    look_ahead: int = 0

    @abstractmethod
    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """Yield one change per frame of the shot, in order.

        Args:
            frames: the frames of one shot.
            motion: the shot's optical flow, shared by the steps of a recipe.
        """


@dataclass(frozen=True)
class Window:
    """A frame and its neighbours within the shot, at most `behind` and `ahead` of them.

    Attributes:
        frames: consecutive frames; shorter at the ends of the shot.
        centre: index into `frames` of the frame that is being restored.
    """

    frames: tuple[Frame, ...]
    centre: int

    @property
    def frame(self) -> Frame:
        """The frame that is being restored."""
        return self.frames[self.centre]


def windows(frames: Iterable[Frame], behind: int, ahead: int) -> Iterator[Window]:
    """Slide over a shot: one window per frame, holding no more than behind + 1 + ahead."""
    held: deque[Frame] = deque()
    centre = 0
    source = iter(frames)
    held.extend(itertools.islice(source, ahead + 1))
    while centre < len(held):
        yield Window(tuple(held), centre)
        if centre == behind:
            held.popleft()  # before the next frame is made, so that both never coexist
        else:
            centre += 1
        held.extend(itertools.islice(source, 1))


def forked(frames: Iterable[Frame]) -> tuple[Iterator[Frame], Iterator[Frame]]:
    """The frames twice, each held only until it was taken from both.

    `itertools.tee` lets go of them in blocks of 57.
    """
    source = iter(frames)
    first: deque[Frame] = deque()
    second: deque[Frame] = deque()

    def follow(mine: deque[Frame], other: deque[Frame]) -> Iterator[Frame]:
        while True:
            if not mine:
                for frame in itertools.islice(source, 1):
                    mine.append(frame)
                    other.append(frame)
                    del frame
            if not mine:
                return
            yield mine.popleft()

    return follow(first, second), follow(second, first)


def apply_step(
    step: Step, frames: Iterable[Frame], motion: Motion | None = None
) -> Iterator[tuple[Frame, Frame, Change]]:
    """Run one step over a shot.

    Args:
        step: the step.
        frames: the frames of one shot.
        motion: optical flow that other steps share; a step that runs alone has its own.

    Yields:
        (frame before, frame after, change) for every frame of the shot.

    Raises:
        ValueError: the step answered with more or fewer changes than frames.
    """
    kept, seen = forked(frames)
    for before, change in zip(kept, step.changes(seen, motion or Motion()), strict=True):
        yield before, before.plus(change), change
