"""Gate reports: the comparison that a new version of a model must pass to be promoted."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from catalogs.durable import write_whole
from catalogs.errors import RecipeError
from catalogs.model_shelf import Shelf
from catalogs.model_version import ModelVersion
from catalogs.recipe import TreatmentStep

FORMAT: Literal["wetgate gate 2"] = "wetgate gate 2"

Steps = tuple[TreatmentStep, ...]


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
class Gate:
    """How a treatment stood beside another on the same shots.

    Attributes:
        champion: the treatment that is in use.
        challenger: the one that is to take its place.
        shots: compared pairwise.
        passed: True when nothing became worse.
        reasons: what did, in words; empty when passed.
    """

    champion: GatedSide
    challenger: GatedSide
    shots: int
    passed: bool
    reasons: tuple[str, ...]
    format: Literal["wetgate gate 2"] = FORMAT


_GATE = TypeAdapter(Gate)


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
            f"{path}: no gate report; `wetgate models gate` and `wetgate compare CHAMPION "
            "CHALLENGER --gate FILE` write one"
        ) from error
    if gate.passed == bool(gate.reasons) or gate.shots < 1:
        raise RecipeError(f"{path}: the report contradicts itself; compare again")
    return gate


def objections(gate: Gate, challenger: ModelVersion, champion: ModelVersion | None) -> list[str]:
    """Why a report does not allow a promotion; empty when it does.

    Args:
        gate: the report.
        challenger: the version that is to be promoted.
        champion: the version that is in use.
    """
    found = list(gate.reasons)
    new, old = GatedModel(challenger.reference, challenger.content_sha256), None
    if champion is not None:
        old = GatedModel(champion.reference, champion.content_sha256)
    before, after = (_versions(side, challenger.name) for side in (gate.champion, gate.challenger))
    if new not in after:
        found.append(f"the report is not about {new.model}")
    elif len(after) > 1:
        found.append(f"its challenger used other versions of {challenger.name} beside {new.model}")
    if old is not None and old not in before:
        found.append(f"the report does not compare with the champion, {old.model}")
    elif len(before) > 1:
        found.append(f"what it compares with used several versions of {challenger.name}")
    if new in before or set(gate.champion.treatments) == set(gate.challenger.treatments):
        found.append(f"the report compares {new.model} with itself")
    return found


def _versions(side: GatedSide, name: str) -> tuple[GatedModel, ...]:
    return tuple(one for one in side.models if one.model.partition("@")[0] == name)


def _content(reference: str, shelf: Shelf) -> str:
    name, _, number = reference.partition("@")
    found = shelf.find(name, int(number))
    return found.content_sha256 if found else ""
