"""What the engine makes of a shot for the tasks that are asked: where the network starts from.

The steps are those of the recipe `access`, in its order, but for `stabilise` and for grain that is
kept: `deflicker` for flicker, `missing` for inpaint, `scratch`, `dirt`, and `denoise`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from models.contract import Change, Frame, Step, apply_step, forked
from models.dirt.step import Dirt
from models.grain.denoise import Denoise, Denoised
from models.missing.step import Missing
from models.motion import Motion
from models.scratch.lines import Line
from models.scratch.step import Scratch
from models.tone.deflicker import Deflicker

DENOISE = Denoise(look_ahead=4, spatial=1.0, largest_noise=0.2)
STEPS: tuple[tuple[str, Step], ...] = (
    ("flicker", Deflicker()),
    ("inpaint", Missing()),
    ("scratch", Scratch()),
    ("dirt", Dirt()),
    ("denoise", DENOISE),
)


@dataclass(frozen=True)
class Repaired:
    """A frame on its way through the engine; of a task that is not asked nothing is done.

    Attributes:
        source: as it came.
        even: without flicker.
        whole: that, without what was destroyed, scratches and dirt.
        engine: that, without noise: the engine's answer.
        averaged: `whole`, averaged in time only, not yet shrunk.
        noise, left: see `models.grain.denoise.Denoised`.
        tracks: the lines of scratches that pass the frame.
        dirty: bool `[H, W]`, where dirt was repaired.
    """

    source: Frame
    even: Frame
    whole: Frame
    engine: Frame
    averaged: Frame
    noise: Tensor
    left: Tensor
    tracks: tuple[Line, ...]
    dirty: Tensor


@dataclass(frozen=True)
class _TracedScratch(Scratch):
    """The step `scratch`, which writes down the lines of each frame."""

    traced: deque[tuple[Line, ...]] = field(default_factory=deque)

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """As those of `scratch`."""
        return self.changes_telling(frames, motion, lambda lines: self.traced.append(tuple(lines)))


def steps_for(tasks: Collection[str]) -> tuple[Step, ...]:
    """The steps of the engine for tasks, in their order."""
    return tuple(step for task, step in STEPS if task in tasks)


def engine_versions() -> str:
    """The steps with parameters and versions, for a revision."""
    return ", ".join(f"{step} {step.version}" for _, step in STEPS)


def repaired(frames: Iterable[Frame], motion: Motion, tasks: Collection[str]) -> Iterator[Repaired]:
    """Run the engine over one shot.

    Args:
        frames: of the shot.
        motion: its flow.
        tasks: of `models.restorer.config.TASKS`.
    """
    kept, stream = forked(frames)
    tracing = _TracedScratch()
    dirty: deque[Tensor] = deque()
    stream = _after(STEPS[0][1], stream, motion) if "flicker" in tasks else stream
    even, stream = forked(stream)
    for task, step in STEPS[1:-1]:
        if task in tasks:
            stream = _after(tracing if task == "scratch" else step, stream, motion, dirty)
    whole, stream = forked(stream)
    found = DENOISE.denoised(stream, motion) if "denoise" in tasks else map(_noisy, stream)
    for source, light, sound, clean in zip(kept, even, whole, found, strict=True):
        yield Repaired(
            source,
            light,
            sound,
            sound.plus(clean.change),
            sound.plus(clean.averaged),
            clean.noise,
            clean.left,
            tracing.traced.popleft() if "scratch" in tasks else (),
            dirty.popleft() if "dirt" in tasks else torch.zeros_like(clean.noise, dtype=torch.bool),
        )


def _after(
    step: Step, frames: Iterator[Frame], motion: Motion, dirty: deque[Tensor] | None = None
) -> Iterator[Frame]:
    """The frames after a step; of dirt, where it was is written down."""
    for before, after, _ in apply_step(step, frames, motion):
        if dirty is not None and isinstance(step, Dirt):
            dirty.append(before.luma() != after.luma())
        yield after


def _noisy(frame: Frame) -> Denoised:
    """A frame of which no noise is taken."""
    none = torch.zeros_like(frame.luma())
    return Denoised(Change.none(frame), Change.none(frame), none, none)
