"""Gate reports: the comparison that a new version of a model must pass to be promoted."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from catalogs.durable import write_whole
from catalogs.errors import RecipeError
from catalogs.model_version import ModelVersion

FORMAT: Literal["wetgate gate 1"] = "wetgate gate 1"


@dataclass(frozen=True)
class GatedModel:
    """A registered model that a compared treatment used; no hash where it has no weights."""

    model: str
    weights_sha256: str


@dataclass(frozen=True)
class Gate:
    """How a treatment stood beside another on the same shots.

    Attributes:
        champion: models of the treatment that is in use.
        challenger: models of the treatment that is to take its place.
        shots: compared pairwise.
        passed: True when nothing became worse.
        reasons: what did, in words; empty when passed.
    """

    champion_treatment: str
    challenger_treatment: str
    champion: tuple[GatedModel, ...]
    challenger: tuple[GatedModel, ...]
    shots: int
    passed: bool
    reasons: tuple[str, ...]
    format: Literal["wetgate gate 1"] = FORMAT


_GATE = TypeAdapter(Gate)


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
            f"{path}: no gate report; `wetgate compare CHAMPION CHALLENGER --gate FILE` writes one"
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
    if _gated(challenger) not in gate.challenger:
        found.append(f"the report is not about {challenger.reference}")
    if champion is not None and _gated(champion) not in gate.champion:
        found.append(f"the report does not compare with the champion, {champion.reference}")
    return found


def _gated(version: ModelVersion) -> GatedModel:
    return GatedModel(version.reference, version.weights_sha256)
