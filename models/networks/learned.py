"""Learned models as steps: what a network owes, and the step `model` that runs one.

A network with its weights is a `Learned`: it answers as a step does, one change per frame of a
shot. `models.networks.architectures` builds it from tensors; a picture-by-picture network becomes
one by `models.networks.image`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from catalogs.errors import VerificationError
from models.contract import Change, Frame, Step, Touches
from models.motion import Motion


@dataclass(frozen=True)
class ModelSettings:
    """The parameters of the step `model`.

    Attributes:
        architecture: of the network, see `models.networks.architectures`; the registered version
            names it.
        revision: of that architecture, which says it when a model is looked up.
        strength: share of the network's change that is applied, 0..1.
        steadiness: how much of what a picture-by-picture network did to each frame around is
            averaged in where motion can be trusted, 0..0.95; 0 leaves every frame to itself.
        noise: deviation of the noise that a network is told of, share of full range, 0..0.3;
            most networks do not ask.
        tasks: by comma, what a network that has several is asked for; empty: all it can.
    """

    architecture: str = ""
    revision: str = ""
    strength: float = 1.0
    steadiness: float = 0.8
    noise: float = 0.02
    tasks: str = ""

    def __post_init__(self) -> None:
        for name, value, most in (
            ("strength", self.strength, 1.0),
            ("steadiness", self.steadiness, 0.95),
            ("noise", self.noise, 0.3),
        ):
            if not 0 <= value <= most:
                raise ValueError(f"{name} {value} is outside 0..{most}")


class Learned(ABC):
    """A network with its weights, ready for shots; it keeps nothing from one shot to the next."""

    @abstractmethod
    def changes(
        self, frames: Iterator[Frame], motion: Motion, settings: ModelSettings
    ) -> Iterator[Change]:
        """Yield one change per frame of the shot, in order, as `Step.changes` does."""


def finite(answer: Tensor) -> Tensor:
    """What a network answered.

    Raises:
        VerificationError: numbers of it are NaN or infinite; no sample can be made of them, and
            what is carried to the next frame would be lost to the end of the shot.
    """
    if not bool(answer.isfinite().all()):
        raise VerificationError("the network answered with numbers that are NaN or infinite")
    return answer


@dataclass(frozen=True)
class ModelStep(Step):
    """A registered network at work.

    Its version is raised whenever what networks share gives other pixels: this module,
    `image_network`, `window_network`, `rebuild_network`, `rgb`, `tiles`, `steady`. Of one network
    alone the revision in `models.networks.architectures` is raised.

    Whether it invents picture is said of the registered version, not of the step.

    Attributes:
        settings: its parameters.
        learned: the network.
    """

    name: ClassVar[str] = "model"
    version: ClassVar[int] = 3
    touches: ClassVar[Touches] = "every sample"

    settings: ModelSettings
    learned: Learned

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """Yield one change per frame; see the network for what it looks at."""
        return self.learned.changes(frames, motion, self.settings)
