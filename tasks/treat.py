"""Treat: a recipe resolved to exactly what will be done to the samples.

A step that names a registered model becomes what that version is: the steps of the engine that it
holds, or the step `model` with the SHA-256 of its weights.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from itertools import groupby
from typing import Any

from catalogs.errors import RecipeError
from catalogs.model_version import OF_STEPS, ModelReference, ModelVersion, read_reference
from catalogs.recipe import Parameter, Recipe, RecipeStep, Treatment, TreatmentStep
from models.architectures import always_invents, revision, work_of
from models.learned import ModelSettings, ModelStep
from models.supported import step_named

Models = Mapping[ModelReference, ModelVersion]

_MODEL = ModelStep.name
_REFERENCE = "model"  # the parameter that names a registered model


def model_references(recipe: Recipe) -> tuple[ModelReference, ...]:
    """The registered models that a recipe names, each once.

    Raises:
        RecipeError: a step `model` names none.
    """
    named = (_reference(recipe, step) for step in recipe.steps if step.name == _MODEL)
    return tuple(dict.fromkeys(named))


def pinned(recipe: Recipe, reference: ModelReference) -> Recipe:
    """A recipe with its uses of a model set to a version, whatever alias or version it names.

    Raises:
        RecipeError: it does not use the model.
    """

    def pin(step: RecipeStep) -> RecipeStep:
        named = str(step.parameters.get(_REFERENCE, ""))
        if step.name != _MODEL or named.partition("@")[0] != reference.name:
            return step
        return replace(step, parameters={**step.parameters, _REFERENCE: str(reference)})

    steps = tuple(map(pin, recipe.steps))
    if not any(step.parameters.get(_REFERENCE) == str(reference) for step in steps):
        raise RecipeError(f"recipe {recipe.name} does not use the model {reference.name}")
    return replace(recipe, steps=steps)


def resolve_recipe(recipe: Recipe, models: Models | None = None) -> Treatment:
    """Fill in every parameter and version of a recipe.

    Args:
        recipe: as written.
        models: what each model that it names was found to be.

    Raises:
        RecipeError: an unknown step, parameter or model, or a value out of range.
    """
    steps: list[TreatmentStep] = []
    for written in recipe.steps:
        if written.name == _MODEL:
            steps += _resolve_model(recipe, written, models or {})
        else:
            steps.append(_resolve_step(recipe, written))
    return Treatment(recipe.name, tuple(steps))


def resolved_steps(version: ModelVersion) -> tuple[TreatmentStep, ...]:
    """What a version of a model does, with its own parameters.

    Raises:
        RecipeError: it holds a step or parameter that is not known.
    """
    return resolve_recipe(Recipe(version.name, "", version.steps)).steps


def with_version(treatment: Treatment, version: ModelVersion) -> Treatment:
    """A treatment with every use of a model replaced by a version of that model.

    Parameters stay, and a treatment that does not use the model is the same. One that changes is
    to be computed anew, so every step of it becomes what that step is today.

    Raises:
        RecipeError: the version or the treatment holds a step or parameter that is not known.
    """
    steps: list[TreatmentStep] = []
    for model, used in groupby(treatment.steps, key=lambda step: step.model):
        if model.partition("@")[0] != version.name:
            steps += used
        elif version.architecture == OF_STEPS:
            steps += [_of_model(step, version) for step in resolved_steps(version)]
        else:
            steps += [_swapped(step, version) for step in _networks(list(used))]
    swapped = replace(treatment, steps=tuple(steps))
    if swapped.treatment_id == treatment.treatment_id:
        return swapped
    return replace(swapped, steps=tuple(_of_today(swapped.recipe_name, step) for step in steps))


def _of_today(recipe: str, step: TreatmentStep) -> TreatmentStep:
    """A step with its parameters, as this software carries it out."""
    kind = step_named(step.name)
    settings: type[Any] = kind
    known = step.parameters
    if kind is ModelStep:
        settings = ModelSettings
        known = {**known, **_network(str(known["architecture"]))}
    parameters = asdict(_checked(recipe, step.name, settings, known))
    return replace(step, version=kind.version, parameters=parameters)


def _networks(used: list[TreatmentStep]) -> list[TreatmentStep]:
    """The uses of a network; a run of the engine's steps was one use of a model of steps."""
    return [step for step in used if step.weights_sha256] or [TreatmentStep(_MODEL, 1, {})]


