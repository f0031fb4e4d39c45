"""One fault on shot after shot stops the night; a reel's own fault, or a shot's, does not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalogs.catalog import Catalog
from catalogs.errors import SourceError
from catalogs.store import Store
from flows.night.jobs import Job
from flows.night.loop import Night
from flows.night.order import Order, ShotDone
from flows.night.progress import NightProgress
from flows.night.same_fault import SameFault, shape
from flows.night.tally import Tally
from flows.window.gate import Gate
from tests.played import UNTOUCHED, Answer, entry, ingest_done

GONE = "CUDA error: device 0x7f12 was lost at frame {}"
Play = Callable[..., tuple[Tally, list[str]]]


@pytest.fixture
def play(store: Store, header_maker: Callable[..., Any]) -> Play:
    """A night over reels of three shots each, whose restoring fails as `fault` says."""

    def night(
        names: str,
        fault: Callable[[Job], BaseException | None],
        limit: int = 5,
        **more: Any,
    ) -> tuple[Tally, list[str]]:
        started: list[str] = []

        def submit(job: Job) -> Any:
            started.append(f"{job.kind} {job.label}")
            if job.kind == "ingest":
                return Answer(ingest_done(job.catalog, header_maker))
            if job.kind == "assemble":
                return Answer(job.label)
            if job.kind == "restore" and (error := fault(job)):
                return Answer(error=error)
            assert job.shot is not None
            status = "restored" if job.kind == "restore" else "original kept"
            return Answer(ShotDone(job.shot, status, job.reason, 1.0))

        order = Order(store, Path(), UNTOUCHED, "night")
        loop = Night(
            order, submit, 1, NightProgress(store, None), lambda: False, same_fault=limit, **more
        )
        return loop.run(Catalog(Path("c.csv"), tuple(entry(n) for n in names), (), ())), started

    return night


def gone(job: Job) -> BaseException | None:
    """The GPU went away: every shot fails alike, but for the numbers."""
    assert job.shot is not None
    return RuntimeError(GONE.format(job.shot.start_frame))


def test_a_fault_of_the_machine_stops_the_night_before_originals_are_kept(
    play: Play, store: Store
) -> None:
    tally, started = play("abcdef", gone)
    assert tally.stopped
    assert (tally.shots_original_kept, tally.restored, tally.failed) == (0, set(), set())
    assert not [what for what in started if what.startswith(("keep", "assemble"))]
    assert len({what for what in started if what.startswith("restore")}) == 5
    events = store.ledger().read("events")
    (said,) = events[events["event"] == "systematic fault"]["detail"]
    assert said.startswith("5 shots in a row (a.r1, b.r1) failed of one fault: RuntimeError: CUDA")
    assert "stay undone" in said


def test_a_fault_that_comes_in_the_midst_of_a_night_stops_it_and_keeps_what_was_done(
    play: Play,
) -> None:
    tally, _ = play("abcd", lambda job: gone(job) if job.catalog.identifier > "b" else None)
    assert (tally.stopped, tally.restored) == (True, {"a.r1", "b.r1"})
    assert tally.shots_original_kept == 0


def test_a_reel_whose_own_fault_it_is_is_found_out_by_the_next_one(play: Play) -> None:
    """All of a's shots fail; b is restored: a's keep their originals, nothing stops."""
    tally, started = play("ab", lambda job: gone(job) if job.catalog.identifier == "a" else None, 3)
    assert not tally.stopped
    assert (tally.shots_original_kept, tally.restored) == (3, {"a.r1", "b.r1"})
    first_kept = next(n for n, what in enumerate(started) if what.startswith("keep"))
    assert started.index("restore b.r1/0000000-0000010") < first_kept


def test_the_rest_of_a_suspicious_reel_is_put_off_until_another_was_tried(play: Play) -> None:
    """And what is its own fault by then is not counted again."""
    tally, started = play("ab", lambda job: gone(job) if job.catalog.identifier == "a" else None, 2)
    assert (tally.stopped, tally.shots_original_kept) == (False, 3)
    rest = started.index("restore a.r1/0000020-0000030")
    assert started.index("restore b.r1/0000000-0000010") < rest


def test_where_no_other_reel_is_left_to_ask_the_night_stops(play: Play) -> None:
    """A whole reel of originals is not decided on one reel's word."""
    tally, _ = play("a", gone, 3)
    assert (tally.stopped, tally.shots_original_kept) == (True, 0)


class WithoutB(Gate):
    """As an hour that is near, or a disk that is full: b is not begun."""

    def admits(self, job: Job, running: Any) -> bool:
        return job.catalog.identifier != "b"


