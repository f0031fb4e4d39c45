"""The nightly flow: `wetgate run`, and the deployment of `prefect.yaml`."""

import json
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from prefect import State, flow
from prefect.futures import PrefectFuture
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from catalogs.catalog import Catalog, read_catalog
from catalogs.mapping_report import mapping_summary, write_mapping_report
from catalogs.rows import event_row
from catalogs.store import hold_store, open_store
from flows import work
from flows.choices import apply_choices, read_choices
from flows.cluster import night_cluster, slot_count
from flows.jobs import Job
from flows.night import Night, Tally
from flows.progress import night_progress
from flows.software import software
from flows.supervise import supervised
from flows.tracking import track_batches
from flows.treatment import resolve_treatment
from tasks.permit import find_policy, permit
from tasks.report import write_report

MOST_SLOTS = 256  # threads that watch Dask futures


@dataclass(frozen=True)
class NightSummary:
    """How a night ended."""

    batch_id: str
    report: str
    restored: int
    held: int
    failed: int
    shots_computed: int
    shots_original_kept: int
    stopped: bool

    @property
    def all_well(self) -> bool:
        """True when every reel is restored."""
        return not (self.held or self.failed or self.stopped)


@flow(
    name="nightly",
    task_runner=ThreadPoolTaskRunner(max_workers=MOST_SLOTS),  # type: ignore[arg-type]
    persist_result=False,
    validate_parameters=True,
)
def nightly(
    catalog: str,
    store: str,
    recipe: str = "conservative",
    archive: str | None = None,
    profile: str | None = None,
    fps: list[str] | None = None,
    scan: list[str] | None = None,
    notice: str | None = None,
    sidecar: bool = True,
    policy: str | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    until: str | None = None,
    truth: str | None = None,
) -> NightSummary | State[NightSummary]:
    """Restore every reel of a catalog into a store.

    Args:
        catalog: the catalog, in any format that is read.
        store: folder of the store; made when missing.
        recipe: name of a shipped recipe, or path of a recipe file.
        archive: archive root that the catalog's paths are relative to; the catalog's
            folder when not given.
        profile: how the institution's catalog is read; by its format when not given.
        fps: frame rates that override catalog and header, `18` or `IDENTIFIER=18`.
        scan: how interlaced picture is read, `progressive` or `IDENTIFIER=deinterlace`.
        notice: text to burn into access copies, "" for none; finished reels keep theirs when
            it is left out.
        sidecar: whether the signal of each master is written beside it, for QCTools.
        policy: what may be done to which collection; the store's `policy.toml` when not given.
        scheduler: address of a running Dask scheduler; a local cluster when not given.
        workers: local worker processes; one a GPU, else one a core, when not given.
        until: HH:MM, local time, after which no new work is begun.
        truth: folder of undamaged reels by reel_id, where damage was simulated.

    Returns:
        How it ended; for Prefect the state is named NeedsAttention unless all is well.

    Raises:
        CatalogError, RecipeError, StoreError: the night could not begin.
    """
    choices = read_choices(fps or (), scan or ())
    resolved = resolve_treatment(recipe, Path(store))
    treatment = resolved.treatment
    rules = find_policy(policy, Path(store))
    catalogued = apply_choices(read_catalog(Path(catalog), profile), choices)
    catalogued = permit(catalogued, rules, treatment)
    catalogued = replace(catalogued, remarks=(*catalogued.remarks, *resolved.remarks))
    opened = open_store(Path(store))
    order = work.Order(
        store=opened,
        archive=Path(archive) if archive else Path(catalog).parent,
        treatment=treatment,
        batch_id=f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}",
        truth=Path(truth) if truth else None,
        notice=notice,
        sidecar=sidecar,
        policy=rules,
    )
    with hold_store(opened), drained_by_signals(until) as should_stop:
        started = time.monotonic()
        opened.sweep()
        _record_batch(order, catalogued, Tally(), "running", 0.0)
        for remark in catalogued.remarks:
            order.record("catalog remark", catalogued.path.name, "warning", remark)
        _record_mapping(order, catalogued)
        for said in resolved.models:
            order.record("model", order.batch_id, "success", said)
        if rules.path:
            order.record("policy", str(rules.path), "success", f"sha256 {rules.sha256}")
        for choice in choices:
            subject = choice.identifier or catalogued.path.name
            order.record("operator choice", subject, "success", choice.option)
        with night_cluster(scheduler, workers) as client, night_progress(opened) as progress:
            submit = _submitter(order, client)
            slots = min(slot_count(client), MOST_SLOTS)
            tally = Night(order, submit, slots, progress, should_stop).run(catalogued)
        status = "stopped" if tally.stopped else "finished"
        _record_batch(order, catalogued, tally, status, time.monotonic() - started)
        order.ledger.compact("events", order.batch_id)
        for reel in catalogued.reels:
            order.ledger.compact("reels", reel.reel_id)
        summary = _conclude(order, tally)
    if summary.all_well:
        return summary
    return Completed(name="NeedsAttention", message=_counts(summary), data=summary)


