"""A batch of work on a cluster, from its first record to its report.

What a night and a reprocessing have in common.
"""

import socket
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prefect.futures import PrefectFuture

from catalogs.instant import clock_behind
from catalogs.recipe import steps_json
from catalogs.rows import event_row
from flows import work
from flows.cluster import night_cluster, slot_count
from flows.drain import drained_by_signals, read_clock
from flows.jobs import Job, Kind
from flows.night import Night, Tally
from flows.places import Places
from flows.progress import night_progress
from flows.publisher import publishing
from flows.software import software
from flows.storage import sweep_hosts
from flows.summary import NightSummary, keep_summary
from flows.supervise import living, supervised
from flows.tracking import track_batches
from tasks.report import write_report

MOST_SLOTS = 256  # threads that watch Dask futures
MOST_BEHIND = timedelta(minutes=1)  # clocks of one network differ by less


@dataclass(frozen=True)
class Means:
    """With what, and how long, a batch is worked on.

    Attributes:
        scheduler: address of a running Dask scheduler; a local cluster when None.
        workers: local worker processes; one a GPU, else one a core, when None.
        until: HH:MM, local time, after which no new work is begun.

    Raises:
        ValueError: `until` is no time of day.
    """

    scheduler: str | None = None
    workers: int | None = None
    until: str | None = None

    def __post_init__(self) -> None:
        if self.until is not None:
            read_clock(self.until)


def new_batch_id() -> str:
    """A name for a batch: when it began, and something that no other has."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"


def run_batch(
    order: work.Order,
    subject: str,
    before: Callable[[], None],
    go: Callable[[Night], Tally],
    reel_ids: Iterable[str],
    means: Means,
) -> NightSummary:
    """Work, record, and report, in a store that the caller holds.

    Args:
        order: what all the work has in common.
        subject: of the batch, for its record: the catalog, or what was asked for.
        before: records what is to be recorded before anything is done.
        go: what the night is to do.
        reel_ids: whose rows are compacted at the end.
        means: cluster and time.

    Raises:
        StoreError: the batch could not begin.
    """
    store = order.store
    with drained_by_signals(means.until) as should_stop:
        started = time.monotonic()
        store.sweep()
        _record_batch(order, subject, Tally(), "running", 0.0)
        before()
        with (
            night_cluster(means.scheduler, means.workers) as client,
            night_progress(store) as progress,
        ):
            submit = _submitter(order, client)
            slots = min(slot_count(client), MOST_SLOTS)
            with publishing(order, progress.say, should_stop) as publisher:
                stands = publisher.add if publisher else None
                tally = go(Night(order, submit, slots, progress, should_stop, stands))
            tally.unpublished = publisher.unpublished if publisher else set()
            if not tally.stopped:  # what a stopped night has copied, the next one goes on with
                sweep_hosts(client, order)
        _record_clock(order)
        status = "stopped" if tally.stopped else "finished"
        _record_batch(order, subject, tally, status, time.monotonic() - started)
        order.ledger.compact("events", order.batch_id)
        for reel_id in reel_ids:
            order.ledger.compact("reels", reel_id)
        return _conclude(order, tally)


def _conclude(order: work.Order, tally: Tally) -> NightSummary:
    """Report first, then the views of others, none of which may spoil the night."""
    try:
        report = str(write_report(order.store, order.batch_id))
    except Exception as error:
        order.record("report", order.batch_id, "failure", str(error))
        report = f"not written: {error}"
    for batch_id, problem in track_batches(order.store).items():
        order.record("tracking", batch_id, "failure" if problem else "success", problem)
    summary = NightSummary(
        batch_id=order.batch_id,
        report=report,
        restored=len(tally.restored),
        held=len(tally.held),
        failed=len(tally.failed),
        shots_computed=tally.shots_computed,
        shots_original_kept=tally.shots_original_kept,
        stopped=tally.stopped,
        decisions_open=tally.decisions_open,
        unpublished=len(tally.unpublished),
    )
    keep_summary(summary)
    return summary


def _record_clock(order: work.Order) -> None:
    """Say that the clock was set back, or that it once ran ahead."""
    behind = clock_behind(order.store.tables)
    if behind > MOST_BEHIND:
        order.record(
            "clock", socket.gethostname(), "warning",
            f"this machine's clock is {str(behind).partition('.')[0]} behind the newest row of the "
            "ledger; rows are in their order all the same, right after it. Check the clock",
        )  # fmt: skip


def _submitter(whole: work.Order, client: Any) -> Callable[[Job], PrefectFuture[Any]]:
    """How a job is started: as a Prefect task that watches a Dask future."""
    places = Places(lambda: living(client))
    work_of: dict[Kind, tuple[Callable[..., Any], str]] = {
        "ingest": (work.ingest, "ingest-reel"),
        "restore": (work.restore, "restore-shot"),
        "keep": (work.keep, "keep-original"),
        "assemble": (work.assemble, "assemble-reel"),
    }
    tasks = {
        (kind, alone): supervised(client, do, name, retries, places)
        for kind, (do, name) in work_of.items()
        for alone, retries in ((False, 1), (True, 2 if kind == "keep" else 0))
    }  # after a fault of a machine: two tries among others, the third alone; `keep` is always alone

    def submit(job: Job) -> PrefectFuture[Any]:
        order = whole.for_reel(job.catalog.reel_id)
        task = tasks[job.kind, job.alone]
        if job.kind == "ingest":
            return task.submit(job.label, order, job.catalog)
        assert job.reel is not None  # every later job knows its reel
        if job.kind == "assemble":
            return task.submit(job.label, order, job.reel)
        assert job.shot is not None  # restore and keep are of a shot
        limit = work.limit_seconds(job.reel, job.shot, order.treatment)
        if job.kind == "restore":
            return task.submit(job.label, order, job.reel, job.shot, limit)
        return task.submit(job.label, order, job.reel, job.shot, job.reason, limit)

    return submit


def _record_batch(
    order: work.Order, subject: str, tally: Tally, status: str, seconds: float
) -> None:
    row = {
        "catalog": subject,
        "recipe": order.treatment.recipe_name,
        "treatment_id": order.treatment.treatment_id,
        "steps_json": steps_json(order.treatment.steps),
        "status": status,
        "reels_restored": len(tally.restored),
        "reels_held": len(tally.held),
        "reels_failed": len(tally.failed),
        "shots_restored": tally.shots_restored,
        "shots_computed": tally.shots_computed,
        "shots_original_kept": tally.shots_original_kept,
        "frames_computed": tally.frames_computed,
        "seconds": seconds,
        "software": software(),
    }
    order.ledger.append("batches", order.batch_id, [row])
    event = event_row("batch", order.batch_id, status, f"recipe {row['recipe']}", software())
    order.ledger.append("events", order.batch_id, [event])
