"""The restorer that comes with Wetgate is registered by one command, with a recipe that uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalogs.errors import RecipeError
from catalogs.store import Store
from flows.cli import app
from flows.registry.treatment import resolve_treatment
from tasks.registry.shipped import RECIPE, add_recipe, offer_shipped


def said(*line: str) -> str:
    done = CliRunner().invoke(app, ["models", *line])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


@pytest.mark.timeout(600)
def test_it_is_registered_and_its_recipe_runs_it_once_it_is_the_champion(
    registry_store: Store,
) -> None:
    """The recipe is named like those that are shipped; the dashboard offers it, too."""
    store = ["--store", str(registry_store.root)]
    registered = said("register", "restorer", "--by", "A. Owner", *store)
    assert "restorer@1 [challenger]" in registered
    assert "licence: Apache-2.0; by A. Owner" in registered
    assert str(registry_store.root / "recipes" / "mended.toml") in registered.replace("\n", "")
    said("promote", "restorer@1", "--by", "B. Judge", "--because", "the gate", *store)
    treatment = resolve_treatment(RECIPE, registry_store.root).treatment
    assert [step.model for step in treatment.steps] == ["", "restorer@1"]
    assert treatment.steps[1].parameters["tasks"] == "dirt, scratch, inpaint"
    assert RECIPE in registry_store.recipes


def test_a_recipe_of_that_name_stays_as_the_store_has_it(store: Store) -> None:
    own = store.root / "recipes" / f"{RECIPE}.toml"
    own.parent.mkdir()
    own.write_text("ours")
    assert add_recipe(store) == f"{own} is another recipe of that name, and was left as it is"
    assert own.read_text() == "ours"
    own.unlink()
    for _ in range(2):
        assert add_recipe(store) == f"recipe that uses it: {own}"


def test_weights_that_do_not_come_with_wetgate_are_to_be_named() -> None:
    with pytest.raises(RecipeError, match="name a file"):
        offer_shipped("grainfree", "A. Owner")


@pytest.mark.parametrize("said", [["--licence", "MIT"], ["--does", "dirt"], ["--invents-nothing"]])
def test_what_describes_a_file_is_not_dropped_where_none_is_named(
    said: list[str], tmp_path: Path
) -> None:
    line = ["models", "register", "restorer", "--by", "A", "--store", str(tmp_path / "s"), *said]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 2
    assert not (tmp_path / "s").exists()


def test_of_a_file_licence_and_training_must_be_said(tmp_path: Path) -> None:
    file = tmp_path / "dirt.toml"
    file.write_text('name = "n"\n[[step]]\nname = "dirt"\n')
    line = [
        "models",
        "register",
        "n",
        str(file),
        "--by",
        "A. Owner",
        "--store",
        str(tmp_path / "s"),
    ]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 2
    assert "--licence" in done.output
    assert not (tmp_path / "s").exists()
