"""Treat: a recipe resolved to exactly what will be done to the samples."""

from dataclasses import asdict

from catalogs.errors import RecipeError
from catalogs.recipe import Recipe, RecipeStep, Treatment, TreatmentStep
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
        step = kind(**written.parameters)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"recipe {recipe.name}, step {written.name}: {error}") from error
    return TreatmentStep(step.name, step.version, asdict(step))  # type: ignore[call-overload]
