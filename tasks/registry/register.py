"""Register: a file that a user has becomes what the registry holds.

A recipe becomes a model of steps, a file of weights a model of a network. Weights are read without
running anything that is in the file, loaded strictly into the network they say they are of, tried
on a small picture, and kept as safetensors.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from catalogs.errors import RecipeError, VerificationError
from catalogs.model_version import OF_STEPS, ModelVersion, check_name
from catalogs.recipe import RecipeStep, read_recipe
from models.networks.architectures import (
    always_invents,
    build_learned,
    only_rebuilds,
    recognised,
    work_of,
)
from models.networks.checkpoint import SUFFIXES, read_checkpoint, safetensors_bytes
from models.networks.learned import ModelSettings, ModelStep
from tasks.registry.trial import check_weights, megapixel_seconds, try_out
from tasks.treat import resolved_steps

DOES = ("deflicker", "dirt", "scratch", "denoise", "grain")  # what a network may do
NOTHING = "nothing"  # said of one that does the work of no step
UNREGISTERED = 0  # the number of a version before the registry gave it one


@dataclass(frozen=True)
class Offered:
    """What is to be registered.

    Attributes:
        version: complete but for its number, which is `UNREGISTERED`.
        weights: the safetensors file; None for steps.
        benchmark: the benchmark table, as it is; None where none was given.
    """

    version: ModelVersion
    weights: bytes | None
    benchmark: bytes | None


@dataclass(frozen=True)
class Statement:
    """What a person says of a model.

    Attributes:
        licence: of the weights or the recipe, as its publisher states it.
        training: what it was trained on; for steps, how the parameters were chosen.
        invents: whether it may make picture that no frame shows.
        person: who registers it.
        does: steps of the engine whose work a network does, of `DOES`, or `NOTHING` alone; empty
            where nothing is said, which is for steps and for networks that rebuild frames.
    """

    licence: str
    training: str
    invents: bool
    person: str
    does: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.does) - {*DOES, NOTHING}):
            raise RecipeError(
                f"a model cannot be said to do {', '.join(unknown)}; there are {', '.join(DOES)} "
                f"and {NOTHING}"
            )
        if NOTHING in self.does and len(set(self.does)) > 1:
            raise RecipeError(f"a model that does something does not do {NOTHING}; say one of both")
        for name in ("licence", "training", "person"):
            if not any(map(str.isalpha, getattr(self, name))):
                raise RecipeError(f"a model needs a {name} in words; say what is known of it")


def offer(
    name: str,
    file: Path,
    statement: Statement,
    architecture: str | None = None,
    benchmark: Path | None = None,
) -> Offered:
    """Read a file that is to be registered.

    Args:
        name: of the model.
        file: a recipe (`.toml`), or weights, one of `models.networks.checkpoint.SUFFIXES`.
        statement: what is said of it.
        architecture: of the weights; the first that takes them when None.
        benchmark: a table of results that goes with it, any format.

    Raises:
        RecipeError: a name, recipe or statement that does not hold together.
        VerificationError: the file is none, or its weights fit no known network.
        OSError: a file cannot be read.
    """
    data = file.read_bytes()
    table = benchmark.read_bytes() if benchmark else None
    draft = ModelVersion(
        name=check_name(name),
        version=UNREGISTERED,
        architecture=OF_STEPS,
        content_sha256="",
        steps=(),
        licence=statement.licence,
        training=statement.training,
        invents=statement.invents,
        origin=file.name,
        origin_sha256=_sha256(data),
        benchmark_sha256=_sha256(table) if table is not None else "",
        registered_by=statement.person,
        registered_at=datetime.now(UTC).isoformat(timespec="seconds"),
        does=tuple(dict.fromkeys(statement.does)),
    )
    if file.suffix == ".toml":
        return Offered(_of_steps(draft, read_recipe(str(file)).steps), None, table)
    if file.suffix not in SUFFIXES:
        raise VerificationError(
            f"{file}: neither a recipe (.toml) nor weights ({', '.join(SUFFIXES)})"
        )
    return _of_weights(draft, data, file.suffix, architecture, table)


def _of_steps(draft: ModelVersion, steps: tuple[RecipeStep, ...]) -> ModelVersion:
    if not steps or any(step.name == ModelStep.name for step in steps):
        raise RecipeError("a model of steps needs steps of the engine, and none that is a model")
    if draft.does:
        raise RecipeError("a model of steps does what its steps do; leave out --does")
    version = replace(draft, steps=steps)
    facts = [[s.name, s.version, sorted(s.parameters.items())] for s in resolved_steps(version)]
    return replace(version, content_sha256=_sha256(json.dumps(facts).encode()))


def _of_weights(
    draft: ModelVersion, data: bytes, suffix: str, architecture: str | None, table: bytes | None
) -> Offered:
    tensors = read_checkpoint(data, suffix)
    check_weights(tensors)
    architecture = architecture or recognised(tensors)
    try_out(build_learned(architecture, tensors), architecture)
    weights = safetensors_bytes(tensors)
    if always_invents(architecture) and not draft.invents:
        raise RecipeError(
            f"a network of {architecture} draws picture that no frame shows; leave out "
            "--invents-nothing"
        )
    able = work_of(ModelSettings(architecture))
    if not draft.does and not able:
        raise RecipeError(
            "say whose work of the engine this network does, by which it is judged and forbidden: "
            f"--does {', --does '.join(DOES)}, or --does {NOTHING}"
        )
    said = (name for name in draft.does if name != NOTHING)
    does = tuple(dict.fromkeys((*said, *able)))
    version = replace(draft, architecture=architecture, content_sha256=_sha256(weights), does=does)
    return Offered(version, weights, table)


def pace_of(offered: Offered) -> float | None:
    """What a network takes one core of this machine for a megapixel, in seconds.

    None of steps, and of a network that touches few frames.
    """
    architecture = offered.version.architecture
    if offered.weights is None or only_rebuilds(architecture):
        return None
    tensors = read_checkpoint(offered.weights, ".safetensors")
    return megapixel_seconds(build_learned(architecture, tensors), architecture)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