def _swapped(step: TreatmentStep, version: ModelVersion) -> TreatmentStep:
    kept: dict[str, Any] = {**step.parameters, **_network(version.architecture)}
    settings = _checked(version.name, _MODEL, ModelSettings, kept)
    return _of_model(TreatmentStep(_MODEL, ModelStep.version, asdict(settings)), version)


def _resolve_model(recipe: Recipe, written: RecipeStep, models: Models) -> list[TreatmentStep]:
    reference = _reference(recipe, written)
    version = models.get(reference)
    if version is None:
        raise RecipeError(f"recipe {recipe.name}: no model {reference}; see `wetgate models list`")
    own = {name: value for name, value in written.parameters.items() if name != _REFERENCE}
    if version.architecture == OF_STEPS:
        if own:
            raise RecipeError(
                f"recipe {recipe.name}: {reference} is of steps of the engine, with their own "
                f"parameters; take out {', '.join(own)}"
            )
        return [_of_model(step, version) for step in resolved_steps(version)]
    if said := {"architecture", "revision"} & set(own):
        named = ", ".join(sorted(said))
        raise RecipeError(f"recipe {recipe.name}: the registered model says its {named}")
    given: dict[str, Parameter] = {**_network(version.architecture), **own}
    settings = _checked(recipe.name, _MODEL, ModelSettings, given)
    return [_of_model(TreatmentStep(_MODEL, ModelStep.version, asdict(settings)), version)]


def _network(architecture: str) -> dict[str, Parameter]:
    """Which network a model is of, and by which code."""
    return {"architecture": architecture, "revision": revision(architecture)}


def _of_model(step: TreatmentStep, version: ModelVersion) -> TreatmentStep:
    return replace(
        step,
        weights_sha256=version.weights_sha256,
        model=version.reference,
        licence=version.licence,
        invents=version.invents or always_invents(version.architecture),
        does=_work(step, version),
    )


def _work(step: TreatmentStep, version: ModelVersion) -> tuple[str, ...]:
    """Steps of the engine whose work is done: what was said, and what is asked of the network."""
    if version.architecture == OF_STEPS:
        return version.does
    parameters: dict[str, Any] = dict(step.parameters)
    try:
        asked = work_of(ModelSettings(**parameters))
    except ValueError as error:
        raise RecipeError(f"{version.reference}: {error}") from error
    able = work_of(ModelSettings(version.architecture))
    return tuple(dict.fromkeys((*(name for name in version.does if name not in able), *asked)))


def _reference(recipe: Recipe, written: RecipeStep) -> ModelReference:
    named = written.parameters.get(_REFERENCE)
    if not isinstance(named, str):
        raise RecipeError(
            f'recipe {recipe.name}, step {_MODEL}: needs model = "NAME@VERSION" of the registry'
        )
    return read_reference(named)


def _resolve_step(recipe: Recipe, written: RecipeStep) -> TreatmentStep:
    kind = step_named(written.name)
    step = _checked(recipe.name, written.name, kind, written.parameters)
    return TreatmentStep(step.name, step.version, asdict(step))


def _checked(recipe: str, step: str, kind: type[Any], parameters: Mapping[str, Parameter]) -> Any:
    try:
        return kind(**_fitted(kind, parameters))
    except (TypeError, ValueError, OverflowError) as error:
        raise RecipeError(f"recipe {recipe}, step {step}: {error}") from error


def _fitted(kind: type[Any], written: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Values of the kinds that the step declares: 4 and 4.0 are one treatment."""
    declared = {field.name: type(field.default) for field in fields(kind)}
    fitted = dict(written)
    for name, value in written.items():
        wanted = declared.get(name, type(value))
        if wanted is float and type(value) is int:
            fitted[name] = float(value)
        elif type(value) is not wanted:
            raise TypeError(f"{name} = {value!r} must be of kind {wanted.__name__}")
    return fitted
