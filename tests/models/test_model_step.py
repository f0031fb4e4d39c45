"""A registered model in a shot's way: from the shelf to restored frames and their record."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from catalogs.errors import RecipeError, StoreError
from catalogs.policy import Policy
from catalogs.recipe import Recipe, RecipeStep, Treatment
from catalogs.records import CatalogReel, Shot
from catalogs.store import Store
from models.missing.step import Missing
from models.networks.architectures import ARCHITECTURES, revision
from models.networks.checkpoint import safetensors_bytes
from models.networks.spandrel import spandrel_version
from tasks.ingest import ingest_reel
from tasks.permit import allowances, permit
from tasks.registry.register import Offered, Statement, offer
from tasks.reprocess.renew import with_version
from tasks.restore import restore_shot
from tasks.steps import build_steps
from tasks.treat import model_references, resolve_recipe

Offer = Callable[..., Offered]
MakeReel = Callable[..., tuple[Path, list[bytes]]]

RECIPE = Recipe("mine", "", (RecipeStep("model", {"model": "grainfree@1", "noise": 0.02}),))


def treated(store: Store, offered: Offered, recipe: Recipe = RECIPE) -> Treatment:
    """The recipe, with what is offered on the shelf as version 1."""
    version = replace(offered.version, version=1)
    store.shelf.put(version, offered.weights, None)
    return resolve_recipe(recipe, {r: version for r in model_references(recipe)})


def test_a_shot_is_restored_by_a_registered_model_and_says_so(
    store: Store, make_offer: Offer, make_reel: MakeReel
) -> None:
    path, raw = make_reel(frames=4)
    reel, index = ingest_reel(CatalogReel("A", "T", 1, 1, path.name, 2), path.parent)
    treatment = treated(store, make_offer("grainfree"))
    shot = Shot(reel.reel_id, reel.digest, 0, 0, len(raw))
    restored = restore_shot(reel, index, shot, treatment, store)
    (step,) = restored.steps
    assert (step.name, step.version, step.touches) == ("model", 3, "every sample")
    assert step.changed_share > 0
    assert restored.treatment_id == treatment.treatment_id
    again = restore_shot(reel, index, shot, treatment, store)
    assert again.frame_md5 == restored.frame_md5


def test_the_treatment_names_all_that_changes_pixels(store: Store, make_offer: Offer) -> None:
    (step,) = treated(store, make_offer("grainfree", licence="CC BY-NC 4.0")).steps
    assert dict(step.parameters) == {
        "architecture": "ffdnet", "revision": "1", "strength": 1.0, "steadiness": 0.8,
        "noise": 0.02, "tasks": "",
    }  # fmt: skip
    assert (step.model, step.licence) == ("grainfree@1", "CC BY-NC 4.0")


def test_a_model_that_may_invent_runs_only_where_a_person_allowed_it(
    store: Store, make_offer: Offer
) -> None:
    from catalogs.catalog import Catalog
    from catalogs.policy import CollectionRules

    catalog = Catalog(Path("c.csv"), (CatalogReel("A", "T", 1, 1, "a.mkv", 2),), (), ())
    dreaming = treated(store, make_offer("grainfree", invents=True))
    (held,) = permit(catalog, Policy(), dreaming).held
    assert "step model invents picture, which nobody allowed" in held.reason
    rules = CollectionRules("*", ("model",), "A. Curator")
    allowing = Policy(Path("policy.toml"), "", (rules,))
    assert permit(catalog, allowing, dreaming).held == ()
    assert [a.step for a in allowances(allowing, None, dreaming)] == ["model"]


def test_a_model_that_invents_nothing_needs_no_permission(store: Store, make_offer: Offer) -> None:
    from catalogs.catalog import Catalog

    catalog = Catalog(Path("c.csv"), (CatalogReel("A", "T", 1, 1, "a.mkv", 2),), (), ())
    assert permit(catalog, Policy(), treated(store, make_offer("grainfree"))).held == ()


def test_weights_that_are_gone_are_the_stores_fault_and_not_the_shots(
    store: Store, make_offer: Offer
) -> None:
    """A fault of the store fails a reel; a fault of a shot would keep its original in silence."""
    treatment = treated(store, make_offer("grainfree", seed=71))
    store.shelf.weights_file(treatment.steps[0].weights_sha256).unlink()
    with pytest.raises(StoreError, match="is missing"):
        build_steps(treatment, store.shelf)
    with pytest.raises(StoreError, match="lie in a store"):
        build_steps(treatment)


def test_other_code_of_a_network_is_another_treatment(
    store: Store, make_offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same weights give other pixels; nothing that was restored before is taken for it."""
    offered = make_offer("grainfree")
    before = treated(store, offered)
    assert build_steps(before, store.shelf)
    changed = tuple(replace(known, revision="2") for known in ARCHITECTURES)
    monkeypatch.setattr("models.networks.architectures.ARCHITECTURES", changed)
    after = treated(store, offered)
    assert after.treatment_id != before.treatment_id
    assert with_version(before, replace(offered.version, version=1)) == after
    with pytest.raises(StoreError, match="of revision '1', here it is '2'"):
        build_steps(before, store.shelf)
    own = Recipe("mine", "", (RecipeStep("model", {"model": "grainfree@1", "revision": "1"}),))
    with pytest.raises(RecipeError, match="says its revision"):
        treated(store, offered, own)


def test_what_a_network_leans_on_is_named_in_its_revision() -> None:
    assert revision("rife") == f"1, {Missing()} {Missing.version}"
    assert revision("spandrel") == f"1, spandrel {spandrel_version()}"


class Compact(nn.Module):
    """The network of Real-ESRGAN's small models, as its published weights are named."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.body = nn.ModuleList([nn.Conv2d(3, 8, 3, padding=1), nn.PReLU(8)])
        for _ in range(2):
            self.body += [nn.Conv2d(8, 8, 3, padding=1), nn.PReLU(8)]
        self.body.append(nn.Conv2d(8, 3 * scale * scale, 3, padding=1))


@pytest.mark.parametrize("scale", [1, 2])
def test_a_checkpoint_that_spandrel_knows_restores_a_shot(
    store: Store, tmp_path: Path, make_reel: MakeReel, scale: int
) -> None:
    pytest.importorskip("einops", reason="comes with the extra `models`")
    torch.manual_seed(1)
    file = tmp_path / "compact.safetensors"
    file.write_bytes(safetensors_bytes(Compact(scale).state_dict()))
    offered = offer("compact", file, Statement("BSD-3-Clause", "random", False, "A", ("nothing",)))
    assert offered.version.architecture == "spandrel"
    recipe = Recipe("mine", "", (RecipeStep("model", {"model": "compact@1"}),))
    path, raw = make_reel(frames=3)
    reel, index = ingest_reel(CatalogReel("A", "T", 1, 1, path.name, 2), path.parent)
    shot = Shot(reel.reel_id, reel.digest, 0, 0, len(raw))
    restored = restore_shot(reel, index, shot, treated(store, offered, recipe), store)
    assert len(restored.frame_md5) == len(raw)
