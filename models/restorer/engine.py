"""What the engine makes of a shot for the tasks that are asked: where the network starts from.

The steps are those of the recipe `access`, in its order, but for `stabilise` and for grain that is
kept: `deflicker` for flicker, `missing` for inpaint, `scratch`, `dirt`, and `denoise`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from models.contract import Change, Frame, Step, apply_step, forked
from models.denoise import Denoise, Denoised
from models.dirt import Dirt
from models.flicker import Deflicker
from models.missing import Missing
from models.motion import Motion
from models.scratch import Scratch

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
        noise, left: see `models.denoise.Denoised`.
    """

    source: Frame
    even: Frame
    whole: Frame
    engine: Frame
    averaged: Frame
    noise: Tensor
    left: Tensor


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
    after = []
    for number, (task, step) in enumerate(STEPS[:-1]):
        if task in tasks:
            stream = _after(step, stream, motion)
        if number in (0, len(STEPS) - 2):
            tapped, stream = forked(stream)
            after.append(tapped)
    even, whole = after
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
        )


def _after(step: Step, frames: Iterator[Frame], motion: Motion) -> Iterator[Frame]:
    return (after for _, after, _ in apply_step(step, frames, motion))


def _noisy(frame: Frame) -> Denoised:
    """A frame of which no noise is taken."""
    none = torch.zeros_like(frame.luma())
    return Denoised(Change.none(frame), Change.none(frame), none, none)
