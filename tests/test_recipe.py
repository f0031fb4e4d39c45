"""Recipes and treatments: the identity of a treatment is all that is said of what was done."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalogs.errors import RecipeError, StoreError
from catalogs.recipe import (
    Part,
    Recipe,
    RecipeStep,
    Treatment,
    TreatmentStep,
    mixed,
    read_recipe,
    shipped_recipes,
)
from models.supported import STEPS
from tasks.steps import build_steps
from tasks.treat import resolve_recipe

DIRT = TreatmentStep("dirt", 1, {"threshold": 0.06, "smallest": 4.0})
FLICKER = TreatmentStep("deflicker", 1, {"look_ahead": 12})
BOTH = Treatment("one", (FLICKER, DIRT))
PINNED = "b24ad1294c8a3db7ceeb6731aed956acecf073446e967bd1138ee87ab8f8df4c"


def written(tmp_path: Path, text: str | bytes) -> Recipe:
    path = tmp_path / "recipe.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_recipe(str(path))


def treated(tmp_path: Path, text: str) -> Treatment:
    return resolve_recipe(written(tmp_path, text))


def test_the_identity_does_not_depend_on_the_name_of_the_recipe() -> None:
    assert replace(BOTH, recipe_name="two").treatment_id == BOTH.treatment_id


def test_the_identity_does_not_depend_on_the_order_in_which_parameters_are_written() -> None:
    turned = replace(DIRT, parameters=dict(sorted(DIRT.parameters.items())))
    assert replace(BOTH, steps=(FLICKER, turned)).treatment_id == BOTH.treatment_id


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((DIRT, FLICKER), id="order"),
        pytest.param((DIRT,), id="a step less"),
        pytest.param((FLICKER, DIRT, DIRT), id="a step twice"),
        pytest.param((FLICKER, replace(DIRT, version=2)), id="version"),
        pytest.param((FLICKER, replace(DIRT, weights_sha256="ab")), id="weights"),
        pytest.param((FLICKER, replace(DIRT, parameters={"threshold": 0.07})), id="parameter"),
        pytest.param((FLICKER, replace(DIRT, name="dust")), id="name of a step"),
    ],
)
def test_the_identity_depends_on_all_that_changes_pixels(steps: tuple[TreatmentStep, ...]) -> None:
    assert replace(BOTH, steps=steps).treatment_id != BOTH.treatment_id


def test_a_step_of_a_model_is_another_whenever_something_else_is_said_of_the_model() -> None:
    """What is forbidden, disclosed or chosen by it must not be read back from another's record."""
    used = replace(DIRT, model="dust@1", licence="MIT")
    said = [
        DIRT, used, replace(used, model="dust@2"), replace(used, model="mud@1"),
        replace(used, licence="CC BY-NC 4.0"), replace(used, invents=True),
        replace(used, does=("denoise",)),
    ]  # fmt: skip
    assert len({Treatment("one", (step,)).treatment_id for step in said}) == len(said)


def test_steps_of_no_model_keep_the_identity_that_stores_have_recorded() -> None:
    assert BOTH.treatment_id == PINNED


