"""What people ask of nights: storages under maintenance, reels that come first, pauses."""

import fcntl
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from catalogs.asked import Asked, Storage
from catalogs.catalog import Catalog
from catalogs.controls import Controls
from catalogs.errors import NoAnswerError, SourceError, StoreError
from catalogs.rows import reel_row
from catalogs.store import Store
from catalogs.store_lock import hold_store, is_held
from flows.cli import app
from flows.commands.control import running_night
from flows.commands.maintenance import begin
from flows.night import take_up
from flows.night.batch_row import record_batch
from flows.night.jobs import Job
from flows.night.loop import Night
from flows.night.order import Order, ShotDone
from flows.night.progress import NightProgress
from flows.night.tally import Tally
from flows.window import look
from flows.window.asked import AskedByPeople
from flows.window.storages import refuse_maintained
from flows.words import Standing, standings_text
from tests.played import UNTOUCHED, Answer, entry, ingest_done, ingested

BY = Asked("A. Operator", "2026-11-28T21:00:00+01:00", "new disks")


@pytest.fixture(autouse=True)
def looks_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """A played night is over within the second in which it would look again."""
    monkeypatch.setattr(look, "LOOK_SECONDS", 0.0)


def call(store: Store, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--store", str(store.root)])


Play = Callable[..., tuple[Tally, list[str]]]


@pytest.fixture
def play(store: Store, header_maker: Callable[..., Any]) -> Play:
    """Run a night over reels a, b and c below /archive; `at` does things as a job begins."""

    def night(
        at: Callable[[Job], Any] = lambda _: None,
        slots: int = 1,
        names: str = "abc",
        archive: Path = Path("/archive"),
    ) -> tuple[Tally, list[str]]:
        started: list[str] = []

        def submit(job: Job) -> Any:
            started.append(f"{job.kind} {job.label}")
            if (error := at(job)) is not None:
                return Answer(error=error)
            if job.kind == "ingest":
                return Answer(ingest_done(job.catalog, header_maker))
            if job.kind == "assemble":
                return Answer(job.label)
            assert job.shot is not None
            return Answer(ShotDone(job.shot, "restored", "", 1.0))

        order = Order(store, archive, UNTOUCHED, "night")
        loop = Night(order, submit, slots, NightProgress(store, None), lambda: False)
        tally = loop.run(Catalog(Path("c.csv"), tuple(entry(n) for n in names), (), ()))
        loop.conclude()
        return tally, started

    return night


def maintain(store: Store, path: str) -> None:
    store.controls.change_storages(lambda _: [Storage(path, path, BY)])


def test_reels_of_a_storage_under_maintenance_wait_and_the_others_go_on(
    store: Store, play: Play
) -> None:
    maintain(store, "/archive/b.mkv")
    tally, started = play()
    assert (tally.restored, tally.waiting) == ({"a.r1", "c.r1"}, {"b.r1"})
    assert (tally.held, tally.failed, tally.stopped) == (set(), set(), False)
    assert not [what for what in started if "b.r1" in what]
    events = store.ledger().read("events")
    (said,) = events[events["event"] == "storage"]["detail"]
    assert said.startswith("b.r1 waits: storage /archive/b.mkv is under maintenance since 2026")
    assert said.endswith("by A. Operator: new disks")


def test_no_disk_under_maintenance_is_asked_and_a_known_reel_is_not_ingested_again(
    store: Store, play: Play, header_maker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking a disk that is away may hang; and what is not there looks as if it had changed."""
    known, shots = ingested(entry("b"), header_maker)
    store.ledger("before").append("reels", "b.r1", [reel_row(known, "ingested", UNTOUCHED)])
    maintain(store, "/archive/b.mkv")

    def is_unchanged(*_: Any) -> bool:
        assert not store.controls.storages, "the disk was asked"
        return True

    def at(job: Job) -> None:
        if job.label == "c.r1":
            store.controls.change_storages(lambda _: [])

    monkeypatch.setattr(take_up, "is_unchanged", is_unchanged)
    monkeypatch.setattr(take_up, "current_shots", lambda *_: shots)
    tally, started = play(at)
    assert tally.restored == {"a.r1", "b.r1", "c.r1"}
    assert "ingest b.r1" not in started


@pytest.mark.parametrize("target", ["lto/films", "/mnt/lto/films"])
def test_reels_wait_where_the_archive_root_is_a_link_into_a_storage_that_is_away(
    store: Store, play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """Reels that were never ingested; and the link is followed without asking the storage."""
    away = tmp_path / Path(target).parent
    asked: list[Path] = []

    def is_symlink(path: Path) -> bool:
        asked.append(path)
        return os.path.islink(path)  # noqa: PTH114

    monkeypatch.setattr(Path, "is_symlink", is_symlink)
    (tmp_path / "archive").symlink_to(target)
    maintain(store, str(away))
    tally, started = play(archive=tmp_path / "archive")
    assert (tally.waiting, started) == ({"a.r1", "b.r1", "c.r1"}, [])
    assert (tally.held, tally.failed, tally.stopped) == (set(), set(), False)
    assert asked
    assert not [path for path in asked if path.is_relative_to(away)]


def test_an_archive_root_that_cannot_be_resolved_ends_no_night(
    store: Store, play: Play, tmp_path: Path
) -> None:
    (tmp_path / "archive").symlink_to("archive")
    maintain(store, "/mnt/lto")
    assert play(archive=tmp_path / "archive")[0].restored == {"a.r1", "b.r1", "c.r1"}


def test_a_sibling_folder_of_a_like_name_is_not_meant(store: Store, play: Play) -> None:
    maintain(store, "/arch")
    assert play()[0].restored == {"a.r1", "b.r1", "c.r1"}


def test_a_reel_is_taken_up_in_the_same_night_when_the_maintenance_ends(
    store: Store, play: Play
) -> None:
    maintain(store, "/archive/b.mkv")

    def at(job: Job) -> None:
        if job.label == "c.r1":
            store.controls.change_storages(lambda _: [])

    tally, started = play(at)
    assert (tally.restored, tally.waiting) == ({"a.r1", "b.r1", "c.r1"}, set())
    assert started.index("ingest b.r1") > started.index("ingest c.r1")


def test_a_source_that_goes_away_with_its_storage_holds_no_reel(store: Store, play: Play) -> None:
    """The mount goes while a shot is at work: the shot is done again later, nothing is blamed."""

    def at(job: Job) -> Any:
        if job.label == "b.r1/0000010-0000020":
            maintain(store, "/archive/b.mkv")
            return SourceError("b.mkv: is not there any more")
        return None

    tally, started = play(at)
    assert (tally.held, tally.failed, tally.waiting) == (set(), set(), {"b.r1"})
    assert "restore b.r1/0000020-0000030" not in started


def test_a_store_under_maintenance_takes_no_night_and_ends_one_that_runs(
    store: Store, play: Play
) -> None:
    def at(job: Job) -> None:
        if job.kind == "restore":
            maintain(store, str(store.root.parent))

    tally, started = play(at)
    assert (tally.stopped, len([s for s in started if s.startswith("restore")])) == (True, 1)
    with pytest.raises(StoreError, match=r"is not to be worked in: storage .* by A\. Operator"):
        refuse_maintained(Order(store, Path(), UNTOUCHED, "next"))


def test_reels_that_are_put_first_are_begun_first_and_finished_first(
    store: Store, play: Play
) -> None:
    store.controls.put_first(("c.r1", "b"), BY)
    _, started = play()
    order = [what for what in started if what.startswith(("ingest", "assemble"))]
    assert order == [f"{kind} {reel}.r1" for reel in "cba" for kind in ("ingest", "assemble")]


def test_a_reel_may_be_put_first_while_a_night_runs(store: Store, play: Play) -> None:
    def at(job: Job) -> None:
        if job.label == "a.r1/0000000-0000010":
            store.controls.put_first(("c",), BY)

    _, started = play(at)
    assert started.index("assemble c.r1") < started.index("restore a.r1/0000010-0000020")


def test_priority_is_stable_without_and_with_names_that_nobody_knows(
    store: Store, play: Play
) -> None:
    _, plain = play()
    store.controls.put_first(("nobody",), BY)
    assert play()[1] == plain


def test_the_commands_say_who_asked_and_leave_an_event(store: Store) -> None:
    assert (
        call(store, "maintenance", "begin", "/mnt/a", "--by", "A. O.", "--why", "disks").exit_code
        == 0
    )
    assert call(store, "first", "B", "--by", "B. O.").exit_code == 0
    assert call(store, "pause", "--by", "C. O.").exit_code == 0
    found = json.loads(call(store, "status", "--json").output)["night"]
    assert found["asked"].startswith("paused since")
    assert (found["first"], found["running"]) == (["B"], "")
    assert "storage /mnt/a is under maintenance" in found["storages"][0]
    assert "paused since" in call(store, "status").output
    events = store.ledger().read("events")
    assert list(zip(events["agent"], events["detail"], strict=True)) == [
        ("A. O.", "maintenance begins: disks"), ("B. O.", "first: B"), ("C. O.", "pause"),
    ]  # fmt: skip
    assert call(store, "maintenance", "end", "/mnt/a", "--by", "A. O.").exit_code == 0
    assert store.controls.storages == ()
    assert call(store, "resume", "--by", "A. O.").exit_code == 0
    assert store.controls.paused is None


@pytest.mark.parametrize("words", [("pause",), ("first", "a"), ("pause", "--by", " 1")])
def test_a_person_must_be_named(store: Store, words: tuple[str, ...]) -> None:
    assert call(store, *words).exit_code == 2


def test_a_store_is_known_to_be_held_and_asking_keeps_no_night_out(store: Store) -> None:
    assert not is_held(store)
    with hold_store(store):
        assert is_held(store)
    assert not is_held(store)


def test_a_reel_that_failed_and_waits_is_said_to_be_both() -> None:
    reels = [
        Standing(f"{status}.r1", "", status, reason, 1, 0, 3, "storage /mnt is away")
        for status, reason in (("failed", "assemble: no"), ("held", "no sound"), ("ingested", ""))
    ]
    assert standings_text(tuple(reels)).splitlines() == [
        "failed.r1  failed, 1/3 shots: assemble: no; waits: storage /mnt is away",
        "held.r1  held, 1/3 shots: no sound; waits: storage /mnt is away",
        "ingested.r1  waits, 1/3 shots: storage /mnt is away",
    ]


def test_what_is_drained_is_one_night_and_no_later_one(store: Store) -> None:
    store.controls.drain(BY, "night")
    gates = {
        batch: AskedByPeople(Order(store, Path(), UNTOUCHED, batch), lambda _: None)
        for batch in ("night", "later")
    }
    assert {batch: gate.stops(()) for batch, gate in gates.items()} == {
        "night": True,
        "later": False,
    }


@pytest.mark.parametrize("order", ["pause drain", "drain pause"])
def test_a_pause_outlives_a_drain_whichever_came_first(store: Store, order: str) -> None:
    with hold_store(store):
        record_batch(Order(store, Path(), UNTOUCHED, "night"), "c.csv", Tally(), "running", 0.0)
        for word in order.split():
            assert call(store, word, "--by", "A. O.").exit_code == 0
        gates = {
            batch: AskedByPeople(Order(store, Path(), UNTOUCHED, batch), lambda _: None)
            for batch in ("night", "later")
        }
        held = {batch: (gate.stops(()), gate.pauses()) for batch, gate in gates.items()}
        said = json.loads(call(store, "status", "--json").output)["night"]["asked"]
    assert held == {"night": (True, True), "later": (False, True)}
    assert "draining since" in said and "paused since" in said
    assert call(store, "resume", "--by", "A. O.").exit_code == 0
    gate = AskedByPeople(Order(store, Path(), UNTOUCHED, "night"), lambda _: None)
    assert (gate.stops(()), gate.pauses()) == (True, False)


def test_the_row_of_a_night_that_was_killed_is_not_that_of_the_check_after_it(
    store: Store,
) -> None:
    with hold_store(store):
        record_batch(Order(store, Path(), UNTOUCHED, "killed"), "c.csv", Tally(), "running", 0.0)
        assert running_night(store) == "killed"
    assert running_night(store) == ""
    with (store.root / "night.lock").open() as lock:  # as who copies the store does
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert running_night(store) == ""
    with hold_store(store):  # a check, or the next night before its record
        assert running_night(store) == ""
        assert call(store, "drain", "--by", "A. O.").exit_code != 0
        record_batch(Order(store, Path(), UNTOUCHED, "next"), "c.csv", Tally(), "running", 0.0)
        assert running_night(store) == "next"
        record_batch(Order(store, Path(), UNTOUCHED, "next"), "c.csv", Tally(), "finished", 9.0)
        assert running_night(store) == ""


def test_two_storages_whose_maintenance_begins_at_once_are_both_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the first command has read the list and not written it, the second one is given."""
    write = Controls._write
    second = threading.Thread(target=begin, args=(Path("/mnt/b"), "B. O.", store.root))

    def slowly(self: Controls, name: str, value: dict[str, Any]) -> None:
        if name == "storages" and second.ident is None:
            second.start()
            second.join(1.0)  # all its time, where nothing keeps it back
        write(self, name, value)

    monkeypatch.setattr(Controls, "_write", slowly)
    begin(Path("/mnt/a"), "A. O.", store.root)
    second.join(60.0)
    assert {storage.path for storage in store.controls.storages} == {"/mnt/a", "/mnt/b"}


def test_a_control_that_was_damaged_by_hand_is_named_with_the_remedy(store: Store) -> None:
    store.controls.pause(BY)
    gate = AskedByPeople(Order(store, Path(), UNTOUCHED, "night"), lambda _: None)
    assert gate.pauses()
    (store.root / "controls" / "paused.json").write_text("{}")
    assert gate.pauses() is False  # an empty object asks for nothing
    (store.root / "controls" / "paused.json").write_text('{"word": "sleep"}')
    result = call(store, "status")
    assert "paused.json cannot be read" in str(result.exception)


@pytest.mark.parametrize("finished", [True, False])
def test_a_storage_that_does_not_answer_is_no_verdict_on_a_reel(
    finished: bool,
    store: Store,
    play: Play,
    header_maker: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A finished reel stays, with a warning; any other is listed again by its own job."""
    known, shots = ingested(entry("b"), header_maker)
    store.ledger("before").append("reels", "b.r1", [reel_row(known, "ingested", UNTOUCHED)])

    def is_unchanged(*_: Any) -> bool:
        raise NoAnswerError("b.mkv: silent")

    monkeypatch.setattr(take_up, "is_unchanged", is_unchanged)
    monkeypatch.setattr(take_up, "current_shots", lambda *_: shots)
    monkeypatch.setattr(
        take_up, "is_assembled", lambda reel, *_: finished and reel.reel_id == "b.r1"
    )
    tally, started = play()
    assert tally.restored == {"a.r1", "b.r1", "c.r1"}
    assert ("ingest b.r1" in started) is not finished
    events = store.ledger().read("events")
    said = list(events[events["event"] == "source not looked at"]["detail"])
    assert [("silent" in one) for one in said] == [True] * finished
