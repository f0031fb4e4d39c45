"""Treat: a recipe resolved to exactly what will be done to the samples.

A step that names a registered model becomes what that version is: the steps of the engine that it
holds, or the step `model` with the SHA-256 of its weights.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from catalogs.errors import RecipeError
from catalogs.model_version import OF_STEPS, ModelReference, ModelVersion, read_reference
from catalogs.recipe import Parameter, Recipe, RecipeStep, Treatment, TreatmentStep
from models.networks.architectures import always_invents, only_rebuilds, revision, work_of
from models.networks.learned import ModelSettings, ModelStep
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
    for place, written in enumerate(recipe.steps, 1):
        if written.name == _MODEL:
            used = _resolve_model(recipe, written, models or {})
            steps += [replace(step, use=place) for step in used]
        else:
            steps.append(_resolve_step(recipe, written))
    return Treatment(recipe.name, tuple(steps))


def resolved_steps(version: ModelVersion) -> tuple[TreatmentStep, ...]:
    """What a version of a model does, with its own parameters.

    Raises:
        RecipeError: it holds a step or parameter that is not known.
    """
    return resolve_recipe(Recipe(version.name, "", version.steps)).steps


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
        return [of_model(step, version) for step in resolved_steps(version)]
    if said := {"architecture", "revision"} & set(own):
        named = ", ".join(sorted(said))
        raise RecipeError(f"recipe {recipe.name}: the registered model says its {named}")
    return [network_step(recipe.name, version, own)]


def network_step(
    recipe: str, version: ModelVersion, parameters: Mapping[str, Parameter]
) -> TreatmentStep:
    """The step that runs a network.

    Args:
        recipe: that it is of, by name.
        version: of the model.
        parameters: those that are not to be the defaults.

    Raises:
        RecipeError: they are out of range, or this network has none.
    """
    given: dict[str, Parameter] = {**network_of(version.architecture), **parameters}
    settings = checked(recipe, _MODEL, ModelSettings, given)
    step = TreatmentStep(_MODEL, ModelStep.version, asdict(settings))
    if only_rebuilds(version.architecture) and (said := own_parameters(step)):
        raise RecipeError(
            f"recipe {recipe}: {version.reference} draws destroyed frames whole, without "
            f"parameters; take out {', '.join(said)}"
        )
    return of_model(step, version)


def own_parameters(step: TreatmentStep) -> dict[str, Parameter]:
    """The parameters of a step `model` that a recipe set to something else than the default."""
    usual = asdict(ModelSettings())
    own = {name: value for name, value in step.parameters.items() if value != usual.get(name)}
    return {name: value for name, value in own.items() if name not in ("architecture", "revision")}


def network_of(architecture: str) -> dict[str, Parameter]:
    """Which network a model is of, and by which code, as parameters."""
    return {"architecture": architecture, "revision": revision(architecture)}


def of_model(step: TreatmentStep, version: ModelVersion) -> TreatmentStep:
    """A step with all that is said of the version that it is of."""
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
    step = checked(recipe.name, written.name, kind, written.parameters)
    return TreatmentStep(step.name, step.version, asdict(step))


def checked(recipe: str, step: str, kind: type[Any], parameters: Mapping[str, Parameter]) -> Any:
    """The settings of a step from its parameters.

    Args:
        recipe: that is named where they do not hold together.
        step: its name, as well.
        kind: the dataclass of its settings.
        parameters: by name.

    Raises:
        RecipeError: one is unknown, of another kind or out of range.
    """
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
