"""What supervision costs a shot: CPU of client and workers, three ways in one run.

    python benchmarks/orchestration.py [--shots 200]

Beside: plain Dask futures (no record of retries, nothing to look at), ours (a Prefect task
on a thread that watches a plain Dask future), and prefect-dask (a Prefect task sent to
Dask). The work itself is trivial, so that all that is counted is overhead. The Prefect
server's own CPU is not counted.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from distributed import Client

from flows.cluster.profile import ClusterProfile
from flows.cluster.start import night_cluster
from flows.services.services import prefect_api


def trivial(number: int) -> int:
    return number


def cpu_seconds(client: Client) -> float:
    workers = sum(client.run(time.process_time).values())
    return time.process_time() + float(workers)


def plain(client: Client, shots: int) -> None:
    window = 2
    for first in range(0, shots, window):
        futures = [
            client.submit(trivial, n, pure=False) for n in range(first, min(first + window, shots))
        ]
        client.gather(futures)


def ours(client: Client, shots: int) -> None:
    from prefect import flow
    from prefect.task_runners import ThreadPoolTaskRunner

    from flows.night.supervise import supervised

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def night() -> None:
        work = supervised(client, trivial, "restore-shot")
        futures = [work.submit(str(n), n) for n in range(shots)]
        for future in futures:
            future.result()

    night()


def prefect_dask(client: Client, shots: int) -> None:
    from prefect import flow, task
    from prefect_dask.task_runners import DaskTaskRunner

    @flow(task_runner=DaskTaskRunner(address=client.scheduler.address))
    def night() -> None:
        work = task(trivial)
        futures = [work.submit(n) for n in range(shots)]
        for future in futures:
            future.result()

    night()


WAYS: dict[str, Callable[[Client, int], None]] = {
    "plain Dask": plain,
    "ours": ours,
    "prefect-dask": prefect_dask,
}


def measure(client: Client, way: Callable[[Client, int], None], shots: int) -> tuple[float, float]:
    """CPU and wall milliseconds a shot, after a warm-up of the same kind."""
    way(client, 4)
    cpu, wall = cpu_seconds(client), time.perf_counter()
    way(client, shots)
    return (
        1000 * (cpu_seconds(client) - cpu) / shots,
        1000 * (time.perf_counter() - wall) / shots,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=int, default=200)
    shots = parser.parse_args().shots
    with (
        tempfile.TemporaryDirectory() as home,
        prefect_api(Path(home)),
        night_cluster(ClusterProfile(workers=2)) as client,
    ):
        found = {name: measure(client, way, shots) for name, way in WAYS.items()}
    print(f"{shots} shots, 2 workers, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'':14}{'CPU ms/shot':>12}{'wall ms/shot':>14}{'CPU / ours':>12}")
    for name, (cpu, wall) in found.items():
        print(f"{name:14}{cpu:12.1f}{wall:14.1f}{cpu / found['ours'][0]:12.2f}")


if __name__ == "__main__":
    main()
