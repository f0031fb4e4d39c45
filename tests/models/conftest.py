"""What tests of models share: weights of a small network, and a store with a registry in it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from catalogs.model_version import ModelReference, ModelVersion
from catalogs.recipe import Recipe, RecipeStep, Treatment
from catalogs.store import Store, open_store
from flows.registry.yardstick import yardstick
from models.networks.ffdnet import FFDNet
from tasks.compare.difference import Difference
from tasks.registry.gate import Gate, GatedModel, GatedSide
from tasks.registry.register import Offered, Statement, offer
from tasks.treat import resolve_recipe

DOES = ("nothing",)

Offer = Callable[..., Offered]


def ffdnet_file(path: Path, seed: int = 1) -> Path:
    """A torch checkpoint of FFDNet with random weights that draw the picture much as it is."""
    torch.manual_seed(seed)
    torch.save({"params": FFDNet().state_dict()}, path)
    return path


def recipe(reference: str, **parameters: float) -> Recipe:
    return Recipe("mine", "", (RecipeStep("model", {"model": reference, **parameters}),))


SAME = Difference(
    "all shots",
    "BOIL",
    "ln ratio",
    30,
    30,
    30,
    0.1,
    0.05,
    -0.1,
    0.0,
    0,
    0,
    "better",
    False,
    "reels",
)


def alone(version: ModelVersion, **parameters: float) -> Treatment:
    reference = ModelReference(version.name, version.version)
    return resolve_recipe(recipe(version.reference, **parameters), {reference: version})


def side(version: ModelVersion, *treatments: Treatment) -> GatedSide:
    steps = {t.treatment_id: t.steps for t in treatments or (alone(version),)}
    return GatedSide(steps, (GatedModel(version.reference, version.content_sha256),))


def report(*sides: GatedSide, worse: tuple[str, ...] = (), **otherwise: Any) -> Gate:
    names = tuple(f"A.r1/{n}" for n in range(30))
    return replace(
        Gate(
            *sides, "shots of a store", names, (SAME,), not worse, worse, yardstick(), "2026-11-28"
        ),
        **otherwise,
    )


@pytest.fixture
def make_offer(tmp_path: Path) -> Offer:
    """A function that reads random FFDNet weights as something to be registered."""

    def make(name: str, seed: int = 1, licence: str = "MIT", invents: bool = False) -> Offered:
        file = ffdnet_file(tmp_path / f"{seed}.pth", seed)
        return offer(name, file, Statement(licence, "nothing; random", invents, "A. Owner", DOES))

    return make


@pytest.fixture(scope="module")
def registry_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store whose MLflow database is made once a file of tests: that takes seconds."""
    folder = tmp_path_factory.mktemp("registry")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield open_store(folder / "store")
