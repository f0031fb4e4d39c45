"""One piece of work: a Prefect task on a thread that watches one plain Dask future.

Prefect shows and retries, Dask carries out, the ledger records. Against a task of
prefect-dask this costs a small part of the CPU time (`benchmarks/orchestration.py`), ends
in true states when a worker dies, and never runs finished work again.
"""

import asyncio
import time
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

from distributed import Client
from distributed.client import ClosedClientError
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker, NoValidWorkerError
from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun


class WorkLostError(Exception):
    """The scheduler forgot a piece of work, or went away with it."""


class SchedulerLostError(Exception):
    """The scheduler went away for good: no work can be done any more."""


# Faults of machines, not of film: worth another try, and no verdict on the shot.
MACHINE_FAULTS = (KilledWorker, CommClosedError, NoValidWorkerError, WorkLostError)

RETRIES = 2
_LOOK_SECONDS = 0.5


def supervised(
    client: Client, work: Callable[..., Any], name: str, retries: int = RETRIES
) -> Task[..., Any]:
    """A Prefect task that runs `work` on the cluster and waits for it.

    Args:
        client: of the cluster.
        work: a module-level function; runs on a worker.
        name: of the task, for people.
        retries: after a fault of a machine.

    Returns:
        A task to be submitted as `(label, *arguments of work)`.
    """

    def watch(label: str, *arguments: Any) -> Any:
        while client.status == "connecting":  # it tries for as long as its time limit says
            time.sleep(_LOOK_SECONDS)
        try:
            future = client.submit(
                work, *arguments, key=f"{name}-{label}-{uuid.uuid4().hex}", pure=False, retries=0
            )
        except ClosedClientError as error:
            raise SchedulerLostError(
                "the Dask scheduler went away and did not come back; start it and its workers"
            ) from error
        try:
            return future.result()
        except (CancelledError, asyncio.CancelledError) as error:
            raise WorkLostError(f"{name} {label} was lost by the scheduler") from error
        finally:
            future.release()

    make: Callable[[Any], Task[..., Any]] = task(
        name=name,
        task_run_name=name + " {label}",
        retries=retries,
        retry_delay_seconds=1,
        retry_condition_fn=_machine_failed,
        cache_policy=NO_CACHE,
        persist_result=False,
        log_prints=False,
    )
    return make(watch)


def _machine_failed(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    return isinstance(state.data, MACHINE_FAULTS)
