"""Copies of sources and a night's other work share a disk, and leave each other what they need."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from catalogs.catalog import Catalog
from catalogs.errors import NoRoomYetError, StorageError
from catalogs.origin import RemoteRoot
from catalogs.source import Header
from catalogs.store import Store
from flows.night.jobs import Job
from flows.night.loop import Night
from flows.night.order import Ingested, Order, ShotDone
from flows.night.progress import NightProgress
from flows.night.tally import Tally
from flows.window import look
from flows.window.gate import Gate
from flows.window.room import JOINED_SHARE, SHOT_SHARE, Room
from tasks.storage import scratch as scratch_module
from tasks.storage.disk_share import TOLD_SECONDS, lock_of, needed_bytes, tell_needed
from tasks.storage.file_lock import FileLock, take
from tasks.storage.scratch import SPARE_BYTES, Scratch
from tests.faults.nights import wait_until
from tests.played import UNTOUCHED, Answer, AtWork, entry, ingest_done, ingested

Usage = namedtuple("Usage", "total used free")
ROOM = 10_000


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets what the disk has free beside what scratch always leaves."""

    def set_free(size: int) -> None:
        usage = Usage(0, 0, SPARE_BYTES + size)
        monkeypatch.setattr(scratch_module.shutil, "disk_usage", lambda _: usage)

    set_free(ROOM)
    return set_free


def used(scratch: Scratch, key: str, size: int) -> None:
    with scratch.use(key, size, lambda files: (files / "a").write_bytes(b"film") and "found"):
        pass


def test_a_new_reel_waits_for_what_reels_in_work_still_write(
    tmp_path: Path, free: Callable[[int], None]
) -> None:
    scratch = Scratch(tmp_path / "scratch", ROOM, modest=True)
    tell_needed(scratch.root, SPARE_BYTES + ROOM - 900)
    copying = threading.Thread(target=used, args=(scratch, "key", 1000))
    copying.start()
    time.sleep(0.3)
    assert not scratch.holds("key")
    tell_needed(scratch.root, SPARE_BYTES + ROOM - 1000)
    wait_until(lambda: scratch.holds("key"))
    copying.join()


