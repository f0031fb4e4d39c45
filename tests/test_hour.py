"""The hour of a night: what would not be done by it, as measured, is not begun."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalogs.asked import Asked, Storage
from catalogs.catalog import Catalog
from catalogs.errors import NoAnswerError
from catalogs.ledger import Ledger
from catalogs.records import CatalogReel, Shot
from catalogs.rows import reel_row
from catalogs.store import Store
from flows.night import work
from flows.night.jobs import Job
from flows.night.loop import Night
from flows.night.order import Ingested, Order, ShotDone
from flows.night.progress import NightProgress
from flows.night.tally import Tally
from flows.window import drain, source_sizes
from flows.window import earlier as earlier_nights
from flows.window.earlier import Earlier
from flows.window.gate import Begun
from flows.window.hour import Hour
from flows.window.speed import Expectation, Speeds
from tests.played import UNTOUCHED, Answer, entry, ingest_done, ingested


def test_what_every_job_takes_is_told_from_what_its_frames_take() -> None:
    """Short shots of 2 s, of which 1.9 s are no work on frames, foretell a longer one."""
    seen = [(size, 1.9 + 0.1 * size) for size in (1.0, 1.0, 1.0, 1.5, 2.0, 3.0)]
    assert Expectation.of(seen).seconds(12.0) == pytest.approx(3.1, rel=0.02)


def test_the_slower_tenth_is_the_measure() -> None:
    seen = [(float(n), float(n)) for n in range(1, 9)] + [(9.0, 27.0), (10.0, 30.0)]
    assert Expectation.of(seen).seconds(10.0) > 15.0


def test_a_single_measurement_is_taken_by_size_and_never_below_itself() -> None:
    assert Expectation.of([(2.0, 10.0)]).seconds(4.0) == pytest.approx(20.0)
    assert Expectation.of([(2.0, 10.0)]).seconds(0.1) == pytest.approx(10.0)


@pytest.fixture
def jobs(header_maker: Callable[..., Any]) -> Callable[..., Job]:
    def make(kind: str, frames: int = 10) -> Job:
        reel, _ = ingested(entry("a"), header_maker)
        if kind == "assemble":
            return Job("assemble", reel.catalog, reel)
        shot = Shot(reel.reel_id, reel.digest, 0, 0, frames)
        return Job("restore", reel.catalog, reel, shot)

    return make


Jobs = Callable[..., Job]


def hour(store: Store, minutes: float, **earlier: float) -> Hour:
    """An hour that comes so soon, and what earlier nights took for 10 frames of each kind."""
    order = Order(store, Path(), UNTOUCHED, "night")
    size = 10 * 64 * 48 / 1e6
    of = {kind: "" if kind == "ingest" else UNTOUCHED.treatment_id for kind in earlier}
    rows = [{"kind": kind, "treatment_id": of[kind], "reel_id": "x", "object": "x",
             "size": size, "seconds": seconds} for kind, seconds in earlier.items()]  # fmt: skip
    if rows:
        store.ledger("before").append("durations", "before", rows)
    return Hour(order, datetime.now() + timedelta(minutes=minutes), Speeds(order))


def test_a_shot_that_would_last_beyond_the_hour_is_not_begun(store: Store, jobs: Jobs) -> None:
    """By what an earlier night took: 10 frames 60 s."""
    gate = hour(store, 2, restore=60.0)
    assert gate.admits(jobs("restore", 15), ())
    assert not gate.admits(jobs("restore", 25), ())


def test_what_this_night_measures_holds_before_what_earlier_nights_did(
    store: Store, jobs: Jobs
) -> None:
    gate = hour(store, 2, restore=6000.0)
    assert not gate.admits(jobs("restore"), ())
    for _ in range(3):
        gate.done(jobs("restore"), 10.0, None)
    assert gate.admits(jobs("restore"), ())


def test_a_few_short_shots_of_tonight_do_not_foretell_the_long_ones(
    store: Store, jobs: Jobs
) -> None:
    """Title cards, slow as the first of a night are: earlier nights know what a long shot takes."""
    size = 64 * 48 / 1e6
    rows = [{"kind": "restore", "treatment_id": UNTOUCHED.treatment_id, "reel_id": "x",
             "object": "x", "size": frames * size, "seconds": 10.0 + frames}
            for frames in (5, 20, 60, 100, 240, 400) * 20]  # fmt: skip
    store.ledger("before").append("durations", "before", rows)
    gate = hour(store, 20)
    for frames in (4, 4, 5, 4, 4):
        gate.done(jobs("restore", frames), 40.0, None)
        assert gate.admits(jobs("restore", 240), ())
        assert not gate.admits(jobs("restore", 2400), ())


def test_what_is_much_larger_than_all_that_was_measured_grows_with_its_size() -> None:
    """Where all were alike, nobody knows which part of the time is of the frames."""
    expected = Expectation.of([(size, 40.0) for size in (4.0, 4.0, 5.0, 4.0, 5.0)])
    assert expected.seconds(5.0) == pytest.approx(40.0, rel=0.05)
    assert expected.seconds(200.0) == pytest.approx(400.0, rel=0.05)
    assert not expected.reaches(200.0)


def test_first_shots_are_begun_unmeasured_until_those_at_work_show_that_it_is_too_late(
    store: Store, jobs: Jobs
) -> None:
    gate = hour(store, 1)
    assert gate.admits(jobs("restore"), ())
    assert gate.admits(jobs("restore"), [Begun(jobs("restore"), time.monotonic() - 5)])
    assert not gate.admits(jobs("restore"), [Begun(jobs("restore"), time.monotonic() - 65)])


def test_joining_has_a_speed_of_its_own(store: Store, jobs: Jobs) -> None:
    gate = hour(store, 2, restore=1.0, assemble=60.0)
    assert gate.admits(jobs("restore"), ())
    assert not gate.admits(jobs("assemble"), ())


def play(store: Store, gate: Hour, make_header: Callable[..., Any]) -> tuple[Tally, list[Job]]:
    """A night of two reels under an hour."""
    started: list[Job] = []

    def submit(job: Job) -> Any:
        started.append(job)
        if job.kind == "ingest":
            return Answer(ingest_done(job.catalog, make_header))
        if job.kind == "assemble":
            return Answer(job.label)
        assert job.shot is not None
        return Answer(ShotDone(job.shot, "restored", "", 1.0))

    order = Order(store, Path(), UNTOUCHED, "night")
    night = Night(order, submit, 2, NightProgress(store, None), lambda: False, (gate,))
    tally = night.run(Catalog(Path("c.csv"), (entry("a"), entry("b")), (), ()))
    night.conclude()
    return tally, started


def test_a_night_ends_before_its_hour_and_says_what_it_left(
    store: Store, header_maker: Callable[..., Any]
) -> None:
    tally, started = play(store, hour(store, 30, assemble=7200.0), header_maker)
    assert tally.stopped
    assert {job.kind for job in started} == {"ingest", "restore"}
    events = store.ledger().read("events")
    (said,) = events[events["event"] == "time"]["detail"]
    assert "2 reels to join, about 6 h 0 min the longest (a.r1, b.r1)" in said
    measured = store.ledger().read("durations", "night")
    assert list(measured["kind"].value_counts().sort_index()) == [2, 6]


def test_an_hour_with_time_enough_says_nothing(
    store: Store, header_maker: Callable[..., Any]
) -> None:
    tally, _ = play(store, hour(store, 30, assemble=1.0), header_maker)
    assert not tally.stopped
    events = store.ledger().read("events")
    assert not (events["event"] == "time").any()


def test_shots_of_a_store_that_recorded_no_durations_are_measured_as_well(
    store: Store, jobs: Jobs, header_maker: Callable[..., Any]
) -> None:
    """Restoring and measuring together: 40 s and 20 s for 10 frames."""
    job = jobs("restore")
    assert job.reel is not None and job.shot is not None
    ledger = store.ledger("old")
    ledger.append("reels", "a.r1", [reel_row(job.reel, "ingested", UNTOUCHED)])
    ledger.append("restorations", "a.r1", [{
        "key": "k", "reel_id": "a.r1", "start_frame": 0, "stop_frame": 10, "status": "restored",
        "treatment_id": UNTOUCHED.treatment_id, "seconds": 40.0,
    }])  # fmt: skip
    ledger.append("measurements", "a.r1", [
        {"key": "k", "reel_id": "a.r1", "metric": metric, "seconds": 10.0} for metric in "AB"
    ])  # fmt: skip
    assert Speeds(Order(store, Path(), UNTOUCHED, "night")).seconds(job) == pytest.approx(60.0)


def durations(store: Store, night: str, *seconds: float, kind: str = "restore") -> None:
    """What a night took for pieces of work of one megapixel."""
    rows = [{"kind": kind, "treatment_id": "t", "size": 1.0, "seconds": s} for s in seconds]
    store.ledger(night).append("durations", night, rows)


def test_the_newest_pieces_of_work_are_remembered_whichever_nights_did_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_nights, "REMEMBERED", 3)
    durations(store, "20260101-a", 1.0, 2.0, 3.0)
    durations(store, "20260101-a", 9.0, kind="assemble")
    durations(store, "20260102-b", 4.0, 5.0)
    earlier = Earlier.of(store.ledger())
    assert earlier.is_all
    assert sorted(earlier.seen["restore", "t"]) == [(1.0, 3.0), (1.0, 4.0), (1.0, 5.0)]
    assert earlier.seen["assemble", "t"] == [(1.0, 9.0)]


def test_old_nights_are_not_read_where_newer_ones_tell_enough(
    store: Store, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even to look for a treatment that newer ones do not have."""
    monkeypatch.setattr(earlier_nights, "_MOST_READ", 2)
    for night in ("20260101-a", "20260102-b", "20260103-c"):
        durations(store, night, 1.0)
    read: list[tuple[str, str | None]] = []
    whole = Ledger._arrow

    def arrow(self: Ledger, table: str, partition: str | None, *given: Any, **more: Any) -> Any:
        read.append((table, partition))
        return whole(self, table, partition, *given, **more)

    monkeypatch.setattr(Ledger, "_arrow", arrow)
    speeds = Speeds(Order(store, Path(), UNTOUCHED, "night"))
    assert speeds.seconds(jobs("restore")) is None
    assert read == [("durations", "20260103-c"), ("durations", "20260102-b")]


