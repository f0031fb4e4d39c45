"""Ingesting and joining have time limits that their length asks for."""

import faulthandler
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalogs.recipe import read_recipe
from catalogs.records import CatalogReel
from catalogs.store import Store
from flows.night import work
from flows.night.limits import ingest_limit_seconds, joining_limit_seconds
from flows.night.order import Order
from tasks.treat import resolve_recipe

MakeReel = Callable[..., tuple[Path, list[bytes]]]


def test_ingesting_and_joining_begin_their_limits_and_frames_begin_the_first_anew(
    store: Store, make_reel: MakeReel, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, raw = make_reel("a.mkv", frames=30)
    entry = CatalogReel("A", "T", 1, 1, path.name, 2)
    begun: list[float] = []

    def note(seconds: float, **_: Any) -> None:
        begun.append(seconds)

    monkeypatch.setattr(faulthandler, "dump_traceback_later", note)
    order = Order(store, path.parent, resolve_recipe(read_recipe("untouched")), "night")
    reel, shots, _ = work.ingest(order, entry)
    limit = ingest_limit_seconds(entry, path.parent)
    assert begun == [limit] * (1 + len(raw) // 25)
    for shot in shots:
        work.restore(order, reel, shot, 9.0)
    begun.clear()
    work.assemble(order, reel)
    assert begun == [joining_limit_seconds(reel)]


def test_longer_work_has_longer(make_reel: MakeReel, store: Store) -> None:
    path, _ = make_reel("a.mkv", frames=30)
    entry = CatalogReel("A", "T", 1, 1, path.name, 2)
    size = path.stat().st_size
    short = ingest_limit_seconds(entry, path.parent)
    with path.open("ab") as stream:
        stream.write(bytes(10 * size))
    assert ingest_limit_seconds(entry, path.parent) > short
    order = Order(store, path.parent, resolve_recipe(read_recipe("untouched")), "night")
    make_reel("a.mkv", frames=30)
    reel, _, _ = work.ingest(order, entry)
    longer = replace(reel, content=replace(reel.content, frame_count=100_000))
    assert joining_limit_seconds(longer) - joining_limit_seconds(reel) > 50_000 * 0.5


def test_a_source_that_is_not_there_is_left_for_ingesting_to_say(tmp_path: Path) -> None:
    entry = CatalogReel("A", "T", 1, 1, "none.mkv", 2)
    assert ingest_limit_seconds(entry, tmp_path) == 600.0
