"""The Dask cluster of a night: local worker processes, or a scheduler that runs already.

A worker is one process with one task at a time, so that a crash costs one shot. With
GPUs there is one worker each, and `CUDA_VISIBLE_DEVICES` is set in its nanny before torch
is imported; without, one worker a core.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
from distributed import Client, Nanny, Scheduler, SpecCluster

# Read when scheduler and workers start; each line answers a fault that was seen.
_CONFIG = {
    "distributed.scheduler.allowed-failures": 0,  # one dead worker is one failure, not three
    "distributed.scheduler.no-workers-timeout": "600s",  # instead of waiting for ever
    # A worker that is not back in 15 s is given up for good: on a busy machine, each in its turn.
    "distributed.deploy.lost-worker-timeout": "720h",
    "distributed.scheduler.work-stealing": False,
    "distributed.worker.daemon": False,
    "distributed.worker.preload": ["flows.detach"],
    "distributed.comm.timeouts.connect": "30s",
    "distributed.worker.profile.enabled": False,  # looks at every stack 100 times a second
    "distributed.admin.low-level-log-length": 50,  # 1,000 orders are kept for a log, else
    "distributed.nanny.pre-spawn-environ": {
        "OMP_NUM_THREADS": "1",  # one worker a core: more threads would only contend
        "MKL_NUM_THREADS": "1",
        "MALLOC_TRIM_THRESHOLD_": "65536",
        "DASK_LOGGING__DISTRIBUTED": "critical",
    },
}

LOOPBACK = "127.0.0.1"  # nobody outside this machine may hand work to a local worker


@contextmanager
def night_cluster(scheduler: str | None, workers: int | None) -> Iterator[Client]:
    """A client of the cluster.

    Args:
        scheduler: address of a running scheduler, for instance tcp://host:8786; it and its
            workers are left running.
        workers: local worker processes; None for one a GPU, else one a core.
    """
    # What goes wrong reaches the night as an exception and its log in plain language.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with dask.config.set(_CONFIG):
        if scheduler is not None:
            with Client(scheduler, timeout="30s", set_as_default=False) as client:
                yield client
            return
        with (
            SpecCluster(
                scheduler={
                    "cls": Scheduler,
                    "options": {
                        "host": LOOPBACK,
                        "port": 0,
                        "dashboard": False,
                        "dashboard_address": f"{LOOPBACK}:0",
                    },
                },
                workers=dict(enumerate(_worker_specs(workers))),
                silence_logs=50,
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            client.wait_for_workers(len(cluster.worker_spec), timeout=120)
            yield client


def slot_count(client: Client) -> int:
    """Tasks the cluster runs at once: the sum of its workers' threads."""
    threads: dict[str, int] = client.nthreads()
    return max(1, sum(threads.values()))


def gpu_count() -> int:
    """GPUs on this machine, asked of the driver without touching CUDA in this process."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([device for device in visible.split(",") if device.strip()])
    return len([path for path in Path("/dev").glob("nvidia*") if path.name[6:].isdigit()])


def _worker_specs(workers: int | None) -> list[dict[str, Any]]:
    gpus = gpu_count()
    number = workers or gpus or os.cpu_count() or 1
    specs = []
    for n in range(number):
        environment = {"CUDA_VISIBLE_DEVICES": str(n % gpus)} if gpus else {}
        specs.append({
            "cls": Nanny,
            "options": {
                "nthreads": 1,
                "host": LOOPBACK,
                "env": environment,
                "memory_limit": 0,  # frames are bounded by the steps; see docs/architecture.md
            },
        })  # fmt: skip
    return specs
