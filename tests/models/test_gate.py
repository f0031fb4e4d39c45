"""What a gate report must hold, so that it lets a version pass."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from catalogs.errors import RecipeError
from catalogs.model_version import OF_STEPS, ModelReference, ModelVersion
from catalogs.recipe import Recipe, RecipeStep, Treatment
from flows.registry.yardstick import yardstick
from tasks.registry.gate import GatedSide, Yardstick, read_gate, write_gate
from tasks.registry.objections import objections
from tasks.treat import resolve_recipe

from .conftest import SAME, alone, report, side


def network(number: int, architecture: str = "ffdnet") -> ModelVersion:
    return ModelVersion(
        "net", number, architecture, f"{number}" * 64, (), "MIT", "random", False, "f", "", "",
        "A. Owner", "2026-11-01", ("denoise",),
    )  # fmt: skip


ONE, TWO, THREE = map(network, (1, 2, 3))
PLAIN = resolve_recipe(Recipe("plain", "", (RecipeStep("dirt", {}),)))


def said(
    before: GatedSide, after: GatedSide, champion: ModelVersion | None = ONE, **otherwise: object
) -> list[str]:
    return objections(report(before, after, **otherwise), TWO, champion, yardstick())


def within(version: ModelVersion, **parameters: float) -> Treatment:
    """The model after another step, with parameters of its own."""
    steps = (
        RecipeStep("deflicker", {}),
        RecipeStep("model", {"model": version.reference, **parameters}),
    )
    reference = ModelReference(version.name, version.version)
    return resolve_recipe(Recipe("within", "", steps), {reference: version})


def earlier(treatment: Treatment, place: int) -> Treatment:
    """A treatment whose step was carried out by other code."""
    step = treatment.steps[place]
    step = replace(step, parameters={**step.parameters, "revision": "0.9"}) if (
        step.name == "model"
    ) else replace(step, version=0)  # fmt: skip
    steps = (*treatment.steps[:place], step, *treatment.steps[place + 1 :])
    return replace(treatment, steps=steps)


def none(*treatments: Treatment) -> GatedSide:
    return GatedSide({t.treatment_id: t.steps for t in treatments}, ())


def both(*versions: ModelVersion) -> GatedSide:
    sides = [side(version) for version in versions]
    treatments = {name: steps for one in sides for name, steps in one.treatments.items()}
    return GatedSide(treatments, tuple(model for one in sides for model in one.models))


def test_a_report_of_two_versions_that_differ_in_nothing_else_passes(tmp_path: Path) -> None:
    assert said(side(ONE), side(TWO)) == []
    assert said(side(ONE, within(ONE)), side(TWO, within(TWO))) == []
    assert said(none(PLAIN), side(TWO), None) == []
    write_gate(report(side(ONE), side(TWO)), tmp_path / "g.json")
    assert objections(read_gate(tmp_path / "g.json"), TWO, ONE, yardstick()) == []


def test_a_report_that_compares_a_version_with_itself_promotes_nobody() -> None:
    itself = "the report compares net@2 with itself"
    assert said(side(TWO), side(TWO), None) == [itself]
    mixed = both(ONE, TWO)
    assert said(mixed, mixed) == [
        "its challenger used other versions of net beside net@2",
        "what it compares with used several versions of net",
        itself,
    ]
    several = "what it compares with used several versions of net"
    assert said(both(ONE, THREE), side(TWO)) == [several]


@pytest.mark.parametrize(
    "after",
    [within(TWO, strength=0.0), within(TWO, noise=0.1), alone(TWO), earlier(within(TWO), 1)],
)
def test_sides_that_differ_in_more_than_the_version_are_refused(after: Treatment) -> None:
    """A challenger at strength 0 restores nothing and makes nothing worse."""
    found = said(side(ONE, within(ONE)), side(TWO, after))
    assert found and all("differ in more" in one or "by today's code" in one for one in found)


def test_parameters_are_not_asked_for_where_one_version_has_none() -> None:
    steps = replace(ONE, architecture=OF_STEPS, steps=(RecipeStep("denoise", {}),), does=())
    assert said(side(steps), side(TWO, alone(TWO, noise=0.1)), steps) == []
    assert "differ in more" in said(side(steps), side(TWO, within(TWO)), steps)[0]


def test_a_side_of_which_some_shots_were_restored_without_the_model_is_refused() -> None:
    before = replace(side(ONE), treatments={**side(ONE).treatments, **none(PLAIN).treatments})
    after = replace(side(TWO), treatments={**side(TWO).treatments, **none(PLAIN).treatments})
    found = said(before, after)
    assert [one.partition(" (")[0] for one in found] == [
        f"some shots were restored without {v.reference}" for v in (ONE, TWO)
    ]


@pytest.mark.parametrize("place", [0, 1])
def test_a_report_of_earlier_code_is_refused(place: int) -> None:
    """Of a step beside the model, and of the network itself; of both sides alike as well."""
    before, after = (earlier(within(version), place) for version in (ONE, TWO))
    found = said(side(ONE, before), side(TWO, after))
    assert len(found) == 2
    assert all("is not what its steps do by today's code" in one for one in found)
    old = replace(PLAIN, steps=(replace(PLAIN.steps[0], version=0),))
    assert "by today's code" in said(none(old), side(TWO), None)[0]


def test_steps_that_are_not_those_of_the_treatment_are_refused() -> None:
    swapped = replace(side(TWO), treatments={alone(TWO).treatment_id: within(TWO).steps})
    assert said(side(ONE), swapped)[0].startswith("the report does not hold the steps of treatment")


def test_a_report_of_other_software_or_another_calibration_is_refused_with_what_to_do() -> None:
    here = yardstick()
    for other, named in (
        (replace(here, software="wetgate 0.0"), "by other software (wetgate 0.0; here wetgate"),
        (replace(here, calibration_id="ab"), "rests on calibration ab, here it is"),
    ):
        (found,) = said(side(ONE), side(TWO), yardstick=other)
        assert named in found
        assert found.endswith(
            "compare anew (`wetgate models gate`, or `wetgate reprocess` and `wetgate compare "
            "--gate`)"
        )


def test_figures_that_refuse_are_not_talked_over() -> None:
    worse = replace(SAME, flagged_after=3, worsened=True)
    found = said(side(ONE), side(TWO), differences=(worse,))
    assert found[0].startswith("its figures say otherwise: BOIL (all shots) became worse")
    assert found[1] == "its figures say otherwise: BOIL (all shots) flags 3 shots, before 0"
    (few,) = said(side(ONE), side(TWO), names=("A.r1/0",))
    assert few.startswith("its figures say otherwise: only 1 shots")


def test_a_report_can_be_read_without_its_store(tmp_path: Path) -> None:
    """When, by what, of which shots, and each difference with its interval, finite or not."""
    nowhere = replace(SAME, metric="GHOST", before=float("nan"), low=float("-inf"))
    write_gate(report(side(ONE), side(TWO), differences=(SAME, nowhere)), tmp_path / "g.json")
    text = (tmp_path / "g.json").read_text()
    assert "NaN" in text
    held = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert (held["differences"][0]["low"], held["differences"][0]["high"]) == (SAME.low, SAME.high)
    found = read_gate(tmp_path / "g.json")
    assert (found.recorded_at, found.names[0], len(found.names)) == ("2026-11-28", "A.r1/0", 30)
    assert found.yardstick == yardstick()
    assert found.differences[0] == SAME
    assert found.differences[1].low == float("-inf")


@pytest.mark.parametrize("otherwise", [{"reasons": ("worse",)}, {"names": ()}, {"differences": ()}])
def test_a_report_that_contradicts_itself_is_refused(
    otherwise: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    write_gate(report(side(ONE), side(TWO), **otherwise), tmp_path / "g.json")
    with pytest.raises(RecipeError, match="contradicts itself"):
        read_gate(tmp_path / "g.json")


def test_a_yardstick_names_what_computes() -> None:
    assert isinstance(yardstick(), Yardstick)
    assert "torch" in yardstick().software
    assert len(yardstick().calibration_id) == 64
