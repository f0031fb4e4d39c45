"""Treat: a recipe resolved to exactly what will be done to the samples."""

from collections.abc import Mapping
from dataclasses import asdict, fields

from catalogs.errors import RecipeError
from catalogs.recipe import Parameter, Recipe, RecipeStep, Treatment, TreatmentStep
from models.contract import Step
from models.supported import step_named


def resolve_recipe(recipe: Recipe) -> Treatment:
    """Fill in every parameter and version of a recipe.

    Raises:
        RecipeError: an unknown step or parameter, or a value out of range.
    """
    return Treatment(recipe.name, tuple(_resolve_step(recipe, step) for step in recipe.steps))


def _resolve_step(recipe: Recipe, written: RecipeStep) -> TreatmentStep:
    kind = step_named(written.name)
    try:
        step = kind(**_fitted(kind, written.parameters))
    except (TypeError, ValueError, OverflowError) as error:
        raise RecipeError(f"recipe {recipe.name}, step {written.name}: {error}") from error
    return TreatmentStep(step.name, step.version, asdict(step))  # type: ignore[call-overload]


def _fitted(kind: type[Step], written: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Values of the kinds that the step declares: 4 and 4.0 are one treatment."""
    declared = {field.name: type(field.default) for field in fields(kind)}  # type: ignore[arg-type]
    fitted = dict(written)
    for name, value in written.items():
        wanted = declared.get(name, type(value))
        if wanted is float and type(value) is int:
            fitted[name] = float(value)
        elif type(value) is not wanted:
            raise TypeError(f"{name} = {value!r} must be of kind {wanted.__name__}")
    return fitted
