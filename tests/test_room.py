"""Room for a night: whole reels are begun where they fit, and the rest is said."""

from collections import namedtuple
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from catalogs.catalog import Catalog
from catalogs.errors import StoreError
from catalogs.policy import Policy
from catalogs.records import CatalogReel, Reel
from catalogs.rows import reel_row, shot_rows
from catalogs.store import Store
from flows.night import take_up
from flows.night.jobs import Job
from flows.night.loop import Night
from flows.night.order import Order, ShotDone
from flows.night.progress import NightProgress
from flows.night.tally import Tally
from flows.plan import Plan, PlannedReel, Planning
from flows.window import room
from flows.window.first_room import refuse_without_room
from flows.window.gate import Gate
from flows.words import plan_text
from tasks.split import DETECTOR
from tests.played import UNTOUCHED, Answer, entry, ingest_done, ingested

FRAME = 64 * 48
SHOT = 0.8 * 10 * FRAME
JOINED = 0.9 * 30 * FRAME
Usage = namedtuple("Usage", "total used free")
Play = Callable[..., tuple[Tally, list[str]]]


class Disk:
    """A disk without a reserve worth the name, on which work leaves what it is thought to."""

    def __init__(self, free: float) -> None:
        self.free = free
        self.asked = 0

    def usage(self, _: Path) -> Usage:
        self.asked += 1
        return Usage(0, 0, self.free)


