"""The loop of a night, with the cluster played by the test: every fault stays small."""

import errno
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from distributed.scheduler import KilledWorker
from prefect.exceptions import Pause

from catalogs.catalog import Catalog
from catalogs.errors import MediaError, RecipeError, SourceError, StoreError
from catalogs.fixity import sha256_file
from catalogs.ledger import Ledger
from catalogs.records import HeldRow, Reel, RestoredShot, Shot
from catalogs.rows import reel_row, restored_row, shot_rows
from catalogs.source import FrameIndex
from catalogs.store import Store
from flows.cluster.places import ClusterLostError
from flows.night import recorded, take_up, work
from flows.night.hard_limit import last_words
from flows.night.jobs import Job
from flows.night.loop import Night
from flows.night.order import Order, ShotDone
from flows.night.progress import NightProgress
from flows.night.recorded import finished_shots
from flows.night.tally import Tally
from tasks.ingest import ingest_reel
from tasks.split import DETECTOR
from tests.played import UNTOUCHED, Answer, entry, ingest_done, ingested

MakeReel = Callable[..., tuple[Path, list[bytes]]]
ROOT = Path(__file__).parent.parent


@pytest.fixture
def run(store: Store, header_maker: Callable[..., Any]) -> Callable[..., tuple[Tally, list[Job]]]:
    """Run a night over reels whose jobs answer as `faults` says, by (kind, label)."""

    def night(
        reels: list[str],
        faults: dict[tuple[str, str], list[BaseException]] | None = None,
        stop_after: int = 1000,
        held: tuple[HeldRow, ...] = (),
    ) -> tuple[Tally, list[Job]]:
        started: list[Job] = []
        waiting = {key: list(errors) for key, errors in (faults or {}).items()}

        def submit(job: Job) -> Any:
            started.append(job)
            if errors := waiting.get((job.kind, job.label)):
                return Answer(error=errors.pop(0))
            if job.kind == "ingest":
                return Answer(ingest_done(job.catalog, header_maker))
            if job.kind == "assemble":
                return Answer(job.label)
            status = "restored" if job.kind == "restore" else "original kept"
            assert job.shot is not None
            return Answer(ShotDone(job.shot, status, job.reason, 1.0))

        order = Order(store, Path(), UNTOUCHED, "batch")
        progress = NightProgress(store, None)
        loop = Night(order, submit, 2, progress, lambda: len(started) >= stop_after)
        catalog = Catalog(Path("c.csv"), tuple(entry(r) for r in reels), held, ())
        return loop.run(catalog), started

    return night


Run = Callable[..., tuple[Tally, list[Job]]]


def test_every_reel_is_restored(run: Run) -> None:
    tally, _ = run(["a", "b"])
    assert tally.restored == {"a.r1", "b.r1"}
    assert (tally.shots_restored, tally.frames_computed) == (6, 60)


def test_a_bad_source_holds_its_reel_only(run: Run, store: Store) -> None:
    tally, _ = run(["a", "b"], {("ingest", "a.r1"): [SourceError("a.mkv: truncated")]})
    assert (tally.held, tally.restored) == ({"a.r1"}, {"b.r1"})
    rows = store.ledger().newest("reels").set_index("reel_id")
    assert "truncated" in rows.loc["a.r1", "reason"]


def test_a_row_of_the_catalog_that_is_held_is_recorded(run: Run, store: Store) -> None:
    held = HeldRow("x", "line-3", 3, "c.csv line 3: field reel is empty")
    tally, _ = run(["a"], held=(held,))
    assert tally.held == {"line-3"}
    assert store.ledger().newest("reels").iloc[0]["status"] == "held"