def test_where_the_other_reels_in_line_may_not_begin_the_night_stops(
    play: Play, store: Store
) -> None:
    tally, started = play("ab", gone, 2, gates=(WithoutB(),))
    assert (tally.stopped, tally.shots_original_kept, tally.restored) == (True, 0, set())
    assert not [what for what in started if what.startswith("keep")]
    events = store.ledger().read("events")
    assert list(events["event"]).count("systematic fault") == 1


class Late(Answer):
    """A future that is done when it is told to be."""

    def add_done_callback(self, note: Callable[[Answer], None]) -> None:
        self._notes = [note]

    def end(self) -> None:
        while self._notes:
            self._notes.pop()(self)


@pytest.mark.parametrize("kind", ["ingest", "restore"])
@pytest.mark.parametrize("same", [False, True])
def test_a_reel_that_is_being_tried_at_that_moment_is_waited_for(
    kind: str, same: bool, store: Store, header_maker: Callable[..., Any]
) -> None:
    """Nothing of b is in line when the last of a's shots fails; b is restored, or fails alike."""
    late: list[Late] = []
    tried: list[str] = []

    def answer(job: Job) -> dict[str, Any]:
        if job.kind == "ingest":
            done = ingest_done(job.catalog, header_maker)
            few = done.shots[:1] if job.label == "b.r1" else done.shots
            return {"value": done._replace(shots=few)}
        if job.kind == "restore":
            tried.append(job.label)
            if same or job.catalog.identifier == "a":
                return {"error": gone(job)}
        return {"value": job.shot and ShotDone(job.shot, "restored", job.reason, 1.0)}

    def submit(job: Job) -> Answer:
        if (job.kind, job.catalog.identifier) == (kind, "b") and not late:
            late.append(Late(**answer(job)))
            return late[0]
        return Answer(**answer(job))

    def should_stop() -> bool:
        if len([label for label in tried if label.startswith("a")]) == 3:
            late[0].end()
        return False

    order = Order(store, Path(), UNTOUCHED, "night")
    loop = Night(order, submit, 2, NightProgress(store, None), should_stop, same_fault=3)
    tally = loop.run(Catalog(Path("c.csv"), (entry("b"), entry("a")), (), ()))
    assert "b.r1/0000000-0000010" in tried
    assert tally.stopped == same
    assert tally.restored == (set() if same else {"a.r1", "b.r1"})
    events = store.ledger().read("events")
    said = list(events[events["event"] == "systematic fault"]["detail"])
    assert [text.partition(" failed")[0] for text in said] == (
        ["4 shots in a row (a.r1, b.r1)"] if same else []
    )


def test_an_alarm_that_fails_ends_no_night_and_is_said(play: Play, store: Store) -> None:
    def alarm(_: str) -> None:
        raise ImportError("apprise")

    tally, _ = play("ab", gone, 3, alarm=alarm)
    assert (tally.stopped, tally.shots_original_kept) == (True, 0)
    events = store.ledger().read("events")
    (said,) = events[events["event"] == "notification"]["detail"]
    assert said == "nobody was told at once (ImportError)"


def test_faults_of_different_kinds_stop_nothing(play: Play) -> None:
    kinds = iter([ValueError, RuntimeError, KeyError, OSError] * 10)
    tally, _ = play("abc", lambda _: next(kinds)("something"))
    assert (tally.stopped, tally.shots_original_kept) == (False, 9)


def test_a_single_shot_keeps_its_original_although_it_is_the_last(play: Play) -> None:
    last = "b.r1/0000020-0000030"
    tally, _ = play("ab", lambda job: gone(job) if job.label == last else None)
    assert (tally.stopped, tally.shots_original_kept) == (False, 1)
    assert tally.restored == {"a.r1", "b.r1"}


def test_bad_sources_are_held_however_many_there_are(play: Play) -> None:
    tally, _ = play("abcdef", lambda _: SourceError("frame 3 is not what was ingested"))
    assert (tally.stopped, len(tally.held)) == (False, 6)


def test_zero_never_stops(play: Play) -> None:
    tally, _ = play("abcdef", gone, 0)
    assert (tally.stopped, tally.shots_original_kept) == (False, 18)


def test_what_differs_from_shot_to_shot_is_not_the_fault() -> None:
    one = shape("RuntimeError: a.r1/0000000-0000010: no room at 0x7fab, 12 MiB; see logs/w-1.log")
    assert one == shape("RuntimeError: b.r2/0000010-0000031: no room at 0x11, 9 MiB; see logs/x")
    assert one != shape("RuntimeError: a.r1/0000000-0000010: no sound at 0x7fab, 12 MiB")


def test_the_same_shot_twice_counts_once() -> None:
    same = SameFault(2)
    same.failed("a.r1", "a.r1/1", "E: x")
    same.failed("a.r1", "a.r1/1", "E: x")
    assert not same.is_long
    same.failed("a.r1", "a.r1/2", "E: x")
    assert same.is_long