def test_a_new_reel_gives_its_worker_to_others_soon(
    tmp_path: Path, free: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it waits for may wait for it."""
    monkeypatch.setattr(scratch_module, "MODEST_SECONDS", 0.2)
    scratch = Scratch(tmp_path / "scratch", ROOM, modest=True)
    tell_needed(scratch.root, SPARE_BYTES + ROOM)
    with pytest.raises(NoRoomYetError, match=r"0\.000 GB are kept for reels in work, other"):
        used(scratch, "key", 1000)
    tell_needed(scratch.root, 0)
    used(scratch, "key", 1000)
    assert scratch.holds("key")


def test_a_reel_in_work_does_not_wait_for_itself(
    tmp_path: Path, free: Callable[[int], None]
) -> None:
    scratch = Scratch(tmp_path / "scratch", ROOM)
    tell_needed(scratch.root, SPARE_BYTES + ROOM)
    used(scratch, "key", 1000)
    assert scratch.holds("key")


def test_what_a_killed_night_told_keeps_nobody_waiting(
    tmp_path: Path, free: Callable[[int], None]
) -> None:
    scratch = Scratch(tmp_path / "scratch", ROOM, modest=True)
    tell_needed(scratch.root, SPARE_BYTES + ROOM)
    then = time.time() - TOLD_SECONDS
    os.utime(scratch.root / "needed", (then, then))
    used(scratch, "key", 1000)
    assert scratch.holds("key")
    scratch.sweep()
    assert list(scratch.root.iterdir()) == []


def test_nobody_waits_for_a_disk_on_which_nothing_can_go(
    tmp_path: Path, free: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another copy is in use it might go; else it is said soon what is missing."""
    monkeypatch.setattr(scratch_module, "HOPELESS_SECONDS", 0.2)
    scratch = Scratch(tmp_path / "scratch", 10 * ROOM)
    free(900)
    with pytest.raises(StorageError, match=r"has 0\.000 GB to give; free some, raise"):
        used(scratch, "key", 1000)
    free(ROOM)
    with scratch.use("other", 500, lambda _: "found"):
        free(900)
        waiting = threading.Thread(target=used, args=(scratch, "key", 1000), daemon=True)
        waiting.start()
        time.sleep(1.5)
        assert waiting.is_alive()
        free(ROOM)
        waiting.join(10)
    assert scratch.holds("key")


def test_a_reel_is_begun_when_what_is_being_copied_leaves_it_room(
    store: Store, make_header: Callable[..., Header], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And while it is in work, copies are told what it needs."""
    order = Order(store, RemoteRoot("s3://bucket/films"), UNTOUCHED, "night")
    reel, (shot, *_) = ingested(entry("a"), make_header)
    frame = reel.header.picture.frame_bytes
    whole = JOINED_SHARE * reel.content.frame_count * frame
    needs = SHOT_SHARE * shot.frame_count * frame + whole
    open_reels = {"a.r1": SimpleNamespace(reel=reel, missing={shot})}
    reels: Any = SimpleNamespace(order=order, open=open_reels)
    usage = Usage(0, 0, int(needs) + 500_000)
    monkeypatch.setattr("flows.window.room.shutil.disk_usage", lambda _: usage)
    copying = order.scratch.folder / "key"
    (copying / "files").mkdir(parents=True)
    (copying / "bytes").write_text("1000000")
    lock = FileLock(lock_of(copying))
    take(lock, fcntl.LOCK_EX)
    job = Job("restore", reel.catalog, reel, shot)
    room = Room(reels)
    assert not room.stops(())
    assert not room.admits(job, ())
    lock.close()  # its process was killed
    room = Room(reels)
    room.stops(())
    assert room.admits(job, ())
    assert needed_bytes(order.scratch.root) == 0
    room.begun(job)
    later = Room(reels)
    later.begun(job)
    later.stops(())
    assert needed_bytes(order.scratch.root) == int(needs)


def test_scratch_that_cannot_be_written_ends_no_night(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = Order(store, RemoteRoot("s3://bucket/films"), UNTOUCHED, "night")
    order.scratch.root.parent.mkdir(parents=True, exist_ok=True)
    order.scratch.root.write_text("a file where a folder should be")
    reels: Any = SimpleNamespace(order=order, open={})
    assert not Room(reels).stops(())


def test_hosts_that_share_a_disk_promise_its_room_once(
    tmp_path: Path, free: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And who sweeps at the end of a night sweeps what a host left that never came back."""
    scratch = Scratch(tmp_path / "scratch", 10**9)
    free(1_000_000)
    other = scratch.root / "gone" / "key"
    (other / "files").mkdir(parents=True)
    (other / "bytes").write_text("900000")
    lock = FileLock(lock_of(other))
    take(lock, fcntl.LOCK_EX)
    copying = threading.Thread(target=used, args=(scratch, "key", 500_000))
    copying.start()
    time.sleep(0.3)
    assert not scratch.holds("key")
    lock.close()
    copying.join()
    assert scratch.holds("key")
    scratch.sweep()
    assert list(scratch.root.iterdir()) == []


def test_a_night_that_ends_for_want_of_room_removes_copies_that_nobody_uses(
    store: Store, make_header: Callable[..., Header], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = Order(store, RemoteRoot("s3://bucket/films"), UNTOUCHED, "night")
    reel, (shot, *_) = ingested(entry("a"), make_header)
    used(order.scratch, "key", 1000)
    open_reels = {"a.r1": SimpleNamespace(reel=reel, missing={shot})}
    room = Room(SimpleNamespace(order=order, open=open_reels))  # type: ignore[arg-type]
    monkeypatch.setattr("flows.window.room.shutil.disk_usage", lambda _: Usage(0, 0, 1))
    room.left([Job("restore", reel.catalog, reel, shot)])
    assert not order.scratch.holds("key")


Play = Callable[..., tuple[Tally, list[str]]]


@pytest.fixture
def play(store: Store, make_header: Callable[..., Header], monkeypatch: pytest.MonkeyPatch) -> Play:
    """A night on a disk that has no room for b's copy beside what a still writes.

    One shot of a fails and is to run alone, and b's copy looks for room as soon as a is in work.
    """
    monkeypatch.setattr(look, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(scratch_module, "MODEST_SECONDS", 1.0)
    monkeypatch.setattr(scratch_module, "PATIENCE_SECONDS", 20.0)
    monkeypatch.setattr(scratch_module, "SPARE_BYTES", 0)
    order = Order(store, RemoteRoot("s3://bucket/films"), UNTOUCHED, "night")
    reel, shots = ingested(entry("a"), make_header)
    whole = reel.content.frame_count * reel.header.picture.frame_bytes
    needs = int((SHOT_SHARE + JOINED_SHARE) * whole)
    usage = Usage(0, 0, needs + 1000)
    monkeypatch.setattr(scratch_module.shutil, "disk_usage", lambda _: usage)

    def copy_of_b() -> Any:
        wait_until(lambda: needed_bytes(order.scratch.root) > 0)
        used(replace(order.scratch, modest=True), "b", needs)
        return ingest_done(entry("b"), make_header)

    def night(gates: Sequence[Gate] = ()) -> tuple[Tally, list[str]]:
        started: list[str] = []

        def submit(job: Job) -> Answer:
            started.append(f"{job.kind} {job.label}")
            if started.count(f"restore {shots[1].shot_id}") == 1 and job.shot == shots[1]:
                return Answer(error=RuntimeError("no memory"))
            if job.kind == "ingest":
                return (
                    AtWork(copy_of_b) if job.label == "b.r1" else Answer(Ingested(reel, shots, 1.0))
                )
            return Answer(job.shot and ShotDone(job.shot, "restored", "", 1.0))

        loop = Night(order, submit, 2, NightProgress(store, None), lambda: False, gates)
        tally = loop.run(Catalog(Path("c.csv"), (entry("a"), entry("b")), (), ()))
        loop.conclude()
        return tally, started

    return night


def test_what_must_run_alone_does_not_wait_for_a_copy_that_waits_for_it(play: Play) -> None:
    tally, started = play()
    assert tally.restored == {"a.r1", "b.r1"}
    assert (tally.held, tally.failed, tally.stopped) == (set(), set(), False)
    again = [n for n, what in enumerate(started) if what == "ingest b.r1"][1]
    assert started.index("assemble a.r1") < again


class WithoutJoining(Gate):
    """As an hour that is near: a is not joined."""

    def admits(self, job: Job, running: Any) -> bool:
        return job.kind != "assemble"


def test_a_reel_for_whose_copy_no_room_comes_about_is_left_and_said(
    play: Play, store: Store
) -> None:
    """The night ends when nothing else is left to do; copies that nobody uses go."""
    left = store.root / "scratch" / "another-host" / "key"
    left.mkdir(parents=True)
    tally, started = play((WithoutJoining(),))
    assert (tally.restored, tally.stopped) == (set(), True)
    assert (tally.held, tally.failed) == (set(), set())
    assert 2 <= started.count("ingest b.r1") <= 4
    events = store.ledger().read("events")
    (said,) = events[events["event"] == "space"]["detail"]
    assert said.startswith("b.r1 was not ingested: no room for 0.000 GB in ")
    assert said.endswith("free some, or name another --scratch, then run it again")
    assert not left.exists()
