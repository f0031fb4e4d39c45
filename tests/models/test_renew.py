"""Renewing: what a recorded treatment becomes with another version of its model."""

from dataclasses import replace

import pytest

from catalogs.errors import RecipeError
from catalogs.model_version import OF_STEPS, ModelReference, ModelVersion
from catalogs.recipe import Parameter, Recipe, RecipeStep, Treatment, read_steps, steps_json
from tasks.reprocess.renew import of_today, with_version
from tasks.treat import resolve_recipe


def version(number: int, architecture: str, *steps: RecipeStep, name: str = "net") -> ModelVersion:
    return ModelVersion(
        name, number, architecture, f"{number}" * 64, steps, "MIT", "by eye", False, "f", "", "",
        "A. Owner", "2026-11-01",
    )  # fmt: skip


def used(*versions: ModelVersion, **parameters: Parameter) -> Treatment:
    """A recipe that uses versions of models in a row."""
    named = {ModelReference(one.name, one.version): one for one in versions}
    steps = (RecipeStep("model", {"model": one.reference, **parameters}) for one in versions)
    return resolve_recipe(Recipe("mine", "", tuple(steps)), named)


NETWORK = version(1, "ffdnet")
STEPS = version(2, OF_STEPS, RecipeStep("dirt", {}), RecipeStep("scratch", {}))
OTHERS = version(3, OF_STEPS, RecipeStep("dirt", {"threshold": 0.2}))


def test_two_uses_in_a_row_stay_two() -> None:
    """As a night with the recipe would make them; a network and steps alike, there and back."""
    for one in (NETWORK, STEPS, OTHERS):
        for other in (NETWORK, STEPS, OTHERS):
            assert with_version(used(one, one), other) == used(other, other)


def test_the_record_tells_uses_apart() -> None:
    twice = used(STEPS, STEPS)
    assert replace(twice, steps=read_steps(steps_json(twice.steps))) == twice
    assert [step.use for step in twice.steps] == [1, 1, 2, 2]


def test_parameters_that_a_version_has_no_place_for_are_not_dropped() -> None:
    """They would not be there on the way back."""
    with pytest.raises(RecipeError, match=r"net@2 is of steps .* no place for strength 0\.4"):
        with_version(used(NETWORK, strength=0.4), STEPS)
    kept = with_version(used(NETWORK, strength=0.4), version(4, "temporalfix"))
    assert kept.steps[0].parameters["strength"] == 0.4
    assert with_version(kept, NETWORK) == used(NETWORK, strength=0.4)


@pytest.mark.parametrize("name", ["strength", "steadiness", "noise"])
def test_a_network_that_draws_frames_whole_takes_no_parameters(name: str) -> None:
    rife = version(5, "rife")
    assert used(rife).steps[0].does == ("missing",)
    with pytest.raises(RecipeError, match=f"net@5 draws destroyed frames whole.*take out {name}"):
        used(rife, **{name: 0.1})
    with pytest.raises(RecipeError, match="draws destroyed frames whole"):
        with_version(used(NETWORK, **{name: 0.1}), rife)


def test_a_treatment_is_of_today_or_is_not() -> None:
    whole = used(NETWORK, STEPS)
    assert of_today(whole) == whole
    earlier = replace(whole, steps=(*whole.steps[:-1], replace(whole.steps[-1], version=0)))
    assert of_today(earlier) == whole
