"""What the injection suite gives to those who measure it.

A clip is read into a source (the damaged picture) and the truth (the undamaged one). An output is
what some restoration might have made of the source: harmless, or with one fault at one severity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from models.contract import Frame
from tasks.metrics.gather import Look
from tasks.metrics.pair import Declared
from tasks.selftest.columns import Designation


@dataclass(frozen=True)
class Clip:
    """One clip of the footage.

    Attributes:
        name: of the clip, unique.
        person: who is seen, where that is known; clips of one person are in one half.
        half: "A" or "B".
        strata: what it is like, for instance {"luminance": "dark"}.
    """

    name: str
    person: str
    half: str
    strata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Material:
    """A clip, read and damaged.

    Attributes:
        look: how its frames are to be read.
        source: the damaged frames.
        truth: the same frames without damage.
    """

    look: Look
    source: Sequence[Frame]
    truth: Sequence[Frame]


@dataclass(frozen=True)
class Output:
    """What a restoration might have made of a source.

    Attributes:
        kind: "harmless" or "fault".
        name: of the harmless output, or of the fault.
        severity: 0, 1, 2 of a fault; -1 of a harmless output.
        frames: as many as the source has.
        declared: what the recipe would say that it changes by nature.
        source: frames to compare with, where the recipe moves the picture; else the material's.
    """

    kind: str
    name: str
    severity: int
    frames: Sequence[Frame]
    declared: Declared = field(default_factory=Declared)
    source: Sequence[Frame] | None = None


class Suite(Protocol):
    """The injection suite. It goes to other processes, so it can be pickled."""

    @property
    def designations(self) -> Sequence[Designation]:
        """The faults, and what has to see them."""

    def clips(self, data: Path) -> Sequence[Clip]:
        """The clips that a folder of footage has, in a fixed order, halves alternating.

        Raises:
            SourceError: there is no footage.
        """

    def material(self, data: Path, clip: Clip) -> Material:
        """Read and damage a clip; the same samples every time."""

    def outputs(
        self, clip: Clip, material: Material, faults: frozenset[str], severities: frozenset[int]
    ) -> Iterator[Output]:
        """All harmless outputs, then these faults at these severities where the clip allows."""
