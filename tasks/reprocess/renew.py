"""Renew: a recorded treatment with another version of a model, and as it is carried out today.

What an earlier version of a step did cannot be computed again, so a treatment that is to be carried
out anew becomes what its steps are today, with the parameters that are recorded.
"""

from dataclasses import asdict, replace
from itertools import groupby
from typing import Any

from catalogs.errors import RecipeError
from catalogs.model_version import OF_STEPS, ModelVersion
from catalogs.recipe import Treatment, TreatmentStep
from models.networks.learned import ModelSettings, ModelStep
from models.supported import step_named
from tasks.treat import checked, network_of, network_step, of_model, own_parameters, resolved_steps


def with_version(treatment: Treatment, version: ModelVersion) -> Treatment:
    """A treatment with every use of a model replaced by a version of that model.

    Parameters stay, and a treatment that does not use the model is the same. One that changes is
    to be computed anew, so every step of it becomes what that step is today.

    Raises:
        RecipeError: the version or the treatment holds a step or parameter that is not known, or
            the version has no place for parameters that a use was given.
    """
    steps: list[TreatmentStep] = []
    for (model, use), group in groupby(treatment.steps, key=lambda step: (step.model, step.use)):
        used = list(group)
        if model.partition("@")[0] == version.name:
            used = [
                replace(step, use=use) for step in _renewed(treatment.recipe_name, used, version)
            ]
        steps += used
    swapped = replace(treatment, steps=tuple(steps))
    return swapped if swapped.treatment_id == treatment.treatment_id else of_today(swapped)


def of_today(treatment: Treatment) -> Treatment:
    """A treatment as this software carries it out.

    Raises:
        RecipeError: it holds a step or parameter that is not known any more.
    """
    steps = tuple(_step_of_today(treatment.recipe_name, step) for step in treatment.steps)
    return replace(treatment, steps=steps)


def around(treatment: Treatment, name: str, bare: bool) -> list[Any]:
    """What a treatment is beside a model: two that are alike in it differ by the version alone.

    Args:
        treatment: that uses the model, or does not.
        name: of the model.
        bare: whether the parameters that its uses were given are left out.
    """
    found: list[Any] = []
    for (model, _), group in groupby(treatment.steps, key=lambda step: (step.model, step.use)):
        used = list(group)
        if model.partition("@")[0] == name:
            found.append({} if bare else [own_parameters(step) for step in used])
        else:
            found += [step.identity for step in used]
    return found


def _renewed(recipe: str, used: list[TreatmentStep], version: ModelVersion) -> list[TreatmentStep]:
    """One use of a model, or a run of them where the record does not tell them apart."""
    networks = [step for step in used if step.weights_sha256]
    if version.architecture == OF_STEPS:
        for step in networks:
            _check_nothing_is_lost(step, version)
        return [of_model(step, version) for step in resolved_steps(version)]
    given = [own_parameters(step) for step in networks] or [{}]
    return [network_step(recipe, version, own) for own in given]


def _check_nothing_is_lost(step: TreatmentStep, version: ModelVersion) -> None:
    """Parameters that are dropped on the way to a version are not there on the way back."""
    if own := own_parameters(step):
        said = ", ".join(f"{name} {value}" for name, value in own.items())
        raise RecipeError(
            f"{version.reference} is of steps of the engine and has no place for {said}, which "
            f"{step.model} was given"
        )


def _step_of_today(recipe: str, step: TreatmentStep) -> TreatmentStep:
    kind = step_named(step.name)
    settings: type[Any] = kind
    known = step.parameters
    if kind is ModelStep:
        settings = ModelSettings
        known = {**known, **network_of(str(known["architecture"]))}
    parameters = asdict(checked(recipe, step.name, settings, known))
    return replace(step, version=kind.version, parameters=parameters)
