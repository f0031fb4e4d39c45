"""What scheduler and workers are set to; each line answers a fault that was seen."""

import json
from typing import Any

_KEPT = {
    "distributed.admin.low-level-log-length": 50,  # 1,000 orders are kept for a log, else
}
SCHEDULER: dict[str, Any] = {
    **_KEPT,
    "distributed.scheduler.allowed-failures": 0,  # one dead worker is one failure, not three
    "distributed.scheduler.no-workers-timeout": "600s",  # instead of waiting for ever
    "distributed.scheduler.work-stealing": False,
}
WORKER: dict[str, Any] = {
    **_KEPT,
    "distributed.worker.profile.enabled": False,  # looks at every stack 100 times a second
    "distributed.worker.daemon": False,
    "distributed.comm.timeouts.connect": "30s",
}
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",  # one worker a core: more threads would only contend
    "MKL_NUM_THREADS": "1",
    # What frames lay in is kept for the next ones. Dask's 64 KB gives it back to the
    # system, which zeroes every page anew: about as long as the steps (`benchmarks/allocator.py`).
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(64 << 20),
    "MALLOC_ARENA_MAX": "1",  # one heap for all threads of a shot, not one a thread
    "DASK_LOGGING__DISTRIBUTED": "critical",
}

# Read when scheduler and workers start on this machine.
LOCAL: dict[str, Any] = {
    **SCHEDULER,
    **WORKER,
    # A worker that is not back in 15 s is given up for good: on a busy machine, each in its turn.
    "distributed.deploy.lost-worker-timeout": "720h",
    "distributed.worker.preload": ["flows.cluster.detach"],
    "distributed.nanny.pre-spawn-environ": ENVIRONMENT,
}


def exported(*settings: dict[str, Any]) -> dict[str, str]:
    """Settings as Dask reads them from the environment of a process elsewhere.

    `flows.cluster.detach` is none of them: a job that left its group of processes could escape the
    end that SLURM makes of jobs.
    """
    names = {
        "DASK_" + name.upper().replace(".", "__").replace("-", "_"): value
        for part in settings
        for name, value in part.items()
    }
    return {n: v if isinstance(v, str) else json.dumps(v).title() for n, v in names.items()}
