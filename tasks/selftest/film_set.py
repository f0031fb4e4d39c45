"""The gate's film set: the suite's scenes, damage and truth known, restored by a treatment.

Each scene is treated as a night treats a shot, and measured like the suite's own outputs. Clips
that were measured already are not measured again, so a champion is measured once for all its
challengers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from catalogs.errors import RecipeError
from catalogs.model_shelf import Shelf
from catalogs.recipe import Treatment
from models.contract import Frame, apply_step
from models.motion import Motion
from tasks.metrics.gather import Look
from tasks.metrics.metric import Metric
from tasks.metrics.pair import Declared
from tasks.metrics.registry import METRICS
from tasks.selftest.columns import HARMLESS, Designation
from tasks.selftest.contract import Clip, Subject, Trial
from tasks.selftest.injection import SUITE
from tasks.selftest.run import Bench, Choice, Listener, make_table
from tasks.steps import build_steps


@dataclass(frozen=True)
class Setting:
    """Where the footage lies and how it is worked through.

    Attributes:
        data: folder of the footage.
        cache: folder for clips that were measured.
        workers: processes.
        clips: at most so many; None for all.
    """

    data: Path
    cache: Path
    workers: int
    clips: int | None = None


@dataclass(frozen=True)
class TreatedScene:
    """One scene of the set under one treatment."""

    scene: Subject
    treatment: Treatment
    shelf: Shelf
    declared: frozenset[str]

    @property
    def look(self) -> Look:
        """How its frames are to be read."""
        return self.scene.look

    @property
    def source(self) -> Sequence[Frame]:
        """The damaged frames."""
        return self.scene.source

    @property
    def truth(self) -> Sequence[Frame]:
        """The same frames without damage."""
        return self.scene.truth

    @property
    def strata(self) -> Mapping[str, str]:
        """What it is like."""
        return self.scene.strata

    def trials(self, faults: frozenset[str], severities: frozenset[int]) -> Iterator[Trial]:
        """The restored scene, and nothing else."""
        stream: Iterator[Frame] = iter(self.source)
        motion = Motion()
        for step in build_steps(self.treatment, self.shelf):
            stream = map(_after, apply_step(step, stream, motion))
        yield Trial(HARMLESS, self.treatment.label, -1, list(stream), Declared(self.declared))


@dataclass(frozen=True)
class FilmSet:
    """The set under one treatment, as `tasks.selftest.run` takes a suite.

    Attributes:
        treatment: what is done to each scene.
        shelf: where the weights of its models lie.
        declared: what it is judged by, as changed by nature; what it declares itself when None.
    """

    treatment: Treatment
    shelf: Shelf
    declared: frozenset[str] | None = None

    @property
    def designations(self) -> Sequence[Designation]:
        """No faults are put in."""
        return ()

    def clips(self, data: Path) -> Sequence[Clip]:
        """Those of the suite."""
        return SUITE.clips(data)

    def subject(self, data: Path, clip: Clip) -> TreatedScene:
        """Read and damage a clip."""
        declared = self.treatment.declared if self.declared is None else self.declared
        return TreatedScene(SUITE.subject(data, clip), self.treatment, self.shelf, declared)


def refuse_moving(treatment: Treatment, shelf: Shelf) -> None:
    """Refuse what moves the picture: the truth of the set does not follow.

    Raises:
        RecipeError: names the steps.
        StoreError: the weights of a model cannot be used.
    """
    if moving := [step.name for step in build_steps(treatment, shelf) if step.moves]:
        raise RecipeError(
            f"recipe {treatment.recipe_name}: the film set cannot judge {', '.join(moving)}, "
            "which moves the picture away from its truth; gate a recipe without it"
        )


def film_table(
    treatment: Treatment,
    shelf: Shelf,
    setting: Setting,
    listener: Listener | None = None,
    metrics: Sequence[Metric] = METRICS,
    declared: frozenset[str] | None = None,
) -> pd.DataFrame:
    """Restore and measure the set; one row a clip, see `tasks.selftest.columns`.

    Args:
        treatment: what is done to each scene.
        shelf: where the weights of its models lie.
        setting: footage, cache, processes.
        listener: hears of progress.
        metrics: what is measured beside the usual measures.
        declared: as of `FilmSet`.

    Raises:
        RecipeError: it moves the picture, which the truth of the set does not follow.
        SourceError: there is no footage.
        StoreError: the weights of a model cannot be used.
    """
    refuse_moving(treatment, shelf)
    films = FilmSet(treatment, shelf, declared)
    bench = Bench(films, metrics, setting.data, setting.cache, setting.workers)
    judged = treatment.declared if declared is None else declared
    done = f"{treatment.treatment_id}, {sorted(judged)}"
    return make_table(bench, Choice(frozenset({done}), clips=setting.clips), listener)


def _after(applied: tuple[Frame, Frame, object]) -> Frame:
    return applied[1]
