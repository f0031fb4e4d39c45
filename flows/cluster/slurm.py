"""Workers as jobs of SLURM, by dask-jobqueue: one a job, one piece of work at a time.

Dask's own `--lifetime` does not wait for work that runs: it would cut shots. A job tells instead
until when it may begin something (`flows.cluster.worker_look.REST`), the night gives it nothing
after that (`flows.cluster.workers`), and it ends, idle, before SLURM ends it.
"""

import shlex
from shutil import which
from typing import Any

from distributed.core import Status
from distributed.security import Security
from tornado.ioloop import PeriodicCallback

from catalogs.errors import ClusterError
from flows.cluster.parts import SlurmPart
from flows.cluster.profile import ClusterProfile
from flows.cluster.settings import ENVIRONMENT, WORKER, exported
from flows.cluster.worker_look import REST

ASK_SECONDS = 30.0
MARGIN_SECONDS = 300  # from the end of a worker to that of its job
# A worker that crashed is there again by then, in the same job; else another job is asked for.
LOST: dict[str, Any] = {"distributed.deploy.lost-worker-timeout": "120s"}

EXTRA = "install it: pip install 'wetgate[slurm]' --constraint constraints.txt"


def slurm_cluster(profile: ClusterProfile, security: Security | None) -> Any:
    """A scheduler in this process, and jobs that are asked for anew when they end.

    Raises:
        ClusterError: dask-jobqueue is not installed, there is no `sbatch`, or the scheduler cannot
            be started as the profile has it.
    """
    if which("sbatch") is None:
        raise ClusterError("there is no sbatch here; run the night on a machine that submits jobs")
    library = _library()
    try:
        cluster = library.SLURMCluster(
            **job_options(profile),
            security=security,
            scheduler_options={"dashboard": False, "dashboard_address": ":0"},
        )
    except Exception as error:  # of Dask, whose faults have no base in common
        raise ClusterError(
            f"the scheduler of the SLURM jobs did not start ({error}); look at `interface` and "
            "the other lines of [slurm], at `wetgate cluster show`, and at docs/clusters.md"
        ) from error
    _keep(cluster, profile.workers or 1)
    return cluster


def _keep(cluster: Any, number: int) -> None:
    """Ask for the jobs, and again for those that ended: `adapt` does not, it counts them as there.

    Args:
        cluster: that asks.
        number: of jobs.
    """

    def ask() -> None:
        if cluster.status == Status.running:  # never while it is closed
            cluster.scale(number)

    async def begin() -> None:
        PeriodicCallback(ask, ASK_SECONDS * 1000).start()

    cluster.scale(number)
    cluster.loop.add_callback(begin)


def job_script(profile: ClusterProfile, security: Security | None) -> str:
    """The script of a job, where `SCHEDULER` and `NAME` stand for what is not known yet."""
    protocol = "tls://" if security else None
    job = _library().slurm.SLURMJob(
        scheduler="SCHEDULER", name="NAME", security=security, protocol=protocol,
        **job_options(profile),
    )  # fmt: skip
    return str(job.job_script())


def job_options(profile: ClusterProfile) -> dict[str, Any]:
    """A job's keywords for dask-jobqueue; what is left out, its `jobqueue.yaml` may say."""
    slurm = profile.slurm
    assert slurm is not None  # the kind's part
    gpu = profile.worker.gpus
    options = {
        "cores": profile.worker.cores,
        "processes": 1,
        "memory": profile.worker.memory,
        "walltime": slurm.walltime,
        "queue": slurm.queue,
        "account": slurm.account,
        "interface": slurm.interface,
        "job_name": "wetgate",
        "job_extra_directives": [*(["--gres=gpu:1"] if gpu else []), *slurm.directives],
        "job_script_prologue": _prologue(slurm),
        "worker_extra_args": _worker_options(slurm, gpu),
        "local_directory": slurm.local_folder,
        "log_directory": slurm.log_folder,
        "death_timeout": "600",
        "python": slurm.python,
    }
    return {name: value for name, value in options.items() if value is not None}


def _worker_options(slurm: SlurmPart, gpu: int) -> list[str]:
    """The last word on the worker's command line, where the library says otherwise."""
    life = max(slurm.walltime_seconds - MARGIN_SECONDS, slurm.walltime_seconds // 2)
    return [
        "--nthreads", "1",
        "--memory-limit", "0",  # SLURM's limit is the limit
        "--no-dashboard",
        "--lifetime", f"{life}s",
        *(["--resources", "GPU=1"] if gpu else []),
    ]  # fmt: skip


def _prologue(slurm: SlurmPart) -> list[str]:
    settings = {**exported(WORKER), **ENVIRONMENT}
    rest = slurm.walltime_seconds - slurm.rest_minutes * 60
    return [
        *(f"export {name}={shlex.quote(value)}" for name, value in settings.items()),
        f"export {REST}=$(( $(date +%s) + {rest} ))",
        *slurm.prologue,
    ]


def _library() -> Any:
    """dask-jobqueue.

    Raises:
        ClusterError: it is not installed.
    """
    try:
        import dask_jobqueue
        import dask_jobqueue.slurm
    except ImportError as error:
        raise ClusterError(f"SLURM needs dask-jobqueue; {EXTRA}") from error
    return dask_jobqueue
