"""The limit of copies in scratch keeps no worker from other work, and no shot from its copy."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalogs.catalog import Catalog
from catalogs.errors import NoRoomYetError, SourceError, StorageError
from catalogs.origin import RemoteRoot
from catalogs.source import Header
from catalogs.store import Store
from flows.night import work
from flows.night.jobs import Job
from flows.night.loop import Night
from flows.night.object_storage import ObjectStorage
from flows.night.order import Ingested, Order, ShotDone
from flows.night.progress import NightProgress
from tasks.storage import scratch as scratch_module
from tasks.storage.scratch import Scratch
from tests.faults.nights import wait_until
from tests.played import UNTOUCHED, Answer, AtWork, entry, ingest_done, ingested
from tests.storage.places import Place

LIMIT = 1000


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.setattr(scratch_module, "MODEST_SECONDS", 1.0)
    monkeypatch.setattr(scratch_module, "PATIENCE_SECONDS", 15.0)
    monkeypatch.setattr(scratch_module, "WARM_SECONDS", 0.0)
    monkeypatch.setattr(scratch_module, "_LOOK_SECONDS", 0.05)
    return Scratch(tmp_path / "scratch", LIMIT)


def used(scratch: Scratch, key: str, size: int = 900, made: Counter[str] | None = None) -> None:
    def fill(_: Path) -> str:
        (Counter() if made is None else made).update([key])
        return "found"

    with scratch.use(key, size, fill):
        pass


def test_an_ingest_that_waits_for_the_limit_gives_its_worker_to_others(scratch: Scratch) -> None:
    """Shots of a reel in work wait on; and what is larger than the limit is said at once."""
    modest = replace(scratch, modest=True)
    with scratch.use("other", 900, lambda _: "found"):
        with pytest.raises(NoRoomYetError, match=r"--scratch-gb allows 0\.000 GB, of which"):
            used(modest, "key")
        waiting = threading.Thread(target=used, args=(scratch, "shot"), daemon=True)
        waiting.start()
        waiting.join(1.5)
        assert waiting.is_alive()
        with pytest.raises(StorageError, match="raise --scratch-gb"):
            used(modest, "large", LIMIT + 1)
    waiting.join(10)
    assert scratch.holds("shot")


def test_a_copy_that_a_shot_used_just_now_is_kept_for_the_next(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ingest that waits takes its room when no shot has come for a while."""
    monkeypatch.setattr(scratch_module, "MODEST_SECONDS", 60.0)
    monkeypatch.setattr(scratch_module, "WARM_SECONDS", 3600.0)
    made: Counter[str] = Counter()
    ingest = threading.Thread(
        target=used, args=(replace(scratch, modest=True), "ingest", 900, made), daemon=True
    )
    used(scratch, "shots", 900, made)
    ingest.start()
    for _ in range(4):
        time.sleep(0.2)
        used(scratch, "shots", 900, made)
    assert made == {"shots": 1}
    monkeypatch.setattr(scratch_module, "WARM_SECONDS", 0.0)
    ingest.join(60)
    assert made == {"shots": 1, "ingest": 1}
    assert not scratch.holds("shots")


def test_no_worker_waits_for_the_limit_while_shots_wait_in_line(
    scratch: Scratch, store: Store, make_header: Callable[..., Header]
) -> None:
    """Two shots of a are at work at once although b's ingest waits; b follows when a is done."""
    order = Order(store, RemoteRoot("s3://bucket/films"), UNTOUCHED, "night")
    reel, shots = ingested(entry("a"), make_header)
    released = threading.Event()
    together = threading.Barrier(2, released.set)

    def hold() -> None:
        with scratch.use("a", 900, lambda _: "found"):
            released.wait(60)

    def copy_of_b() -> Any:
        used(replace(scratch, modest=True), "b")
        return ingest_done(entry("b"), make_header)

    def restore(job: Job) -> ShotDone:
        assert job.shot is not None
        if job.shot in shots[1:]:
            together.wait(10)
        return ShotDone(job.shot, "restored", "", 1.0)

    def submit(job: Job) -> Answer:
        if job.kind == "ingest":
            return AtWork(copy_of_b) if job.label == "b.r1" else Answer(Ingested(reel, shots, 1.0))
        if job.kind == "restore":
            return AtWork(lambda: restore(job))
        return Answer(job.label if job.shot is None else ShotDone(job.shot, job.kind, "", 1.0))

    holding = threading.Thread(target=hold, daemon=True)
    holding.start()
    wait_until(lambda: scratch.holds("a"))
    loop = Night(order, submit, 2, NightProgress(store, None), lambda: False)
    tally = loop.run(Catalog(Path("c.csv"), (entry("a"), entry("b")), (), ()))
    assert tally.restored == {"a.r1", "b.r1"}
    assert (tally.shots_original_kept, tally.stopped) == (0, False)


def test_a_reel_that_is_held_makes_room_for_one_that_waits(
    store: Store, make_header: Callable[..., Header]
) -> None:
    """Whatever is at work meanwhile: a's shot ends when b, which waits, is ingested."""
    order = Order(store, RemoteRoot("s3://bucket/films"), UNTOUCHED, "night")
    reel, shots = ingested(entry("a"), make_header)
    refused, found = threading.Event(), threading.Event()

    def ingest(name: str) -> Any:
        if name == "c":
            assert refused.wait(10)
            time.sleep(0.2)
            raise SourceError("c.mkv: truncated")
        if not refused.is_set():
            refused.set()
            raise NoRoomYetError("no room yet")
        found.set()
        return ingest_done(entry("b"), make_header)

    def restore(job: Job) -> ShotDone:
        assert job.shot is not None
        assert job.catalog.identifier == "b" or found.wait(5)
        return ShotDone(job.shot, "restored", "", 1.0)

    def submit(job: Job) -> Answer:
        if job.label == "a.r1" and job.kind == "ingest":
            return Answer(Ingested(reel, shots[:1], 1.0))
        if job.kind == "ingest":
            return AtWork(lambda: ingest(job.catalog.identifier))
        if job.kind == "restore":
            return AtWork(lambda: restore(job))
        return Answer(job.label if job.shot is None else ShotDone(job.shot, job.kind, "", 1.0))

    loop = Night(order, submit, 3, NightProgress(store, None), lambda: False)
    tally = loop.run(Catalog(Path("c.csv"), tuple(map(entry, "abc")), (), ()))
    assert (tally.restored, tally.held) == ({"a.r1", "b.r1"}, {"c.r1"})
    assert tally.shots_original_kept == 0


def test_waiting_for_room_is_no_part_of_what_ingesting_takes(
    store: Store, root: RemoteRoot, place: Place, film: Callable[..., Path], tmp_path: Path
) -> None:
    """Copying is."""
    place.put("a.mkv", film("a.mkv", vcodec="ffv1").read_bytes())
    room = ObjectStorage(tmp_path / "scratch", 0.001)
    order = Order(store, root, UNTOUCHED, "night", storage=room)
    held, freed = threading.Event(), threading.Event()

    def hold() -> None:
        with order.scratch.use("other", 999_999, lambda _: "found"):
            held.set()
            freed.wait(60)
        order.scratch.drop("other")

    holding = threading.Thread(target=hold)
    holding.start()
    assert held.wait(10)
    threading.Timer(3.0, freed.set).start()
    began = time.monotonic()
    seconds = work.ingest(order, entry("a")).seconds
    assert 0 < seconds < time.monotonic() - began - 1.5
    holding.join()
