"""A plan of what is restored anew: its shots, its reels, and why."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catalogs.recipe import Parameter, Treatment
from catalogs.records import Reel, Shot


@dataclass(frozen=True)
class ChosenShot:
    """A shot that is to be restored anew.

    Attributes:
        seconds: what restoring and measuring it took before.
        is_known: True when it is recorded under the new treatment already.
    """

    shot: Shot
    before: Treatment
    after: Treatment
    seconds: float
    is_known: bool

    @property
    def why(self) -> str:
        """What changes, in words."""
        return change_words(self.before, self.after)


@dataclass(frozen=True)
class ReelPlan:
    """A reel that gets a new version.

    Attributes:
        shots: all of the reel, in order.
        treatment: of the new version, mixed where only some shots change.
        chosen: shots that change.
    """

    reel: Reel
    shots: tuple[Shot, ...]
    treatment: Treatment
    chosen: tuple[ChosenShot, ...]


@dataclass(frozen=True)
class ReprocessPlan:
    """What would be done.

    Attributes:
        refused: reason by reel_id, of reels that must not be treated so, or cannot be now.
        left_out: number of shots by the reason why they stay as they are.
    """

    reels: tuple[ReelPlan, ...]
    refused: Mapping[str, str]
    left_out: Mapping[str, int]

    @property
    def chosen(self) -> tuple[ChosenShot, ...]:
        """Every shot that changes."""
        return tuple(chosen for reel in self.reels for chosen in reel.chosen)

    @property
    def to_compute(self) -> tuple[ChosenShot, ...]:
        """Shots that change and are not recorded under their new treatment yet."""
        return tuple(chosen for chosen in self.chosen if not chosen.is_known)

    @property
    def frames(self) -> int:
        """Frames to compute."""
        return sum(chosen.shot.frame_count for chosen in self.to_compute)

    @property
    def hours(self) -> float:
        """Worker hours, were it as fast as these shots were before."""
        return sum(chosen.seconds for chosen in self.to_compute) / 3600

    @property
    def treatments(self) -> tuple[Treatment, ...]:
        """Treatments that shots change to, the most frequent first."""
        found = {chosen.after.treatment_id: chosen.after for chosen in self.chosen}
        counts = Counter(chosen.after.treatment_id for chosen in self.chosen)
        return tuple(found[name] for name, _ in counts.most_common())


def change_words(before: Treatment, after: Treatment) -> str:
    """What changes from one treatment to another, in words."""
    newer = ", ".join(_newer(before, after))
    by = f", by newer code of {newer}" if newer else ""
    return f"{_spoken(before)} becomes {_spoken(after)}{by}"


def _newer(before: Treatment, after: Treatment) -> list[str]:
    """Steps and networks that both have, of which the software knows another version now."""
    was = dict(_code(before))
    return [name for name, code in dict(_code(after)).items() if was.get(name, code) != code]


def _code(treatment: Treatment) -> Iterator[tuple[str, Parameter]]:
    """By which code a treatment is carried out: versions of steps, revisions of networks."""
    for step in treatment.steps:
        yield step.name, step.version
        if revision := step.parameters.get("revision"):
            yield str(step.parameters["architecture"]), revision


def _spoken(treatment: Treatment) -> str:
    models = ", ".join(dict.fromkeys(step.model for step in treatment.steps if step.model))
    return treatment.label + (f" ({models})" if models else "")