def test_comments_descriptions_and_written_defaults_do_not_change_the_identity(
    tmp_path: Path,
) -> None:
    """A default written out is the same treatment as one left out; 4 is the same as 4.0."""
    short = 'name = "a"\n[[step]]\nname = "dirt"\n'
    long = (
        '# careful\nname = "b"\ndescription = "x"\n'
        '[[step]]\nname = "dirt"  # specks\nsmallest = 4\nthreshold = 0.06\n'
    )
    assert treated(tmp_path, long).treatment_id == treated(tmp_path, short).treatment_id


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_resolves_to_steps_that_run(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    assert recipe.description
    steps = build_steps(resolve_recipe(recipe))
    assert [step.name for step in steps] == [step.name for step in recipe.steps]


def test_the_recipe_untouched_has_no_steps() -> None:
    assert resolve_recipe(read_recipe("untouched")).steps == ()


def test_a_treatment_names_every_parameter_and_version() -> None:
    for kind in STEPS:
        treatment = resolve_recipe(Recipe("a", "", (RecipeStep(kind.name, {}),)))
        assert treatment.steps[0].version == kind.version
        assert treatment.steps[0].parameters
        assert build_steps(treatment) == (kind(),)


def test_what_another_version_of_a_step_did_is_not_computed_by_this_one() -> None:
    (step,) = resolve_recipe(Recipe("a", "", (RecipeStep("dirt", {}),))).steps
    for other in (
        replace(step, version=step.version - 1),
        replace(step, parameters={**step.parameters, "brush": 2}),
        replace(step, parameters={**step.parameters, "threshold": -1.0}),
    ):
        with pytest.raises(RecipeError, match="step dirt"):
            build_steps(Treatment("a", (other,)))


REFUSED = {
    "unknown step": ('[[step]]\nname = "colourise"', "colourise"),
    "unknown parameter": ('[[step]]\nname = "dirt"\nstrength = 3', "strength"),
    "value out of range": ('[[step]]\nname = "dirt"\nthreshold = 7', "threshold"),
    "not a number": ('[[step]]\nname = "dirt"\nthreshold = nan', "threshold"),
    "text for a number": ('[[step]]\nname = "dirt"\nthreshold = "0.1"', "threshold"),
    "truth for a number": ('[[step]]\nname = "dirt"\nsmallest = true', "smallest"),
    "part of a frame": ('[[step]]\nname = "deflicker"\nlook_ahead = 12.5', "look_ahead"),
    "truth for a count": ('[[step]]\nname = "deflicker"\nlook_ahead = true', "look_ahead"),
    "a list": ('[[step]]\nname = "dirt"\nthreshold = [0.1]', "threshold"),
    "a version": ('[[step]]\nname = "dirt"\nversion = 2', "version"),
    "step without a name": ("[[step]]\nthreshold = 0.1", "name"),
    "a name that is none": ("[[step]]\nname = 3", "name"),
    "misspelt field": ('[[steps]]\nname = "dirt"', "steps"),
    "step not a list": ('step = "dirt"', "step"),
    "steps not tables": ("step = [1]", "step"),
}


@pytest.mark.parametrize(("text", "named"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_hold_together_is_refused_by_name(
    tmp_path: Path, text: str, named: str
) -> None:
    with pytest.raises(RecipeError, match=named):
        treated(tmp_path, f'name = "mine"\n{text}\n')


@pytest.mark.parametrize(
    "name",
    ["..", "../up", "a/b", "/etc", "a\\\\b", "", ".hidden", "-rf", "Über", "a b", "a\\n", "x" * 60],
)
def test_names_that_could_leave_a_folder_are_refused(tmp_path: Path, name: str) -> None:
    """The name of a recipe becomes part of a folder's name."""
    with pytest.raises(RecipeError, match="lower case letters"):
        written(tmp_path, f'name = "{name}"\n')


@pytest.mark.parametrize("text", [b"name = ", b"\xff\xfe", b"\0"], ids=["half", "latin", "NUL"])
def test_a_file_that_is_not_toml_is_refused_with_its_path(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(RecipeError, match=r"recipe\.toml: not TOML"):
        written(tmp_path, text)


@pytest.mark.parametrize("name", ["absent", "", ".", "a\0b", "x" * 5000, "../conservative"])
def test_an_unknown_recipe_is_answered_with_those_there_are(name: str) -> None:
    with pytest.raises(RecipeError, match="access, conservative, stabilised, untouched"):
        read_recipe(name)


def test_a_mixed_treatment_knows_the_frames_that_its_shots_begin_at() -> None:
    """Steps of all its shots together are the treatment of none of them."""
    one, two = (resolve_recipe(read_recipe(name)) for name in ("conservative", "stabilised"))
    whole = mixed("both", (Part(0, 4, one), Part(4, 8, two)))
    assert (whole.of(0), whole.of(4), one.of(7)) == (one, two, one)
    with pytest.raises(StoreError, match="no shot begins at frame 2"):
        whole.of(2)
