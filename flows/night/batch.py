"""A batch of work on a cluster, from its first record to its report.

What a night and a reprocessing have in common.
"""

import socket
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalogs.instant import clock_behind
from flows.cluster.profile import ClusterProfile
from flows.cluster.start import chosen_profile
from flows.night.batch_row import record_batch
from flows.night.batch_work import BatchWork
from flows.night.loop import Night
from flows.night.notices import Notices
from flows.night.order import Order
from flows.night.recorded import merge
from flows.night.same_fault import SAME_FAULT
from flows.night.summary import NightSummary, keep_summary
from flows.night.tally import Tally
from flows.services.tracking import track_batches
from flows.window.drain import drained_by_signals, next_time, read_clock
from flows.window.hour import Hour
from flows.window.speed import Speeds
from flows.window.storages import refuse_maintained
from flows.words import summary_line
from tasks.report.write import write_report

MOST_BEHIND = timedelta(minutes=1)  # clocks of one network differ by less


@dataclass(frozen=True)
class Means:
    """With what, and how long, a batch is worked on.

    Attributes:
        scheduler: address of a running Dask scheduler; a local cluster when None.
        workers: local worker processes; one a GPU, else one a core, when None.
        until: HH:MM, local time, by which the night should be over.
        same_fault: so many shots that fail in a row of one fault stop the batch; 0 for never.
        cluster: a cluster profile, a file or the name of a shipped one.

    Raises:
        ProfileError: the cluster profile does not hold together.
        ValueError: `until` is no time of day.
    """

    scheduler: str | None = None
    workers: int | None = None
    until: str | None = None
    same_fault: int = SAME_FAULT
    cluster: str | None = None

    def __post_init__(self) -> None:
        if self.until is not None:
            read_clock(self.until)
        _ = self.profile

    @property
    def profile(self) -> ClusterProfile:
        """Of the cluster, as these say."""
        return chosen_profile(self.scheduler, self.workers, self.cluster)


def new_batch_id() -> str:
    """A name for a batch: when it began, and something that no other has."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"


def run_batch(
    order: Order,
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
    store, profile = order.store, means.profile
    refuse_maintained(order)
    notices = Notices(order)

    def alarm(told: str) -> None:
        notices.soon(f"Wetgate: the night {order.batch_id} was stopped", told, "failure")

    hour = Hour(order, next_time(means.until), Speeds(order))
    with drained_by_signals() as should_stop:
        started = time.monotonic()
        store.sweep()
        for batch_id in order.ledger.partitions("events"):
            merge(order.ledger, "events", batch_id)  # a batch that was killed left a file an event
        record_batch(order, subject, Tally(), "running", 0.0)
        before()
        work = BatchWork(order, profile, hour, means.same_fault, alarm)
        tally = work.work(go, should_stop)
        _record_clock(order)
        status = "stopped" if tally.stopped else "finished"
        record_batch(order, subject, tally, status, time.monotonic() - started)
        merge(order.ledger, "events", order.batch_id)
        for reel_id in reel_ids:
            merge(order.ledger, "reels", reel_id)
            merge(order.ledger, "publications", reel_id)
        return _conclude(order, tally, notices)


def _conclude(order: Order, tally: Tally, notices: Notices) -> NightSummary:
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
        waiting=len(tally.waiting),
        cancelled=tally.cancelled,
        shots_computed=tally.shots_computed,
        shots_original_kept=tally.shots_original_kept,
        stopped=tally.stopped,
        decisions_open=tally.decisions_open,
        unpublished=len(tally.unpublished),
    )
    keep_summary(summary)
    with suppress(Exception):  # whoever is told, or not, the night is as it is
        title = f"Wetgate: night {order.batch_id} " + ("well" if summary.all_well else "to look at")
        notices.soon(title, summary_line(summary), "success" if summary.all_well else "warning")
        notices.finish()
    return summary


def _record_clock(order: Order) -> None:
    """Say that the clock was set back, or that it once ran ahead."""
    behind = clock_behind(order.store.tables)
    if behind > MOST_BEHIND:
        order.record(
            "clock", socket.gethostname(), "warning",
            f"this machine's clock is {str(behind).partition('.')[0]} behind the newest row of the "
            "ledger; rows are in their order all the same, right after it. Check the clock",
        )  # fmt: skip