def test_speed_is_measured_where_no_hour_is_set(store: Store, jobs: Jobs) -> None:
    order = Order(store, Path(), UNTOUCHED, "night")
    gate = Hour(order, None, Speeds(order))
    gate.done(replace(jobs("restore"), alone=True), 3.0, None)
    gate.left(())
    assert list(store.ledger().read("durations")["seconds"]) == [3.0]


def test_restorations_are_not_read_where_durations_say_it(
    store: Store, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = hour(store, 2, restore=6.0)
    read: list[str] = []
    whole = Ledger._arrow

    def arrow(self: Ledger, table: str, *given: Any, **more: Any) -> Any:
        read.append(table)
        return whole(self, table, *given, **more)

    monkeypatch.setattr(Ledger, "_arrow", arrow)
    assert gate.admits(jobs("restore"), ())
    assert read == ["durations"]


def test_waiting_for_a_worker_is_no_part_of_what_a_shot_takes(store: Store, jobs: Jobs) -> None:
    job = jobs("restore")
    assert job.shot is not None
    order = Order(store, Path(), UNTOUCHED, "night")
    gate = Hour(order, None, Speeds(order))
    gate.done(job, 600.0, ShotDone(job.shot, "restored", "", 3.0))
    gate.left(())
    assert list(store.ledger().read("durations")["seconds"]) == [3.0]


def test_waiting_for_a_worker_or_for_room_is_no_part_of_what_an_ingest_takes(
    store: Store, header_maker: Callable[..., Any]
) -> None:
    order = Order(store, Path(), UNTOUCHED, "night")
    gate = Hour(order, None, Speeds(order))
    answer = Ingested(*ingested(entry("a"), header_maker), 3.0)
    gate.done(Job("ingest", entry("a")), 600.0, answer)
    gate.left(())
    assert list(store.ledger().read("durations")["seconds"]) == [3.0]


def test_the_seconds_of_a_shot_are_those_of_restoring_and_measuring(
    store: Store, make_reel: Callable[..., tuple[Path, list[bytes]]]
) -> None:
    path, _ = make_reel("a.mkv", frames=12)
    order = Order(store, path.parent, UNTOUCHED, "night")
    reel, shots, _ = work.ingest(order, entry("a"))
    began = time.monotonic()
    done = work.restore(order, reel, shots[0], 600.0)
    restoring = store.ledger().read("restorations")["seconds"].iloc[-1]
    assert restoring < done.seconds <= time.monotonic() - began


def test_no_source_is_asked_once_the_night_is_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither that of a reel whose storage went away nor that of one that was never looked at."""
    gate = hour(store, -1, ingest=1.0)
    asked: list[str] = []

    def sizes(entry: CatalogReel, _: Any) -> float:
        asked.append(entry.reel_id)
        return 1e6

    monkeypatch.setattr(source_sizes, "source_bytes", sizes)
    gone = "/archive/b.mkv"
    away = Storage(gone, gone, Asked.now("A. O.", "disks"))
    store.controls.change_storages(lambda _: [away])
    order = Order(store, Path("/archive"), UNTOUCHED, "night")
    submit: Any = Answer
    night = Night(order, submit, 1, NightProgress(store, None), lambda: True, (gate,))
    for name in "bc":
        night._reels.queue.add(Job("ingest", entry(name)))
    night.conclude()
    assert asked == []
    events = store.ledger().read("events")
    (said,) = events[events["event"] == "time"]["detail"]
    assert "1 reel to ingest (c.r1)" in said


def ingests(names: str) -> list[Job]:
    return [Job("ingest", entry(name)) for name in names]


def test_a_source_that_answers_slowly_keeps_the_night_from_nothing_else(
    store: Store, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reel is passed over, and others are asked meanwhile."""
    answer = threading.Event()

    def sizes(asked: CatalogReel, _: Any) -> float:
        assert asked.reel_id != "b.r1" or answer.wait(60)
        return 1e6

    monkeypatch.setattr(source_sizes, "source_bytes", sizes)
    gate = hour(store, 2, ingest=1.0)
    slow, other = ingests("bc")
    assert not gate.admits(slow, ())
    assert gate.waits()
    assert gate.admits(other, ())
    assert gate.admits(jobs("restore"), ())
    answer.set()
    deadline = time.monotonic() + 60
    while not gate.admits(slow, ()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert gate.admits(slow, ())
    assert not gate.waits()


def test_a_night_waits_for_a_source_that_answers_slowly_and_heeds_a_stop_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else is left to do, and the source never answers."""
    monkeypatch.setattr(source_sizes, "source_bytes", lambda *_: threading.Event().wait())
    gate = hour(store, 2, ingest=1.0)
    order = Order(store, Path("/archive"), UNTOUCHED, "night")
    stop = threading.Event()
    submit: Any = Answer
    night = Night(order, submit, 1, NightProgress(store, None), stop.is_set, (gate,))
    catalog = Catalog(Path("c.csv"), (entry("b"),), (), ())
    ended = threading.Thread(target=night.run, args=(catalog,), daemon=True)
    ended.start()
    ended.join(2.0)
    assert ended.is_alive()
    stop.set()
    ended.join(30.0)
    assert not ended.is_alive()


def test_a_source_that_never_answers_is_left_to_its_ingest_in_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_sizes, "source_bytes", lambda *_: threading.Event().wait())
    monkeypatch.setattr(source_sizes, "PATIENCE_SECONDS", 0.5)
    gate = hour(store, 2, ingest=1.0)
    (job,) = ingests("b")
    assert not gate.admits(job, ())
    time.sleep(0.6)
    assert gate.admits(job, ())
    assert not gate.waits()


def test_sources_in_line_behind_others_that_answer_are_waited_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the last of many would be taken for empty ones, however large."""

    def sizes(*_: Any) -> float:
        time.sleep(0.9)
        return 1e9

    monkeypatch.setattr(source_sizes, "source_bytes", sizes)
    monkeypatch.setattr(source_sizes, "PATIENCE_SECONDS", 3.0)
    monkeypatch.setattr(source_sizes, "MOST_ASKED", 1)
    gate = hour(store, 2, ingest=1.0)
    many = ingests("bcdefg")
    deadline = time.monotonic() + 60
    while gate.waits() or deadline - time.monotonic() > 59.9:
        assert not [job for job in many if gate.admits(job, ())]  # each would last too long
        assert time.monotonic() < deadline
    assert not [job for job in many if gate.admits(job, ())]


def test_a_storage_that_was_silent_for_a_moment_is_asked_once_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reels are not taken for empty ones: as large as one is, it would last too long."""
    silent = [True]

    def sizes(*_: Any) -> float:
        if silent:
            raise NoAnswerError("the storage does not answer")
        return 1e9

    monkeypatch.setattr(source_sizes, "source_bytes", sizes)
    monkeypatch.setattr(source_sizes, "AGAIN_SECONDS", 0.0)
    gate = hour(store, 2, ingest=1.0)
    (job,) = ingests("b")
    assert not gate.admits(job, ())
    assert gate.waits()
    silent.clear()
    assert not gate.admits(job, ())  # it would last longer
    assert not gate.waits()


def test_a_source_that_cannot_be_asked_is_left_to_its_ingest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sizes(*_: Any) -> float:
        raise RuntimeError("whatever a file system answers")

    monkeypatch.setattr(source_sizes, "source_bytes", sizes)
    assert hour(store, 2, ingest=1.0).admits(*ingests("b"), ())


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock of Berlin, set on at 2:00 on 30 March 2025 and back at 3:00 on 26 October."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("now", "until", "seconds"),
    [
        ("2025-03-30T00:30+01:00", "06:00", 4.5 * 3600),
        ("2025-10-26T00:30+02:00", "06:00", 6.5 * 3600),
        ("2025-10-26T02:15+01:00", "02:30", 900.0),
        ("2025-10-26T02:45+02:00", "02:30", 45 * 60.0),
        ("2025-06-01T22:00+02:00", "06:00", 8 * 3600.0),
    ],
)
def test_the_hour_is_so_far_away_where_the_clock_is_changed(
    store: Store, monkeypatch: pytest.MonkeyPatch, now: str, until: str, seconds: float
) -> None:
    moment = datetime.fromisoformat(now)
    monkeypatch.setattr(drain, "present", moment.astimezone)
    ends = drain.next_time(until)
    assert ends is not None
    assert ends.timestamp() - moment.timestamp() == seconds
    order = Order(store, Path(), UNTOUCHED, "night")
    monkeypatch.setattr(time, "time", lambda: moment.timestamp() + seconds - 60)
    assert not Hour(order, ends, Speeds(order)).stops(())
    monkeypatch.setattr(time, "time", lambda: moment.timestamp() + seconds)
    assert Hour(order, ends, Speeds(order)).stops(())
