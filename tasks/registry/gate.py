"""Gate reports: the comparison that a new version of a model must pass to be promoted.

A report can be read and judged without the store that it is from: it holds every step of both
sides, what was compared, each difference with its interval, when, and by what software and
calibration. `tasks.registry.objections` says whether it allows a promotion.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from catalogs.durable import write_whole
from catalogs.errors import RecipeError
from catalogs.model_shelf import Shelf
from catalogs.recipe import TreatmentStep
from tasks.compare.difference import Difference
from tasks.compare.treatments import Compared

FORMAT: Literal["wetgate gate 3"] = "wetgate gate 3"

Steps = tuple[TreatmentStep, ...]
Material = Literal["clips of the film set", "shots of a store"]


@dataclass(frozen=True)
class GatedModel:
    """A registered model that a compared treatment used, and what it holds.

    Attributes:
        model: `NAME@VERSION`, which two registries may mean differently.
        content_sha256: of its weights or its steps; empty where it is not known any more.
    """

    model: str
    content_sha256: str


@dataclass(frozen=True)
class GatedSide:
    """One side of a comparison.

    Attributes:
        treatments: what was done to the shots, step by step, by the identity of the treatment.
        models: registered models among the steps.
    """

    treatments: Mapping[str, Steps]
    models: tuple[GatedModel, ...]


@dataclass(frozen=True)
class Yardstick:
    """By what was compared.

    Attributes:
        software: versions of what computes, in one line.
        calibration_id: of the thresholds that say what is flagged.
    """

    software: str
    calibration_id: str


@dataclass(frozen=True)
class Gate:
    """How a treatment stood beside another on the same shots.

    Attributes:
        champion: the treatment that is in use.
        challenger: the one that is to take its place.
        material: what was compared.
        names: of these, each.
        differences: by metric and stratum.
        passed: True when nothing became worse.
        reasons: what did, in words; empty when passed.
        yardstick: by what was compared.
        recorded_at: when, ISO 8601, UTC.
    """

    champion: GatedSide
    challenger: GatedSide
    material: Material
    names: tuple[str, ...]
    differences: tuple[Difference, ...]
    passed: bool
    reasons: tuple[str, ...]
    yardstick: Yardstick
    recorded_at: str
    format: Literal["wetgate gate 3"] = FORMAT

    @property
    def summary(self) -> str:
        """What it rests on, in words."""
        return (
            f"of {self.recorded_at}, {len(self.names)} {self.material}, calibration "
            f"{self.yardstick.calibration_id}, by {self.yardstick.software}"
        )


_GATE = TypeAdapter(Gate)


def gate_of(
    sides: tuple[GatedSide, GatedSide],
    material: Material,
    compared: Compared,
    yardstick: Yardstick,
) -> Gate:
    """The report of a comparison that was made just now.

    Args:
        sides: what is in use, and what is to take its place.
        material: what was compared.
        compared: what came of it.
        yardstick: by what.
    """
    return Gate(
        champion=sides[0],
        challenger=sides[1],
        material=material,
        names=compared.names,
        differences=compared.differences,
        passed=compared.passed,
        reasons=compared.reasons,
        yardstick=yardstick,
        recorded_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def gated_side(treatments: Mapping[str, Steps], shelf: Shelf) -> GatedSide:
    """One side of a report.

    Args:
        treatments: steps by the identity of the treatment.
        shelf: which knows what models of steps hold.
    """
    used = {
        GatedModel(step.model, step.weights_sha256 or _content(step.model, shelf))
        for steps in treatments.values()
        for step in steps
        if step.model
    }
    return GatedSide(treatments, tuple(sorted(used, key=lambda one: one.model)))


def write_gate(gate: Gate, path: Path) -> None:
    """Write a report whole."""
    write_whole(path, _GATE.dump_json(gate, indent=2))


def read_gate(path: Path) -> Gate:
    """Read a report.

    Raises:
        RecipeError: it is none, or passed and failed at once.
    """
    try:
        gate = _GATE.validate_json(path.read_bytes())
    except ValidationError as error:
        raise RecipeError(
            f"{path}: no gate report of this version; `wetgate models gate` and `wetgate compare "
            "CHAMPION CHALLENGER --gate FILE` write one"
        ) from error
    if gate.passed == bool(gate.reasons) or not (gate.names and gate.differences):
        raise RecipeError(f"{path}: the report contradicts itself; compare again")
    return gate


def _content(reference: str, shelf: Shelf) -> str:
    name, _, number = reference.partition("@")
    found = shelf.find(name, int(number))
    return found.content_sha256 if found else ""
