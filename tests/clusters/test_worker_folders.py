"""The folders that workers of other hosts are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalogs.controls import Asked, Storage
from catalogs.rows import reel_row
from catalogs.store import Store
from flows.cluster.worker_folders import folders_of
from flows.cluster.worker_look import Folder, look, needed
from flows.night.order import Order
from tests.played import UNTOUCHED, entry, ingested


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    folder = tmp_path / "mnt"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.mkv").touch()
    return folder


@pytest.fixture
def again(store: Store, mounted: Path, header_maker: Callable[..., Any]) -> Order:
    """Two reels are to be restored again; a third is only known."""
    for name, folder in (("a", mounted), ("b", mounted), ("c", mounted.parent / "other")):
        reel, _ = ingested(entry(name), header_maker)
        reel = replace(reel, source=folder / f"{name}.mkv")
        row = reel_row(reel, "ingested", UNTOUCHED)
        store.ledger("before").append("reels", reel.reel_id, [row])
    treatments = {name: UNTOUCHED for name in ("a.r1", "b.r1")}
    return Order(store, Path(), UNTOUCHED, "night", treatments=treatments)


def test_for_reprocessing_a_worker_must_see_where_the_sources_lie(
    again: Order, mounted: Path
) -> None:
    asked = folders_of(again)
    assert asked == (Folder("the sources' folder", mounted, ("a.mkv", "b.mkv")),)
    with needed(again.store, asked) as need:
        assert look(need).problems == ()
        mounted.rename(mounted.with_name("away"))
        (problem,) = look(need).problems
    assert f"does not see the sources' folder {mounted}" in problem
    assert "mount" in problem


def test_what_is_not_here_either_or_is_under_maintenance_nobody_is_asked_for(
    again: Order, mounted: Path
) -> None:
    (mounted / "a.mkv").unlink()
    assert folders_of(again)[0].entries == ("b.mkv",)
    storage = Storage(str(mounted), str(mounted), Asked.now("B", ""))
    again.store.controls.change_storages(lambda _: (storage,))
    assert folders_of(again) == ()
    archive = replace(again, archive=mounted, treatments={})
    assert folders_of(archive) == ()
    linked = mounted.with_name("linked")
    linked.symlink_to(mounted)
    assert folders_of(replace(archive, archive=linked)) == ()
    again.store.controls.change_storages(lambda _: ())
    assert folders_of(archive) == (Folder("the archive", mounted, ("b.mkv",)),)
    assert folders_of(replace(archive, archive=mounted / "gone")) == ()
