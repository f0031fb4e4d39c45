"""The thread beside a night that publishes: one reel's fault is its own, and it comes to an end."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Sequence
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
from flows.night.object_storage import ObjectStorage
from flows.night.order import Order
from flows.night.publisher import Publisher, publishing
from flows.night.reels import Reels
from flows.window.gate import Begun, Gate
from flows.window.stop import Stop
from tasks.storage.bucket import Bucket
from tests.storage.places import Place
from tests.storage.test_publish import finished  # noqa: F401 - a fixture

REELS = tuple(f"{letter}.r1" for letter in "ABCDE")


@pytest.fixture
def order(store: Store, root: RemoteRoot, finished: Path) -> Order:  # noqa: F811
    treatment = Treatment("conservative", ())
    for reel_id in REELS:
        shutil.copytree(finished, store.reel_folder(reel_id, treatment.label))
    return Order(store, Path(), treatment, "night", storage=ObjectStorage(publish=root))


def say(*_: str) -> None:
    """To nobody."""


def statuses(order: Order) -> dict[str, tuple[str, str]]:
    return {p.reel_id: (p.status, p.reason) for p in read_publications(order.ledger)}


def publish(order: Order, stopping: bool = False) -> set[str]:
    """Publish all reels; those that are not."""
    with publishing(order, say, lambda: stopping) as publisher:
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


def test_a_second_ctrl_c_does_not_wait_for_the_object_that_is_sent(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Event(), threading.Event()

    def sends(*_: object) -> None:
        begun.set()
        go.wait(60)

    monkeypatch.setattr(Publisher, "_publish", sends)
    try:
        with pytest.raises(KeyboardInterrupt), publishing(order, say, lambda: True) as publisher:
            assert publisher is not None
            publisher.add("A.r1", order.treatment.label)
            assert begun.wait(30)
            at = time.monotonic()
            raise KeyboardInterrupt
        assert time.monotonic() - at < 20
        assert publisher.unpublished == {"A.r1"}
    finally:
        go.set()


class Ends(Gate):
    """Stops the night once it was asked some times."""

    def __init__(self, times: float) -> None:
        self.times = times
        self.askers: set[int] = set()

    def stops(self, running: Sequence[Begun]) -> bool:
        self.askers.add(threading.get_ident())
        self.times -= 1
        return self.times < 0


@pytest.mark.timeout(120)
def test_the_hour_or_a_drain_ends_a_copy_that_the_night_waits_for(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sends(publisher: Publisher, *_: object) -> None:
        while True:
            publisher._proceed()
            time.sleep(0.01)

    monkeypatch.setattr(Publisher, "_publish", sends)
    gate = Ends(2)
    with publishing(order, say, Stop(lambda: False, (gate,))) as publisher:
        assert publisher is not None
        publisher.add("A.r1", order.treatment.label)
    assert publisher.unpublished == {"A.r1"}
    assert "stopped" in statuses(order)["A.r1"][1]
    assert gate.askers == {threading.get_ident()}, "gates are not made for several threads"


def test_a_night_that_has_done_its_work_publishes_to_the_end(order: Order) -> None:
    with publishing(order, say, Stop(lambda: False, (Ends(float("inf")),))) as publisher:
        assert publisher is not None
        for reel_id in REELS:
            publisher.add(reel_id, order.treatment.label)
    assert publisher.unpublished == set()


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
