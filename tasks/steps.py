"""The steps of a treatment: built, and run over a shot while what each changes is counted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import torch

from catalogs.errors import RecipeError
from catalogs.model_shelf import Shelf
from catalogs.recipe import Treatment, TreatmentStep
from catalogs.records import StepOutcome
from models.contract import Frame, Step, apply_step, forked
from models.motion import Motion
from models.supported import step_named
from tasks.registry.load_model import model_step
from tasks.samples import bits_of


def build_steps(treatment: Treatment, shelf: Shelf | None = None) -> tuple[Step, ...]:
    """The steps of a treatment, ready to run.

    Args:
        treatment: what is to be done.
        shelf: where the weights of registered models lie; needed where it names one.

    Raises:
        RecipeError: a step is not known in that version, or with those parameters.
        StoreError: weights are missing, or are not what was registered.
    """
    return tuple(_built(step, shelf) for step in treatment.steps)


def _built(step: TreatmentStep, shelf: Shelf | None) -> Step:
    kind = step_named(step.name)
    if step.version != kind.version:
        raise RecipeError(
            f"step {step.name} of version {step.version} cannot be computed any more, it is "
            f"{kind.version} now; reprocess the shots, or run a night, with the steps of today"
        )
    try:
        return model_step(step, shelf) if step.weights_sha256 else kind(**step.parameters)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"step {step.name}: {error}") from error


def run_steps(tallies: Iterable["Tally"], frames: Iterator[Frame]) -> Iterator[tuple[Frame, Frame]]:
    """Send a shot through the steps; yields (source frame, restored frame)."""
    kept, passing = forked(frames)
    chain: Iterator[Frame] = passing
    motion = Motion()
    for tally in tallies:
        chain = tally.follow(chain, motion)
        if tally.step and tally.step.moves:
            motion = Motion()
    yield from zip(kept, chain, strict=True)


@dataclass
class Tally:
    """Counts what one step changed, or all of them together.

    Attributes:
        step: which; None for all.
        changed: samples that are other ones than before.
        samples: how many went by.
        parameters: of each frame, what the step says that it did.
    """

    step: Step | None
    changed: int = 0
    samples: int = 0
    parameters: list[dict[str, float]] = field(default_factory=list)

    @property
    def changed_share(self) -> float:
        """Of all samples, 0..1."""
        return self.changed / self.samples if self.samples else 0.0

    def count(self, before: Frame, after: Frame) -> None:
        """Count one frame."""
        self.samples += before.format.frame_samples
        if after is before:
            return
        for old, new in zip(before.planes, after.planes, strict=True):
            if old is not new:
                self.changed += int(torch.count_nonzero(bits_of(old) != bits_of(new)))

    def follow(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Frame]:
        """Frames as the step makes them, each counted."""
        assert self.step is not None
        for before, after, change in apply_step(self.step, frames, motion):
            self.count(before, after)
            self.parameters.append(dict(change.parameters))
            yield after

    def outcome(self) -> StepOutcome:
        """What is recorded of the step."""
        assert self.step is not None
        return StepOutcome(
            self.step.name,
            self.step.version,
            self.step.touches,
            self.changed_share,
            tuple(self.parameters),
        )