@pytest.fixture
def play(store: Store, header_maker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Play:
    def night(
        disk: Disk,
        names: str,
        at: Callable[[Job], None] = lambda _: None,
        gates: Sequence[Gate] = (),
        jobs: int = 1000,
    ) -> tuple[Tally, list[str]]:
        monkeypatch.setattr(room.shutil, "disk_usage", disk.usage)
        started: list[str] = []

        def submit(job: Job) -> Any:
            started.append(f"{job.kind} {job.label}")
            at(job)
            if job.kind == "ingest":
                return Answer(ingest_done(job.catalog, header_maker))
            disk.free -= JOINED if job.kind == "assemble" else SHOT
            if job.kind == "assemble":
                return Answer(job.label)
            assert job.shot is not None
            return Answer(ShotDone(job.shot, "restored", "", 1.0))

        order = Order(store, Path(), UNTOUCHED, "night")
        progress = NightProgress(store, None)
        loop = Night(order, submit, 1, progress, lambda: len(started) >= jobs, gates)
        tally = loop.run(Catalog(Path("c.csv"), tuple(entry(n) for n in names), (), ()))
        loop.conclude()
        return tally, started

    return night


def space_events(store: Store) -> list[str]:
    events = store.ledger().read("events")
    return list(events[events["event"] == "space"]["detail"])


def test_where_there_is_room_for_two_of_three_reels_two_are_restored_whole(
    store: Store, play: Play
) -> None:
    tally, started = play(Disk(2.5 * (3 * SHOT + JOINED)), "abc")
    assert (tally.restored, tally.stopped) == ({"a.r1", "b.r1"}, True)
    assert not [what for what in started if what.startswith("restore c")]
    (said,) = space_events(store)
    assert "there was no room for c.r1 about 0.2 MB. Free about 0.1 MB to go on" in said


def test_room_enough_is_no_word_worth(store: Store, play: Play) -> None:
    tally, _ = play(Disk(4 * (3 * SHOT + JOINED)), "abc")
    assert (len(tally.restored), tally.stopped, space_events(store)) == (3, False, [])


def test_room_that_others_take_in_the_midst_ends_the_night(store: Store, play: Play) -> None:
    disk = Disk(100 * JOINED)

    def at(job: Job) -> None:
        if job.label == "a.r1/0000010-0000020":
            disk.free = SHOT / 2

    tally, started = play(disk, "ab", at)
    assert (tally.stopped, tally.failed) == (True, set())
    assert [what for what in started if what.startswith("restore")][-1].endswith("0000020")
    assert len(space_events(store)) == 1


def test_a_night_that_did_everything_says_of_a_disk_below_its_reserve_what_the_next_needs(
    store: Store, play: Play
) -> None:
    disk = Disk(100 * JOINED)

    def at(job: Job) -> None:
        if job.kind == "assemble":
            disk.free = JOINED - 3e6

    tally, _ = play(disk, "a", at)
    assert (tally.restored, tally.stopped) == ({"a.r1"}, False)
    (said,) = space_events(store)
    assert "is 3.0 MB below its reserve: the next night begins nothing before that much is" in said
    assert "no room" not in said
    assert "again" not in said


def test_a_finished_archive_is_found_finished_on_a_disk_below_its_reserve(
    store: Store,
    play: Play,
    header_maker: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A night is begun for that: to conclude what stands, and to publish it."""
    ledger = store.ledger("before")
    for name in "ab":
        reel, shots = ingested(entry(name), header_maker)
        ledger.append("shots", reel.reel_id, shot_rows(shots, DETECTOR))
        ledger.append("reels", reel.reel_id, [reel_row(reel, "restored", UNTOUCHED)])
    monkeypatch.setattr(take_up, "is_unchanged", lambda *_: True)
    monkeypatch.setattr(take_up, "is_assembled", lambda *_: True)
    tally, started = play(Disk(-3e6), "ab")
    assert (tally.restored, tally.stopped, started) == ({"a.r1", "b.r1"}, False, [])


def test_what_is_left_on_a_disk_below_its_reserve_is_named_with_what_to_free(
    store: Store, play: Play
) -> None:
    disk = Disk(100 * JOINED)

    def at(job: Job) -> None:
        if job.label == "a.r1/0000010-0000020":
            disk.free = SHOT - 3e6

    tally, _ = play(disk, "a", at)
    assert tally.stopped
    (said,) = space_events(store)
    assert "has 0.0 MB to give, beside its reserve; there was no room for a.r1 about" in said
    assert "Free about 3.1 MB to go on" in said


class WithoutA(Gate):
    """As an hour that a's shots would exceed."""

    def admits(self, job: Job, running: Any) -> bool:
        return job.kind != "restore" or job.catalog.identifier != "a"


def test_a_reel_that_another_gate_refuses_takes_no_room_from_the_next(play: Play) -> None:
    tally, _ = play(Disk(1.5 * (3 * SHOT + JOINED)), "ab", gates=(WithoutA(),))
    assert tally.restored == {"b.r1"}


class IngestedFirst(Gate):
    """Nothing is restored before b was ingested."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def admits(self, job: Job, running: Any) -> bool:
        return job.kind == "ingest" or "b.r1" in self.seen

    def begun(self, job: Job) -> None:
        self.seen.add(job.catalog.reel_id)


def test_what_is_promised_to_a_reel_in_work_is_not_given_to_the_next_and_said(
    store: Store, play: Play
) -> None:
    """The night is drained when both are ingested and a has two of its shots."""
    disk = Disk(1.5 * (3 * SHOT + JOINED))
    tally, _ = play(disk, "ab", gates=(IngestedFirst(),), jobs=4)
    assert (tally.restored, tally.stopped) == (set(), True)
    (said,) = space_events(store)
    assert "and 0.1 MB promised to reels in work; there was no room for b.r1" in said


def test_the_disk_is_asked_once_a_job_and_not_once_for_each_in_line(play: Play) -> None:
    disk = Disk(100 * JOINED)
    tally, started = play(disk, "abcdefgh")
    assert len(tally.restored) == 8
    assert disk.asked < 4 * len(started)
    waiting = Disk(1.5 * (3 * SHOT + JOINED))
    _, started = play(waiting, "abcdefgh", gates=(WithoutA(),))
    assert waiting.asked < 4 * len(started)


def test_the_reserve_is_a_fiftieth_and_at_most_two_gigabytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for total, reserve in ((100.0, 2.0), (1e15, 2e9)):
        monkeypatch.setattr(
            room.shutil, "disk_usage", lambda _, total=total: Usage(total, 0, total)
        )
        assert room.free_bytes(Path()) == total - reserve


def test_a_night_that_has_room_for_no_reel_is_refused_and_one_that_fits_is_enough(
    store: Store,
    make_reel: Callable[..., tuple[Path, list[bytes]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The header of these reels has no length: they are reckoned by their sources."""
    sizes = []
    for name, frames in (("a.mkv", 60), ("b.mkv", 12)):
        path, _ = make_reel(name, frames=frames)
        sizes.append(path.stat().st_size)
    read = Catalog(Path("c.csv"), (entry("a"), entry("b")), (), ())
    given = (read, path.parent, UNTOUCHED, store, Policy())
    monkeypatch.setattr(room.shutil, "disk_usage", Disk(2.0 * sizes[1] + 1).usage)
    refuse_without_room(*given)
    monkeypatch.setattr(room.shutil, "disk_usage", Disk(2.0 * sizes[1] - 1).usage)
    with pytest.raises(StoreError, match=r"no room for a single reel .*: b\.r1 needs about"):
        refuse_without_room(*given)


def test_a_night_without_room_begins_where_a_reel_is_finished_and_may_wait_to_be_published(
    store: Store,
    make_reel: Callable[..., tuple[Path, list[bytes]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, _ = make_reel("a.mkv", frames=12)
    monkeypatch.setattr(room.shutil, "disk_usage", Disk(0.0).usage)

    def planned(_: Planning, reel: CatalogReel, known: Reel | None) -> PlannedReel:
        return PlannedReel(reel.reel_id, "", 12, 1.0, 0, finished=reel.identifier == "b")

    given = (path.parent, UNTOUCHED, store, Policy())
    monkeypatch.setattr(Planning, "reel", planned)
    with pytest.raises(StoreError, match="no room for a single reel"):
        refuse_without_room(Catalog(Path("c.csv"), (entry("a"),), (), ()), *given)
    refuse_without_room(Catalog(Path("c.csv"), (entry("a"), entry("b")), (), ()), *given)


def test_a_plan_that_does_not_fit_says_how_much_to_free() -> None:
    fits, too_much = (
        plan_text(Plan((), (), (), disk_bytes=int(size), free_bytes=int(5e9), hours=None))
        for size in (4e9, 7.5e9)
    )
    assert "free about 2.5 GB" in too_much
    assert "not all of it fits" not in fits
