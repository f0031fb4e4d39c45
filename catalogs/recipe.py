"""Recipes, as an archivist writes them, and treatments, as they are carried out.

A recipe is a TOML file:

    name = "conservative"
    description = "Global flicker and one-frame dirt; nothing is invented."

    [[step]]
    name = "dirt"
    threshold = 0.08

A treatment is a recipe resolved: every parameter filled in, every step's version and
weights named. Its identity is the hash of what changes pixels, and of what a network is said to
do, by which they are judged; of nothing else: not the recipe's name, not the device, not the number
of workers.
"""

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

from catalogs.errors import RecipeError

Parameter = bool | int | float | str

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


@dataclass(frozen=True)
class RecipeStep:
    """A step as written: its name and the parameters that differ from the defaults."""

    name: str
    parameters: Mapping[str, Parameter]


@dataclass(frozen=True)
class Recipe:
    """An ordered list of steps. A recipe without steps changes nothing."""

    name: str
    description: str
    steps: tuple[RecipeStep, ...]


@dataclass(frozen=True)
class TreatmentStep:
    """A step as carried out.

    Attributes:
        weights_sha256: of a network's weights; empty where the step has none.
        model: `NAME@VERSION` of the registered model it is of; empty where it is of none.
        licence: of that model.
        invents: True when that model may make picture that no frame shows.
        does: steps of the engine whose work that model does, for instance `denoise`.

    Model, licence and invents change no pixel, and are no part of a treatment's identity. `does`
    is: by it a shot is measured, and measurements are kept under that identity.
    """

    name: str
    version: int
    parameters: Mapping[str, Parameter]
    weights_sha256: str = ""
    model: str = ""
    licence: str = ""
    invents: bool = False
    does: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Frames `[start_frame, stop_frame)` of a reel, one shot, and how they were treated."""

    start_frame: int
    stop_frame: int
    treatment: "Treatment"


@dataclass(frozen=True)
class Treatment:
    """A recipe resolved to exact steps, parameters, versions and weights.

    Attributes:
        parts: of a reel whose shots were not treated alike, each shot's own; `steps` are then
            those of all parts, each once. See `mixed`.
    """

    recipe_name: str
    steps: tuple[TreatmentStep, ...]
    parts: tuple[Part, ...] = ()

    @property
    def treatment_id(self) -> str:
        """SHA-256 of everything that changes pixels or how they are judged, hexadecimal."""
        if self.parts:
            places = [[p.start_frame, p.stop_frame, p.treatment.treatment_id] for p in self.parts]
            return hashlib.sha256(json.dumps(places).encode()).hexdigest()
        identity = [
            [
                step.name, step.version, sorted(step.parameters.items()), step.weights_sha256,
                *sorted(step.does),
            ]
            for step in self.steps
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()

    @property
    def declared(self) -> frozenset[str]:
        """What it says that it changes by nature: its steps, and those whose work models do."""
        return frozenset(name for step in self.steps for name in (step.name, *step.does))

    @property
    def label(self) -> str:
        """Short name for folders and reports."""
        return treatment_label(self.recipe_name, self.treatment_id)

    def of(self, start_frame: int) -> "Treatment":
        """The treatment of the shot that begins at a frame."""
        return self._by_start.get(start_frame, self)

    @property
    def whole(self) -> "tuple[Treatment, ...]":
        """The treatments that shots of the reel have, each once; this one where all have it."""
        distinct = {part.treatment.treatment_id: part.treatment for part in self.parts}
        return tuple(distinct.values()) or (self,)

    @cached_property
    def _by_start(self) -> "dict[int, Treatment]":
        return {part.start_frame: part.treatment for part in self.parts}


def treatment_label(recipe_name: str, treatment_id: str) -> str:
    """The short name of a treatment, from what the ledger has of it."""
    return f"{recipe_name}-{treatment_id[:12]}"


def steps_json(steps: Sequence[TreatmentStep]) -> str:
    """Steps as JSON, for the ledger."""
    return json.dumps([asdict(step) for step in steps])


def read_steps(text: str) -> tuple[TreatmentStep, ...]:
    """Steps from their JSON; what earlier versions did not write is empty."""
    return tuple(
        TreatmentStep(**{**step, "does": tuple(step.get("does", ()))}) for step in json.loads(text)
    )


def mixed(recipe_name: str, parts: Sequence[Part]) -> Treatment:
    """The treatment of a reel from those of its shots, in order; a plain one if all are alike."""
    first = parts[0].treatment
    if all(part.treatment.treatment_id == first.treatment_id for part in parts):
        return first
    steps = {
        json.dumps([s.name, s.version, sorted(s.parameters.items()), s.weights_sha256, s.model]): s
        for part in parts
        for s in part.treatment.steps
    }
    return Treatment(recipe_name, tuple(steps.values()), tuple(parts))


def shipped_recipes() -> dict[str, Path]:
    """Name and file of each recipe that comes with Wetgate."""
    folder = Path(str(resources.files("catalogs") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read_recipe(name_or_path: str) -> Recipe:
    """Read a shipped recipe by name, or any recipe by the path of its file.

    Raises:
        RecipeError: no such recipe, not TOML, or fields missing or of the wrong kind.
    """
    shipped = shipped_recipes()
    path = shipped.get(name_or_path, Path(name_or_path))
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for overlong names
        raise RecipeError(
            f"no recipe {name_or_path!r}; name a file or one of: {', '.join(shipped)}"
        )
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: not TOML: {error}") from error
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror}); check it") from error
    unknown = set(written) - {"name", "description", "step"}
    if unknown:
        raise RecipeError(f"{path}: unknown field {', '.join(sorted(unknown))}")
    steps = written.get("step", [])
    name = written.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not isinstance(steps, list):
        raise RecipeError(
            f'{path}: needs name = "..." (lower case letters, digits, dashes) and any number '
            "of [[step]]"
        )
    return Recipe(
        name=name,
        description=str(written.get("description", "")),
        steps=tuple(_step(path, step) for step in steps),
    )


def _step(path: Path, written: object) -> RecipeStep:
    if not isinstance(written, dict) or not isinstance(written.get("name"), str):
        raise RecipeError(f'{path}: every [[step]] needs name = "..."')
    parameters = {key: value for key, value in written.items() if key != "name"}
    for key, value in parameters.items():
        if not isinstance(value, bool | int | float | str):
            raise RecipeError(f"{path}: step {written['name']}: {key} must be a single value")
    return RecipeStep(written["name"], parameters)
