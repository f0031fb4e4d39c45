"""How a job of a night is started: as a Prefect task that watches a Dask future."""

from collections.abc import Callable
from typing import Any

from prefect.futures import PrefectFuture

from flows.cluster.crew import Crew
from flows.night import work
from flows.night.jobs import Job, Kind
from flows.night.limits import limit_seconds
from flows.night.order import Order
from flows.night.supervise import supervised


def submitter(whole: Order, client: Any, crew: Crew) -> Callable[[Job], PrefectFuture[Any]]:
    """What starts a job on a cluster, with the order of its reel."""
    work_of: dict[Kind, tuple[Callable[..., Any], str]] = {
        "ingest": (work.ingest, "ingest-reel"),
        "restore": (work.restore, "restore-shot"),
        "keep": (work.keep, "keep-original"),
        "assemble": (work.assemble, "assemble-reel"),
    }
    tasks = {
        (kind, alone): supervised(client, do, name, retries, crew.places, crew.workers)
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
        limit = limit_seconds(job.reel, job.shot, order.treatment)
        if job.kind == "restore":
            return task.submit(job.label, order, job.reel, job.shot, limit)
        return task.submit(job.label, order, job.reel, job.shot, job.reason, limit)

    return submit
