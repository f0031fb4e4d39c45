"""Recipes, as an archivist writes them, and treatments, as they are carried out.

A recipe is a TOML file:

    name = "conservative"
    description = "Global flicker and one-frame dirt; nothing is invented."

    [[step]]
    name = "dirt"
    threshold = 0.08

A treatment is a recipe resolved: every parameter filled in, every step's version and
weights named. Its identity is the hash of what changes pixels, and of all that is said of a model
that is used: which version it is, its licence, whether it may invent, what it does. By these shots
are chosen, allowed, judged and disclosed, so what was recorded under one identity can be read back
under no other. It is the hash of nothing else: not the recipe's name, not the device, not the
number of workers.
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
from typing import Any

from catalogs.errors import RecipeError, StoreError

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
        use: place in the recipe, from 1, of the step `model` that it came of; 0 where it is of no
            model, or an earlier version recorded it. Two uses in a row are told apart by it.

    All but `use` is part of a treatment's identity. Of a step that is of no model, what only models
    have is left out there, so that recipes of the engine keep the identity that they always had.
    """

    name: str
    version: int
    parameters: Mapping[str, Parameter]
    weights_sha256: str = ""
    model: str = ""
    licence: str = ""
    invents: bool = False
    does: tuple[str, ...] = ()
    use: int = 0

    @property
    def identity(self) -> list[Any]:
        """What makes it another step, as JSON has it."""
        named = [self.name, self.version, sorted(self.parameters.items()), self.weights_sha256]
        said = {"model": self.model, "licence": self.licence, "invents": self.invents}
        return [*named, *sorted(self.does), *([said] if self.model else [])]


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
        """SHA-256 of everything that is said of what was done, hexadecimal."""
        if self.parts:
            places = [[p.start_frame, p.stop_frame, p.treatment.treatment_id] for p in self.parts]
            return hashlib.sha256(json.dumps(places).encode()).hexdigest()
        identity = [step.identity for step in self.steps]
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
        """The treatment of the shot that begins at a frame.

        Raises:
            StoreError: no shot of a mixed treatment begins there.
        """
        if not self.parts:
            return self
        if start_frame not in self._by_start:
            raise StoreError(
                f"{self.label}: no shot begins at frame {start_frame}; run the night again"
            )
        return self._by_start[start_frame]

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
    steps = {json.dumps(s.identity): s for part in parts for s in part.treatment.steps}
    return Treatment(recipe_name, tuple(steps.values()), tuple(parts))


def shipped_recipes() -> dict[str, Path]:
    """Name and file of each recipe that comes with Wetgate."""
    folder = Path(str(resources.files("catalogs") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def known_recipes(own: Path) -> dict[str, Path]:
    """The same, and those of a folder; those of Wetgate are what they always are."""
    return {path.stem: path for path in sorted(own.glob("*.toml"))} | shipped_recipes()


def read_recipe(name_or_path: str, own: Path | None = None) -> Recipe:
    """Read a recipe by its name, or by the path of its file.

    Args:
        name_or_path: of the recipe.
        own: folder of recipes that may be named beside those that come with Wetgate, a store's.

    Raises:
        RecipeError: no such recipe, not TOML, or fields missing or of the wrong kind.
    """
    known = known_recipes(own) if own else shipped_recipes()
    path = known.get(name_or_path, Path(name_or_path))
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for overlong names
        raise RecipeError(f"no recipe {name_or_path!r}; name a file or one of: {', '.join(known)}")
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
