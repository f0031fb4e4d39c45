"""The thread beside a night that publishes: one reel's fault is its own, and it comes to an end."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from catalogs.errors import StorageError
from catalogs.origin import RemoteRoot
from catalogs.publications import read_publications
from catalogs.recipe import Treatment
from catalogs.store import Store
from flows.object_storage import ObjectStorage
from flows.order import Order
from flows.publisher import publishing
from flows.reels import Reels
from tasks.bucket import Bucket
from tests.storage.places import Place
from tests.storage.test_publish import finished  # noqa: F401 - a fixture

REELS = tuple(f"{letter}.r1" for letter in "ABCDE")


@pytest.fixture
def order(store: Store, root: RemoteRoot, finished: Path) -> Order:  # noqa: F811
    treatment = Treatment("conservative", ())
    for reel_id in REELS:
        shutil.copytree(finished, store.reel_folder(reel_id, treatment.label))
    return Order(store, Path(), treatment, "night", storage=ObjectStorage(publish=root))


def statuses(order: Order) -> dict[str, tuple[str, str]]:
    return {p.reel_id: (p.status, p.reason) for p in read_publications(order.ledger)}


def publish(order: Order, stopping: bool = False) -> set[str]:
    """Publish all reels; those that are not."""
    with publishing(order, lambda *_: None, lambda: stopping) as publisher:
        assert publisher is not None
        for reel_id in REELS:
            publisher.add(reel_id, order.treatment.label)
    return publisher.unpublished


def test_a_reel_that_cannot_be_published_leaves_the_others(order: Order) -> None:
    damaged = order.store.reel_folder("B.r1", order.treatment.label) / "A.mkv"
    damaged.write_bytes(b"damaged" * 100)
    assert publish(order) == {"B.r1"}
    found = statuses(order)
    assert "wetgate verify" in found["B.r1"][1]
    assert {reel for reel, (status, _) in found.items() if status == "published"} == {
        "A.r1", "C.r1", "D.r1", "E.r1"
    }  # fmt: skip
    events = order.ledger.read("events")
    assert (events["outcome"] == "failure").sum() == 1


def test_on_the_next_night_only_the_rest_is_sent(order: Order, place: Place) -> None:
    assert publish(order) == set()
    before = place.everything()
    assert publish(order) == set()
    assert place.everything() == before
    assert set(statuses(order).values()) == {("published", "")}


def test_a_storage_that_fails_again_and_again_is_let_alone(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After three reels no other waits for it."""
    asked: list[str] = []

    def fails(self: Bucket, path: str) -> dict[str, object]:
        asked.append(path)
        raise StorageError("it is silent")

    monkeypatch.setattr(Bucket, "folder", fails)
    assert publish(order) == set(REELS)
    assert len(asked) == 3
    assert "not tried" in statuses(order)["E.r1"][1]


def test_a_night_that_ends_sends_nothing_more(order: Order, place: Place) -> None:
    assert publish(order, stopping=True) == set(REELS)
    assert place.names() == set()
    assert "stopped" in statuses(order)["A.r1"][1]


def test_a_storage_that_is_away_says_nothing_against_what_was_published(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of none a row is written, tried or not; that they were not looked at is an event of each."""
    assert publish(order) == set()

    def fails(self: Bucket, path: str) -> dict[str, object]:
        raise StorageError("it is silent")

    monkeypatch.setattr(Bucket, "folder", fails)
    assert publish(order) == set(REELS)
    assert set(statuses(order).values()) == {("published", "")}
    events = order.ledger.read("events")
    said = events[events["outcome"] == "failure"]["detail"]
    assert len(said) == len(REELS)
    assert said.str.contains("published on an earlier night, not looked at now").all()


def test_a_locked_reel_is_published_as_the_version_that_was_signed_off(
    order: Order, place: Place
) -> None:
    signed = replace(order, treatment=Treatment("access", ()))
    folder = order.store.reel_folder("A.r1", signed.treatment.label)
    shutil.copytree(order.store.reel_folder("A.r1", order.treatment.label), folder)
    row = {"reel_id": "A.r1", "status": "restored", "derivative_id": f"A.r1.{folder.name}"}
    order.ledger.append("reels", "A.r1", [row])
    progress: Any = SimpleNamespace(say=lambda *_: None)
    reels = Reels(order, progress)
    reels._locks = SimpleNamespace(why=lambda _: "it is locked")  # type: ignore[assignment]
    with publishing(order, lambda *_: None, lambda: False) as publisher:
        assert publisher is not None
        reels.stands = publisher.add
        assert reels.is_locked("A.r1")
    assert publisher.unpublished == set()
    assert {name.rpartition("/")[0] for name in place.names()} == {f"A.r1/{folder.name}"}
