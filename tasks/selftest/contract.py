"""What the table is made from: clips, what is known of each, and trials.

A trial is what some restoration might have handed over: a harmless output, or one with one fault at
one severity. `tasks.selftest.injection` is the suite that is shipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from models.contract import Frame
from tasks.metrics.gather import Look
from tasks.metrics.pair import Declared
from tasks.metrics.timing import Timing
from tasks.selftest.columns import Designation


@dataclass(frozen=True)
class Clip:
    """One clip of the footage.

    Attributes:
        name: of the clip, unique.
        person: who is seen, or the clip's name; clips of one person are in one half.
        half: "A" or "B".
    """

    name: str
    person: str
    half: str


@dataclass(frozen=True)
class Trial:
    """What a restoration might have handed over.

    Attributes:
        kind: "harmless" or "fault".
        name: of the harmless output, or of the fault.
        severity: 0, 1, 2 of a fault; -1 of a harmless output.
        frames: as many as the source has.
        declared: what the recipe would say that it changes by nature.
        base: the harmless output that the fault was put into; its own name of a harmless one.
        timing: of a fault of the file and not of the picture, the source's and the restored
            reel's timing. There are no frames then, and TIME alone is measured.
    """

    kind: str
    name: str
    severity: int
    frames: Sequence[Frame]
    declared: Declared = field(default_factory=Declared)
    base: str = ""
    timing: tuple[Timing, Timing] | None = None


class Subject(Protocol):
    """A clip, read and damaged."""

    @property
    def look(self) -> Look:
        """How its frames are to be read."""

    @property
    def source(self) -> Sequence[Frame]:
        """The damaged frames."""

    @property
    def truth(self) -> Sequence[Frame]:
        """The same frames without damage."""

    @property
    def strata(self) -> Mapping[str, str]:
        """What it is like, for instance {"luminance": "dark"}."""

    def trials(self, faults: frozenset[str], severities: frozenset[int]) -> Iterator[Trial]:
        """All harmless outputs, and these faults at these severities where the clip allows."""


class Suite(Protocol):
    """The injection suite. It goes to other processes, so it can be pickled."""

    @property
    def designations(self) -> Sequence[Designation]:
        """The faults, and what has to see them."""

    def clips(self, data: Path) -> Sequence[Clip]:
        """The clips, in a fixed order in which the first few are of all kinds.

        Raises:
            SourceError: there is no footage.
        """

    def subject(self, data: Path, clip: Clip) -> Subject:
        """Read and damage a clip; the same samples every time.

        Raises:
            SourceError: the clip is not there, or is not what it should be.
        """
