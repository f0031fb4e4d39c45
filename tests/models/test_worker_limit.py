"""How long a worker may be at a shot: a slow network is no reason to end it, a hang is."""

import faulthandler
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from catalogs.recipe import Recipe, RecipeStep, read_recipe
from catalogs.records import CatalogReel, Shot
from catalogs.rows import frame_rows
from catalogs.store import Store
from flows.night.limits import limit_seconds
from flows.night.order import Order
from flows.night.work import restore
from tasks.ingest import ingest_reel
from tasks.registry.register import Offered
from tasks.treat import model_references, resolve_recipe

Offer = Callable[..., Offered]
MakeReel = Callable[..., tuple[Path, list[bytes]]]
UNTOUCHED = resolve_recipe(read_recipe("untouched"))


def test_a_network_has_longer_for_a_frame_than_the_steps_of_the_engine(
    make_offer: Offer, make_reel: MakeReel
) -> None:
    """At 400 s a megapixel a large network is within it; every frame begins the time anew."""
    path, raw = make_reel(frames=4)
    reel, _ = ingest_reel(CatalogReel("A", "T", 1, 1, path.name, 2), path.parent)
    shot = Shot(reel.reel_id, reel.digest, 0, 0, len(raw))
    megapixels = reel.header.picture.width * reel.header.picture.height / 1e6
    ours = limit_seconds(reel, shot, UNTOUCHED)
    assert limit_seconds(reel, shot) == ours
    longer = replace(shot, stop_frame=3 * len(raw))
    assert limit_seconds(reel, longer) - ours >= 2 * len(raw) * 2  # seconds a frame
    recipe = Recipe("mine", "", (RecipeStep("model", {"model": "grainfree@1"}),))
    version = replace(make_offer("grainfree").version, version=1)
    learned = limit_seconds(
        reel, shot, resolve_recipe(recipe, dict.fromkeys(model_references(recipe), version))
    )
    assert learned > ours + 5 * 400 * megapixels


def test_a_worker_is_ended_for_what_it_does_not_answer_and_not_for_how_long_it_works(
    store: Store, make_reel: MakeReel, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, raw = make_reel(frames=5)
    reel, index = ingest_reel(CatalogReel("A", "T", 1, 1, path.name, 2), path.parent)
    order = Order(store, path.parent, UNTOUCHED, "night")
    order.ledger.append("frames", reel.digest, frame_rows(reel.digest, index))
    begun: list[float] = []
    monkeypatch.setattr(
        faulthandler, "dump_traceback_later", lambda seconds, **_: begun.append(seconds)
    )
    restore(order, reel, Shot(reel.reel_id, reel.digest, 0, 0, len(raw)), 77.0)
    assert begun == [77.0] * (1 + len(raw))