def test_a_shot_that_fails_keeps_its_original_with_the_reason(run: Run) -> None:
    label = "a.r1/0000010-0000020"
    errors = [RuntimeError("no memory"), RuntimeError("no memory")]
    tally, jobs = run(["a"], {("restore", label): errors})
    kept = [job for job in jobs if job.kind == "keep"]
    assert [(label, "RuntimeError: no memory")] == [(j.label, j.reason) for j in kept]
    assert (tally.shots_original_kept, tally.restored) == (1, {"a.r1"})


def test_a_treatment_that_cannot_be_computed_fails_its_reel_and_keeps_no_original(run: Run) -> None:
    label = "a.r1/0000010-0000020"
    tally, jobs = run(["a"], {("restore", label): [RecipeError("step dirt: of another version")]})
    assert (tally.failed, tally.shots_original_kept) == ({"a.r1"}, 0)
    assert not [job for job in jobs if job.kind == "keep"]


def test_a_dead_worker_convicts_nobody_before_a_trial_alone(run: Run) -> None:
    label = "a.r1/0000010-0000020"
    tally, jobs = run(["a", "b"], {("restore", label): [KilledWorker(label, None, 0)]})
    assert [j.alone for j in jobs if j.kind == "restore" and j.label == label] == [False, True]
    assert (tally.shots_original_kept, len(tally.restored)) == (0, 2)


def test_a_shot_that_kills_its_worker_alone_as_well_keeps_its_original(run: Run) -> None:
    label = "a.r1/0000010-0000020"
    deaths = [KilledWorker(label, None, 0), KilledWorker(label, None, 0)]
    tally, jobs = run(["a"], {("restore", label): deaths})
    assert "its worker died" in next(j.reason for j in jobs if j.kind == "keep")
    assert (tally.shots_original_kept, tally.restored) == (1, {"a.r1"})


def test_a_source_that_changes_during_the_night_holds_its_reel(run: Run) -> None:
    label = "a.r1/0000000-0000010"
    tally, jobs = run(["a", "b"], {("restore", label): [SourceError("frame 3 has changed")]})
    assert (tally.held, tally.restored) == ({"a.r1"}, {"b.r1"})
    assert not [j for j in jobs if j.kind == "assemble" and j.catalog.identifier == "a"]


def test_a_reel_that_does_not_verify_is_failed_not_restored(run: Run, store: Store) -> None:
    tally, _ = run(["a"], {("assemble", "a.r1"): [MediaError("disk full")]})
    assert (tally.failed, tally.restored) == ({"a.r1"}, set())
    row = store.ledger().newest("reels").iloc[0]
    assert (row["status"], "disk full" in row["reason"]) == ("failed", True)


def test_a_night_that_is_stopped_says_so(run: Run) -> None:
    tally, jobs = run(["a", "b"], stop_after=3)
    assert tally.stopped
    assert len(jobs) == 3


def test_a_source_that_is_another_file_now_is_held(store: Store, make_reel: MakeReel) -> None:
    """The archive's file was replaced; only its checksum in the catalog makes that right."""
    order = Order(store, make_reel("a.mkv", "gray", 6, seed=1)[0].parent, UNTOUCHED, "batch")
    work.ingest(order, entry("a"))
    path, _ = make_reel("a.mkv", "gray", 6, seed=2)
    with pytest.raises(SourceError, match="not the one that was ingested before"):
        work.ingest(order, entry("a"))
    vouched = replace(entry("a"), checksum=("sha256", sha256_file(path)))
    reel, _, _ = work.ingest(order, vouched)
    assert reel.digest == sha256_file(path)


def test_a_row_that_moved_in_the_catalog_is_the_same_row() -> None:
    assert entry("a", line=2) == entry("a", line=9)


def test_a_fault_of_the_machine_at_ingest_is_no_verdict_on_the_source(
    run: Run, store: Store
) -> None:
    deaths = [KilledWorker("a", None, 0), KilledWorker("a", None, 0)]
    tally, _ = run(["a", "b"], {("ingest", "a.r1"): deaths})
    assert (tally.failed, tally.held, tally.restored) == ({"a.r1"}, set(), {"b.r1"})
    row = store.ledger().newest("reels").set_index("reel_id").loc["a.r1"]
    assert (row["status"], "its worker died" in row["reason"]) == ("failed", True)