def _record_mapping(order: work.Order, catalog: Catalog) -> None:
    """Say what became of every field of the catalog: in full in a file, in short as an event."""
    target = order.store.mapping_file(order.batch_id)
    target.parent.mkdir(exist_ok=True)
    write_mapping_report(catalog.mapping, target)
    said = f"{mapping_summary(catalog.mapping)} In full: {target.relative_to(order.store.root)}"
    order.record("catalog remark", catalog.path.name, "success", said)


def _counts(summary: NightSummary) -> str:
    stopped = ", stopped before the end" if summary.stopped else ""
    return (
        f"reels: {summary.restored} restored, {summary.held} held, {summary.failed} failed{stopped}"
    )


def _conclude(order: work.Order, tally: Tally) -> NightSummary:
    """Report first, then the views of others, none of which may spoil the night."""
    try:
        report = str(write_report(order.store, order.batch_id))
    except Exception as error:
        order.record("report", order.batch_id, "failure", str(error))
        report = f"not written: {error}"
    for batch_id, problem in track_batches(order.store).items():
        order.record("tracking", batch_id, "failure" if problem else "success", problem)
    return NightSummary(
        batch_id=order.batch_id,
        report=report,
        restored=len(tally.restored),
        held=len(tally.held),
        failed=len(tally.failed),
        shots_computed=tally.shots_computed,
        shots_original_kept=tally.shots_original_kept,
        stopped=tally.stopped,
    )


def _submitter(order: work.Order, client: Any) -> Callable[[Job], PrefectFuture[Any]]:
    """How a job is started: as a Prefect task that watches a Dask future."""
    ingest = supervised(client, work.ingest, "ingest-reel")
    restore = supervised(client, work.restore, "restore-shot")
    keep = supervised(client, work.keep, "keep-original")
    assemble = supervised(client, work.assemble, "assemble-reel")

    def submit(job: Job) -> PrefectFuture[Any]:
        if job.kind == "ingest":
            return ingest.submit(job.label, order, job.catalog)
        assert job.reel is not None  # every later job knows its reel
        if job.kind == "assemble":
            return assemble.submit(job.label, order, job.reel)
        assert job.shot is not None  # restore and keep are of a shot
        limit = work.limit_seconds(job.reel, job.shot)
        if job.kind == "restore":
            return restore.submit(job.label, order, job.reel, job.shot, limit)
        return keep.submit(job.label, order, job.reel, job.shot, job.reason, limit)

    return submit


@contextmanager
def drained_by_signals(until: str | None) -> Iterator[Callable[[], bool]]:
    """A question to ask before beginning anything new: is it time to stop?

    SIGTERM or one Ctrl-C lets running work finish; a second Ctrl-C ends at once.
    """
    stop = threading.Event()
    deadline = _deadline(until)

    def on_signal(_number: int, _frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        sys.stderr.write("Stopping: what runs is finished first. Once more ends it at once.\n")

    in_main = threading.current_thread() is threading.main_thread()
    before = {s: signal.signal(s, on_signal) for s in (signal.SIGTERM, signal.SIGINT) if in_main}
    try:
        yield lambda: stop.is_set() or (deadline is not None and datetime.now() >= deadline)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _deadline(until: str | None) -> datetime | None:
    """The next time the clock shows `until`."""
    if until is None:
        return None
    clock = datetime.strptime(until, "%H:%M").time()
    deadline = datetime.combine(datetime.now().date(), clock)
    return deadline if deadline > datetime.now() else deadline + timedelta(days=1)


def _record_batch(
    order: work.Order, catalog: Catalog, tally: Tally, status: str, seconds: float
) -> None:
    row = {
        "catalog": str(catalog.path),
        "recipe": order.treatment.recipe_name,
        "treatment_id": order.treatment.treatment_id,
        "steps_json": json.dumps([asdict(step) for step in order.treatment.steps]),
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
