"""Whatever becomes of its cluster, a batch has an end that is recorded and reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalogs.controls import Asked, Storage
from catalogs.errors import ClusterError, StoreError
from catalogs.rows import event_row
from catalogs.store import Store
from flows.cluster import slurm as cluster_slurm
from flows.cluster.profile import ClusterProfile
from flows.night import batch, batch_work
from flows.night.batch_work import LOG
from flows.night.loop import Night
from flows.night.order import Order
from flows.night.progress import NightProgress
from flows.night.summary import NightSummary
from flows.night.tally import Tally
from tasks.report.attention import attention
from tasks.report.night import read_night
from tests.played import UNTOUCHED


class Client:
    """One worker that is there, or a scheduler that went away for good."""

    def __init__(self, gone: bool = False, workers: int = 1) -> None:
        self.status = "closed" if gone else "running"
        self.workers = {f"{n}": {"nthreads": 1, "status": "running"} for n in range(workers)}

    def scheduler_info(self) -> dict[str, Any]:
        if self.status == "closed":
            raise OSError("Timed out trying to connect")
        return {"address": "played", "workers": self.workers}

    def run(self, *_: object) -> None:
        pass


def night(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    client: Client,
    closing: BaseException | None = None,
    fails: Exception | None = None,
    until: str | None = None,
    before: Callable[[], None] = lambda: None,
    says: Sequence[str] = (),
) -> NightSummary:
    @contextmanager
    def played(*_: object) -> Iterator[Client]:
        yield client
        if closing:
            raise closing

    def go(night: Night) -> Tally:
        for message in says:
            night._reels.say("a.r1", message)
        if fails:
            raise fails
        return Tally(restored={"a.r1"})

    monkeypatch.setattr(batch_work, "night_cluster", played)
    order = Order(store, Path(), UNTOUCHED, "night1")
    means = batch.Means(until=until)
    return batch.run_batch(order, "c.csv", before, go, [], means)


def said(store: Store) -> list[tuple[str, str]]:
    events = store.ledger().read("events")
    return list(events[events.event == "cluster"][["outcome", "detail"]].itertuples(index=False))


def test_a_scheduler_that_is_lost_before_the_first_worker_is_an_end_with_a_report(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = night(store, monkeypatch, Client(gone=True))
    assert summary.stopped
    assert Path(summary.report).is_file()
    assert store.ledger().read("batches").status.iloc[-1] == "stopped"
    ((outcome, detail),) = said(store)
    assert outcome == "failure"
    assert "went away" in detail


@pytest.mark.parametrize(
    "closing",
    [TimeoutError("Timed out deleting cluster"), ClusterError("gone"), KeyboardInterrupt()],
)
def test_a_cluster_that_does_not_close_takes_nothing_from_the_night(
    store: Store, monkeypatch: pytest.MonkeyPatch, closing: BaseException
) -> None:
    """A second Ctrl-C may come when the work is done; the night is recorded as what it was."""
    summary = night(store, monkeypatch, Client(), closing)
    assert (summary.restored, summary.stopped) == (1, False)
    assert Path(summary.report).is_file()
    assert store.ledger().read("batches").status.iloc[-1] == "finished"
    ((outcome, detail),) = said(store)
    assert outcome == "warning"
    assert str(closing) in detail
    assert "did not close" in detail


BY = Asked.now("B", "")
ENDS: dict[str, Callable[[Store], object]] = {
    "drain": lambda store: store.controls.drain(BY, "night1"),
    "maintenance of the store": lambda store: store.controls.change_storages(
        lambda _: (Storage(str(store.root), str(store.root), BY),)
    ),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.timeout(120)
def test_while_no_worker_has_come_a_night_can_be_ended(
    store: Store, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """It would wait for ten minutes, and then say that no worker came."""
    night(store, monkeypatch, Client(workers=0), before=lambda: ENDS[end](store) and None)
    assert not said(store)


@pytest.mark.timeout(120)
def test_while_no_worker_has_come_the_hour_ends_a_night(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "next_time", lambda _: datetime.now() + timedelta(seconds=1))
    night(store, monkeypatch, Client(workers=0), until="06:00")
    assert not said(store)


def test_a_fault_of_the_night_itself_is_not_taken_for_one_of_the_cluster(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="of the night"):
        night(store, monkeypatch, Client(), fails=ValueError("of the night"))
    assert not said(store)


def test_an_interface_that_is_not_there_is_a_fault_of_the_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster_slurm, "which", lambda _: "/bin/sbatch")
    profile = ClusterProfile.model_validate(
        {"kind": "slurm", "workers": 1, "worker": {"memory": "2GB"}, "slurm": {"interface": "ib9"}}
    )
    with pytest.raises(ClusterError, match=r"ib9.*look at `interface`"):
        cluster_slurm.slurm_cluster(profile, None)


def test_events_of_a_night_that_was_killed_are_merged_when_the_next_begins(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside them is what cannot be merged, as a file that cannot be read; the night begins."""
    for name in ("killed", "spoilt"):
        for n in range(3):
            row = event_row("restoration", f"a.r1/{n}", "restored", "", "x 1")
            store.ledger(name).append("events", name, [row])
    killed, spoilt = (store.tables / "events" / name for name in ("killed", "spoilt"))
    unreadable = spoilt / "x.parquet"
    unreadable.write_bytes(b"")
    seen: list[int] = []

    def before() -> None:
        seen.extend(len(list(folder.iterdir())) for folder in (killed, spoilt))
        unreadable.unlink()

    night(store, monkeypatch, Client(), before=before)
    assert seen == [1, 4]
    kept = store.ledger().read("events", "killed")["object"]
    assert list(kept) == [f"a.r1/{n}" for n in range(3)]


@pytest.mark.parametrize("fault", ["No space left on device", "Is a directory"])
def test_a_log_that_cannot_be_written_ends_no_night_and_is_named_once_in_its_report(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: str,
) -> None:
    log = store.log_file("a.r1")
    log.parent.mkdir()
    if fault == "Is a directory":
        log.mkdir()
    else:
        log.symlink_to("/dev/full")
    summary = night(store, monkeypatch, Client(), says=("30 frames", "restored and verified"))
    events = store.ledger().read("events")
    (told,) = events[events["event"] == LOG]["detail"]
    assert told.startswith(f"{log} cannot be written: {fault}; ")
    assert store.ledger().read("batches").status.iloc[-1] == "finished"
    assert f"{told}." in attention(read_night(store, summary.batch_id))
    shown = capsys.readouterr().out
    assert shown.count("cannot be written") == 1
    assert "a.r1: 30 frames" in shown
    assert "a.r1: restored and verified" in shown


def test_a_log_and_a_ledger_that_find_the_disk_full_are_told_when_there_is_room_again(
    store: Store,
) -> None:
    store.log_file("a.r1").mkdir(parents=True)
    recorded: list[str] = []

    def record(why: str) -> None:
        recorded.append(why)
        if len(recorded) == 1:
            raise StoreError("No space left on device")

    progress = NightProgress(store, None, record)
    for message in ("one", "two", "three"):
        progress.say("a.r1", message)
    assert len(recorded) == 2