@pytest.mark.parametrize("kind", ["ingest", "assemble"])
def test_a_dead_worker_condemns_no_reel_before_a_trial_alone(run: Run, kind: str) -> None:
    tally, jobs = run(["a", "b"], {(kind, "a.r1"): [KilledWorker("a", None, 0)]})
    assert [j.alone for j in jobs if j.kind == kind and j.label == "a.r1"] == [False, True]
    assert tally.restored == {"a.r1", "b.r1"}


def test_a_cluster_that_went_away_for_good_blames_no_reel(run: Run, store: Store) -> None:
    label = "a.r1/0000010-0000020"
    tally, jobs = run(["a", "b"], {("restore", label): [ClusterLostError("went away")]})
    assert tally.stopped
    assert (tally.failed, tally.held, tally.shots_original_kept) == (set(), set(), 0)
    assert not [job for job in jobs if job.kind in ("keep", "assemble")]
    events = store.ledger().read("events")
    assert list(events[events["event"] == "cluster"]["detail"]) == ["went away"]


def test_a_job_that_prefect_did_not_let_begin_is_left_for_the_next_night(
    store: Store, header_maker: Callable[..., Any]
) -> None:
    """A flow run that is suspended lets no task begin; no shot is to blame."""

    class Suspended(Answer):
        def wait(self) -> None:
            raise Pause

    def submit(job: Job) -> Any:
        if job.kind == "ingest":
            return Answer(ingest_done(job.catalog, header_maker))
        return Suspended()

    order = Order(store, Path(), UNTOUCHED, "batch")
    loop = Night(order, submit, 2, NightProgress(store, None), lambda: False)
    tally = loop.run(Catalog(Path("c.csv"), (entry("a"),), (), ()))
    assert (tally.stopped, tally.failed, tally.shots_original_kept) == (True, set(), 0)


