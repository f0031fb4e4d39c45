"""Versions of models, as the registry holds them, and how recipes refer to them.

A model has a name and numbered versions; a version never changes. What it is:

- `steps`: steps of the engine with their parameters, a recipe under a name;
- any other architecture: a network, whose weights are one safetensors file, known by its SHA-256.

A recipe refers to a version by its number, `grainfree@3`, or by an alias, `grainfree@champion`.
The alias may move; a night looks it up once, before it begins.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import TypeAdapter

from catalogs.errors import RecipeError
from catalogs.recipe import RecipeStep

OF_STEPS = "steps"  # the architecture of a model that has no weights

Alias = Literal["champion", "challenger"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_NARROW = "(research|academic|evaluation|personal|private|educational)"
_STUDY = "(research|academic|evaluation|educational)"
_LICENCE = "(licen[cs]e|permission|agreement|consent|contract|fee)"
_NONCOMMERCIAL = re.compile(
    r"non[-\s]?commercial|\bNC\b|-NC-|\bS-Lab\b|polyform-?strict|non[-\s]?profit"
    rf"|\b{_NARROW}\b(\s+\w+){{0,3}}\s+only\b|\bonly(\s+\w+){{0,3}}\s+{_NARROW}\b"
    rf"|\b{_STUDY}\s+(use|usage|purposes?|licen[cs]e)\b|\bfree\s+for\s+(\w+\s+)?{_STUDY}\b"
    rf"|\bcommercial(ly)?\b[^.;,]*\b(on request|(requires?|needs?)\b[^.;,]*\b{_LICENCE})\b"
    r"|\b(ask|contact|separate|paid|prior)\b[^.;,]*\bcommercial"
    r"|\b(not?|never|without)\b[^.;,]*\bcommercial"
    r"|\bcommercial(ly)?\b[^.;,]*\b(not|prohibited|forbidden|excluded)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ModelReference:
    """What a recipe names: a model's version by number or by alias."""

    name: str
    version: int | Alias

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True)
class ModelVersion:
    """One version of a model.

    Attributes:
        name: of the model; lower case letters, digits, dashes.
        version: from 1; given by the registry.
        architecture: `OF_STEPS`, or the word that `models.networks.architectures` knows.
        content_sha256: of the safetensors file, or of the resolved steps.
        steps: of the engine; empty for a network.
        licence: of the weights, as their publisher states it.
        training: what the weights were trained on, in words.
        invents: True when it may make picture that no frame shows.
        origin: name of the file it was registered from.
        origin_sha256: of that file.
        benchmark_sha256: of the benchmark table that was registered with it; may be empty.
        registered_by: the person.
        registered_at: ISO 8601, UTC.
        does: steps of the engine whose work a network does, for instance `denoise`; what it is
            then not blamed for.
    """

    name: str
    version: int
    architecture: str
    content_sha256: str
    steps: tuple[RecipeStep, ...]
    licence: str
    training: str
    invents: bool
    origin: str
    origin_sha256: str
    benchmark_sha256: str
    registered_by: str
    registered_at: str
    does: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """`NAME@VERSION`."""
        return f"{self.name}@{self.version}"

    @property
    def weights_sha256(self) -> str:
        """Of the weights; empty where there are none."""
        return "" if self.architecture == OF_STEPS else self.content_sha256

    @property
    def is_noncommercial(self) -> bool:
        """True when its licence forbids commercial use."""
        return is_noncommercial(self.licence)


_VERSION = TypeAdapter(ModelVersion)


def version_json(version: ModelVersion) -> bytes:
    """A version as JSON, for people as well."""
    return _VERSION.dump_json(version, indent=2)


def read_version(text: bytes | str) -> ModelVersion:
    """A version from its JSON.

    Raises:
        ValueError: it is not the JSON of a version.
    """
    return _VERSION.validate_json(text)


def is_name(name: str) -> bool:
    """True when a model may be named so."""
    return bool(_NAME.fullmatch(name))


def check_name(name: str) -> str:
    """The name of a model, if it may be one: it becomes the name of a folder.

    Raises:
        RecipeError: it may not.
    """
    if not is_name(name):
        raise RecipeError(f"{name!r} cannot name a model; use lower case letters, digits, dashes")
    return name


def read_reference(text: str) -> ModelReference:
    """Read `NAME@VERSION` or `NAME@ALIAS`.

    Raises:
        RecipeError: it is neither.
    """
    name, _, version = text.partition("@")
    known = get_args(Alias)
    if re.fullmatch(r"[1-9][0-9]{0,8}", version):
        return ModelReference(check_name(name), int(version))
    if version not in known:
        words = " or ".join(f"NAME@{alias}" for alias in known)
        raise RecipeError(f"{text!r} names no model; write NAME@3 or {words}")
    return ModelReference(check_name(name), version)  # type: ignore[arg-type]


def is_noncommercial(licence: str) -> bool:
    """True when a licence's name says that it forbids commercial use."""
    return bool(_NONCOMMERCIAL.search(licence))
