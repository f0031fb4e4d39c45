"""The shipped suite: scenes, harmless outputs and faults, as the table wants them.

Every fault is put into one harmless output of a scene, the same one at all severities; which one
that is goes round from scene to scene and from fault to fault. Where a fault takes or adds grain,
it is one that keeps its grain and says so. Below visibility, where nothing is demanded but that
values rise from there, a fault is put into one scene in four. Faults of the file are put into a
reel of numbers beside each scene.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np

from catalogs.errors import SourceError
from catalogs.source import ColourTags
from models.contract import Frame
from tasks.metrics.gather import Look
from tasks.metrics.pair import Declared
from tasks.selftest.clips import FOOTAGE
from tasks.selftest.columns import BELOW, FAULT, HARMLESS, Designation
from tasks.selftest.contract import Clip, Subject, Trial
from tasks.selftest.faults.fault import Fault
from tasks.selftest.faults.timing import made_reel
from tasks.selftest.harmless import harmless_outputs
from tasks.selftest.kinds import kinds_of
from tasks.selftest.output import Output, frames_of
from tasks.selftest.source import Made, make_scene
from tasks.selftest.suite import FAULTS, TIMING_FAULTS, faults_of

KEEP_GRAIN = ("ideal, grain kept", "conservative recipe")  # harmless outputs
COUNT = 9  # harmless outputs, over which the faults go round
MADE_REEL = "reel of numbers"  # that faults of the file are put into
RATE_DENOMINATOR = 1001
BELOW_EVERY = 4  # scenes; shares no factor with COUNT, so that all outputs have their turn
OF_GRAIN = frozenset({"GRAIN", "REGRAIN"})  # metrics of faults that take or add grain


@dataclass(frozen=True)
class InjectedScene:
    """One scene.

    Attributes:
        number: of its footage.
        made: the scene itself.
    """

    number: int
    made: Made

    @cached_property
    def source(self) -> Sequence[Frame]:
        """The damaged frames."""
        return frames_of(self.made.scene.source, self.made.scene.mono)

    @cached_property
    def truth(self) -> Sequence[Frame]:
        """The undamaged frames."""
        return frames_of(self.made.scene.truth, self.made.scene.mono)

    @property
    def look(self) -> Look:
        """How they are to be read: ten bits, full range."""
        return Look(self.source[0].format, ColourTags(range="pc"), self.made.scene.rate)

    @cached_property
    def strata(self) -> Mapping[str, str]:
        """What the scene is like."""
        return kinds_of(self.made.scene)

    def trials(self, faults: frozenset[str], severities: frozenset[int]) -> Iterator[Trial]:
        """Each harmless output, and after it the faults that are put into it."""
        possible = [fault for fault in faults_of(self.made.scene) if fault.name in faults]
        for place, output in enumerate(harmless_outputs(self.made)):
            yield self._trial(output, HARMLESS, output.name, -1, output.pictures)
            for fault in possible:
                if self._is_base(place, output, fault):
                    yield from self._faulty(output, fault, severities)
        yield from self._timed(faults, severities)

    def _timed(self, faults: frozenset[str], severities: frozenset[int]) -> Iterator[Trial]:
        scene = self.made.scene
        rate = Fraction(scene.rate).limit_denominator(RATE_DENOMINATOR)
        for fault in TIMING_FAULTS:
            reel = made_reel(len(scene.truth), rate, scene.chance(fault.name))
            for severity in sorted(severities if fault.name in faults else ()):
                after = fault.inject(reel, fault.strengths[severity])
                timing = (reel.timing, after.timing)
                yield Trial(FAULT, fault.name, severity, (), base=MADE_REEL, timing=timing)

    def _is_base(self, place: int, output: Output, fault: Fault) -> bool:
        turn = self._turn(fault)
        if fault.metric in OF_GRAIN:
            return output.name == KEEP_GRAIN[turn % len(KEEP_GRAIN)]
        return place == turn % COUNT

    def _turn(self, fault: Fault) -> int:
        return self.number + [one.name for one in FAULTS].index(fault.name)

    def _faulty(self, output: Output, fault: Fault, severities: frozenset[int]) -> Iterator[Trial]:
        below = self._turn(fault) % BELOW_EVERY == 0
        for severity in sorted(severities if below else severities - {BELOW}):
            scene = self.made.scene
            chance = scene.chance(fault.name)  # the same places, stronger
            done = fault.inject(scene, output.pictures, fault.strengths[severity], chance)
            yield self._trial(output, FAULT, fault.name, severity, done)

    def _trial(
        self, output: Output, kind: str, name: str, severity: int, pictures: np.ndarray
    ) -> Trial:
        frames = frames_of(pictures, self.made.scene.mono)
        return Trial(kind, name, severity, frames, Declared(output.declared), output.name)


@dataclass(frozen=True)
class Injection:
    """The suite."""

    @property
    def designations(self) -> Sequence[Designation]:
        """Every fault with its metric and the side trips that it may have."""
        return [
            *(Designation(fault.name, fault.metric, fault.allowed) for fault in FAULTS),
            *(Designation(fault.name, fault.metric) for fault in TIMING_FAULTS),
        ]

    def clips(self, data: Path) -> Sequence[Clip]:
        """All clips of `FOOTAGE`."""
        if missing := [one.file for one in FOOTAGE if not (data / one.file).is_file()]:
            raise SourceError(
                f"{data}: {len(missing)} clips of the suite are not there, first {missing[0]}; "
                "name the folder of the footage with --data"
            )
        return [Clip(one.name, one.person, one.half) for one in FOOTAGE]

    def subject(self, data: Path, clip: Clip) -> Subject:
        """Read and damage a clip."""
        number = [one.name for one in FOOTAGE].index(clip.name)
        return InjectedScene(number, make_scene(number, data))


SUITE = Injection()