def test_a_night_begins_at_once_where_a_newer_detector_has_found_no_shots_yet(
    run: Run, store: Store, header_maker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers look for them as they ingest, and a fault of a source stays with its reel."""
    ledger = store.ledger("earlier")
    for name in "abc":
        reel, shots = ingested(entry(name), header_maker)
        ledger.append("shots", reel.reel_id, shot_rows(shots, "an older detector"))
        ledger.append("reels", reel.reel_id, [reel_row(reel, "restored", UNTOUCHED)])
    monkeypatch.setattr(take_up, "is_unchanged", lambda *_: True)
    tally, jobs = run(["a", "b", "c"], {("ingest", "a.r1"): [OSError(5, "input/output error")]})
    assert [job.label for job in jobs if job.kind == "ingest"] == ["a.r1", "b.r1", "c.r1"]
    assert (tally.failed, tally.restored) == ({"a.r1"}, {"b.r1", "c.r1"})


def test_shots_that_another_detector_found_anew_are_restored_and_no_others(
    store: Store, make_reel: MakeReel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finished reel whose shots are the same stands as it is; else it is in work again."""
    path, _ = make_reel("a.mkv", frames=12)
    night = Order(store, path.parent, UNTOUCHED, "batch")
    started: list[str] = []

    def submit(job: Job) -> Any:
        started.append(job.kind)
        limit = (600.0,) if job.kind == "restore" else ()
        given = [one for one in (job.reel, job.shot) if one] or [job.catalog]
        return Answer(getattr(work, job.kind)(night, *given, *limit))

    def run_night(detector: str, ranges: list[tuple[int, int]]) -> tuple[Tally, list[str]]:
        for module in (take_up, work):
            monkeypatch.setattr(module, "DETECTOR", detector)
        monkeypatch.setattr(work.ShotFinder, "ranges", lambda *_: ranges)
        started.clear()
        loop = Night(night, submit, 1, NightProgress(store, None), lambda: False)
        return loop.run(Catalog(Path("c.csv"), (entry("a"),), (), ())), started

    cut = [(0, 6), (6, 12)]
    assert run_night("one", cut)[1] == ["ingest", "restore", "restore", "assemble"]
    assert run_night("one", [])[1] == []
    tally, jobs = run_night("two", cut)
    assert (tally.restored, jobs) == ({"a.r1"}, ["ingest"])
    assert store.ledger().newest("reels")["status"].to_list() == ["restored"]
    tally, jobs = run_night("three", [(0, 6), (6, 9), (9, 12)])
    assert (tally.restored, jobs) == ({"a.r1"}, ["ingest", "restore", "restore", "assemble"])


def test_a_stop_is_heeded_while_the_catalog_is_taken_up(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No further source is looked at, and the night says that something is left."""
    looked: list[str] = []
    monkeypatch.setattr(take_up, "is_unchanged", lambda reel, _: looked.append(reel.reel_id))
    run(["a", "b"])
    tally, jobs = run(["a", "b"], stop_after=0)
    assert (looked, jobs, tally.stopped, tally.restored) == ([], [], True, set())


def test_what_cannot_be_looked_at_fails_its_reel_only(
    run: Run, store: Store, header_maker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a disk that is going: its error names no reel, the night has to."""
    _record_ingested(store, header_maker, "a")

    def look(*_: Any) -> bool:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(take_up, "is_unchanged", look)
    tally, _ = run(["a", "b"])
    assert (tally.failed, tally.restored) == ({"a.r1"}, {"b.r1"})


def test_a_finished_reel_whose_records_cannot_be_read_is_failed_and_not_restored(
    run: Run, store: Store, header_maker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _record_ingested(store, header_maker, "a")
    damaged = store.tables / "restorations" / "a.r1" / "x.parquet"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"damaged")
    monkeypatch.setattr(take_up, "is_unchanged", lambda *_: True)
    monkeypatch.setattr(take_up, "is_assembled", lambda reel, *_: reel.reel_id == "a.r1")
    tally, _ = run(["a", "b"])
    assert (tally.failed, tally.restored) == ({"a.r1"}, {"b.r1"})
    row = store.ledger().newest("reels").set_index("reel_id").loc["a.r1"]
    assert (row["status"], str(damaged) in row["reason"]) == ("failed", True)


def test_what_is_wrong_with_the_records_of_all_is_the_fault_of_no_reel(
    run: Run, store: Store, header_maker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _record_ingested(store, header_maker, "a")

    def treatments(_: Ledger) -> Any:
        raise StoreError("x.parquet cannot be read")

    monkeypatch.setattr(take_up, "recorded_treatments", treatments)
    with pytest.raises(StoreError):
        run(["a"])
    assert list(store.ledger().newest("reels")["status"]) == ["ingested"]


def test_a_restored_shot_that_cannot_be_read_is_computed_again(
    run: Run, store: Store, header_maker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk with a bad sector: reading fails in the midst, although the file is there."""
    shot = _record_ingested(store, header_maker, "a")[0]
    bad = store.shot_folder("a.r1") / "bad.mkv"
    bad.parent.mkdir(parents=True)
    bad.symlink_to("/proc/self/mem")  # whose first byte nobody can read
    name = str(bad.relative_to(store.root))
    steps = UNTOUCHED.treatment_id
    done = RestoredShot(shot, steps, "restored", "", name, "x", name, "x", (), 0.0, (), 1.0, "cpu")
    store.ledger("before").append("restorations", "a.r1", [restored_row(done, "")])
    monkeypatch.setattr(take_up, "is_unchanged", lambda *_: True)
    tally, jobs = run(["a", "b"])
    assert tally.restored == {"a.r1", "b.r1"}
    assert shot in [job.shot for job in jobs]


def _record_ingested(store: Store, header_maker: Callable[..., Any], name: str) -> tuple[Shot, ...]:
    ledger = store.ledger("before")
    reel, shots = ingested(entry(name), header_maker)
    ledger.append("shots", reel.reel_id, shot_rows(shots, DETECTOR))
    ledger.append("reels", reel.reel_id, [reel_row(reel, "ingested", UNTOUCHED)])
    return shots


def test_a_night_goes_on_where_nobody_reads_what_it_shows() -> None:
    """Standard output goes to a disk that is full; nor does Python fail with it at its end."""
    words = "from flows.streams import say, say_aside; say('a'); say('b'); say_aside('c')"
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-c", words], stdout=full, stderr=full, cwd=ROOT, check=False
        )
    assert ended.returncode == 0


def test_what_a_night_shows_goes_through_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        tally, _ = run(["a"])
        monkeypatch.undo()
    assert tally.restored == {"a.r1"}


def test_a_host_that_was_given_up_does_not_take_back_what_others_recorded(
    store: Store, make_reel: MakeReel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was cut off in the midst of ingesting; another ingested the reel and joined it."""
    order = Order(store, make_reel("a.mkv")[0].parent, UNTOUCHED, "batch")

    def cut_off(*arguments: Any) -> tuple[Reel, FrameIndex]:
        reel, index = ingest_reel(*arguments)
        row = reel_row(reel, "restored", UNTOUCHED, derivative="a.r1.x")
        store.ledger("another").append("reels", reel.reel_id, [row])
        return reel, index

    monkeypatch.setattr(work, "ingest_reel", cut_off)
    work.ingest(order, entry("a"))
    assert list(store.ledger().newest("reels")["status"]) == ["restored"]


def test_a_reel_read_anew_is_said_to_be_ingested(store: Store, make_reel: MakeReel) -> None:
    order = Order(store, make_reel("a.mkv")[0].parent, UNTOUCHED, "batch")
    reel, _, _ = work.ingest(order, entry("a"))
    order.ledger.append("reels", reel.reel_id, [reel_row(reel, "failed", UNTOUCHED)])
    work.ingest(order, entry("a"))
    assert list(store.ledger().newest("reels")["status"]) == ["ingested"]


def test_a_joined_reel_is_recorded_where_its_records_cannot_be_merged(
    store: Store, header_maker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk filled up just then; merging only makes the next reading quicker."""
    order = Order(store, Path(), UNTOUCHED, "batch")
    reel, _ = ingested(entry("a"), header_maker)
    monkeypatch.setattr(work, "is_assembled", lambda *_: True)

    def compact(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Ledger, "compact", compact)
    work._assemble(order, reel, reel)
    assert list(store.ledger().newest("reels")["status"]) == ["restored"]


def test_last_words_are_looked_for_beside_logs_that_cannot_be_read(store: Store) -> None:
    """Those of workers that are done vanish meanwhile."""
    logs = store.root / "logs"
    (logs / "worker-a.log").mkdir(parents=True)
    (logs / "worker-b.log").write_text("n a.r1, process 7 on b\n")
    assert "killed from outside" in last_words(store, "n a.r1")


def test_a_stop_is_heeded_while_the_shots_of_earlier_nights_are_read(
    store: Store, make_reel: MakeReel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of a large reel takes hours; what was not read is neither done nor missing."""
    path, _ = make_reel("a.mkv", frames=12)
    order = Order(store, path.parent, UNTOUCHED, "batch")
    reel, shots, _ = work.ingest(order, entry("a"))
    done = [work.restore(order, reel, shot, 600.0).shot for shot in shots]
    assert list(finished_shots(order, reel, shots) or ()) == done
    released = threading.Event()
    monkeypatch.setattr(recorded, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(recorded, "sha256_file", lambda _: released.wait(60))

    def is_over() -> bool:
        released.set()
        return True

    assert finished_shots(order, reel, shots, is_over) is None
