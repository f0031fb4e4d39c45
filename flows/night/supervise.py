"""One piece of work: a Prefect task on a thread that watches one plain Dask future.

Prefect shows and retries, Dask carries out, the ledger records. Against a task of
prefect-dask this costs a small part of the CPU time (`benchmarks/orchestration.py`), ends
in true states when a worker dies, and never runs finished work again.
"""

import asyncio
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

from distributed import Client
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker, NoWorkerError
from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import FlowRunContext

from flows.cluster.places import Places
from flows.cluster.workers import Workers


class WorkLostError(Exception):
    """The scheduler forgot a piece of work, or went away with it."""


# Faults of machines, not of film: worth another try, and no verdict on the shot.
MACHINE_FAULTS = (KilledWorker, CommClosedError, NoWorkerError, WorkLostError)

RETRIES = 2
_LOOK_SECONDS = 5.0


def supervised(
    client: Client,
    work: Callable[..., Any],
    name: str,
    retries: int = RETRIES,
    places: Places | None = None,
    workers: Workers | None = None,
) -> Task[..., Any]:
    """A Prefect task that runs `work` on the cluster and waits for it.

    Args:
        client: of the cluster.
        work: a module-level function; runs on a worker.
        name: of the task, for people.
        retries: after a fault of a machine.
        places: shared by all tasks of one client; none but these are when left out.
        workers: who may be given it; every one of the client's when left out.

    Returns:
        A task to be submitted as `(label, *arguments of work)`.
    """
    team = workers or Workers(client)
    room = places or Places(team.count)

    def watch(label: str, *arguments: Any) -> Any:
        _forget_results()
        with room.one():
            key = f"{name}-{label}-{uuid.uuid4().hex}"
            chosen = team.chosen()
            if chosen == []:
                raise WorkLostError(f"{name} {label}: the worker that was free has left")
            future = client.submit(work, *arguments, key=key, pure=False, retries=0, workers=chosen)
            try:
                ended = threading.Event()
                future.add_done_callback(lambda _: ended.set())
                while not ended.wait(_LOOK_SECONDS):
                    if team.all_gone(chosen):
                        raise WorkLostError(f"{name} {label}: no worker that it is for is left")
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


def _forget_results() -> None:
    """Drop what Prefect keeps of every result of a flow, to tell what was made from what.

    No task here is given the result of another, and a night of many shots would fill the memory.
    """
    if (flow_run := FlowRunContext.get()) is not None:
        flow_run.run_results.clear()


def _machine_failed(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    return isinstance(state.data, MACHINE_FAULTS)
