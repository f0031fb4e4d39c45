"""A worker that dies costs its own task, is told apart from an error, and ends truly."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client

from flows.cluster.profile import ClusterProfile
from flows.cluster.start import night_cluster
from flows.cluster.workers import Workers

pytestmark = [
    pytest.mark.filterwarnings("default"),  # libraries of others, not ours
    pytest.mark.usefixtures("prefect_server"),
]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with night_cluster(ClusterProfile(workers=2)) as running:
        yield running


def count_and(folder: Path, number: int, deed: str) -> int:
    """Work for the cluster: leave a mark per start, then do as told."""
    mark = folder / f"{number}.{len(list(folder.glob(f'{number}.*')))}"
    mark.touch()
    if deed == "die" or (deed == "die once" and mark.suffix == ".0"):
        os._exit(9)
    if deed == "raise":
        raise ValueError(f"number {number}")
    time.sleep(0.2)
    return number


def test_deaths_errors_and_successes_are_told_apart(client: Client, tmp_path: Path) -> None:
    from distributed.scheduler import KilledWorker
    from prefect import flow
    from prefect.task_runners import ThreadPoolTaskRunner

    from flows.night.supervise import RETRIES, supervised

    deeds = {0: "work", 1: "die", 2: "work", 3: "raise", 4: "die once", 5: "work"}

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))  # type: ignore[arg-type]
    def night() -> dict[int, object]:
        work = supervised(client, count_and, "work")
        futures = {n: work.submit(str(n), tmp_path, n, deed) for n, deed in deeds.items()}
        return {n: f.result(raise_on_failure=False) for n, f in futures.items()}

    outcome = night()
    starts = {n: len(list(tmp_path.glob(f"{n}.*"))) for n in deeds}
    assert {n: outcome[n] for n in (0, 2, 4, 5)} == {0: 0, 2: 2, 4: 4, 5: 5}
    assert isinstance(outcome[1], KilledWorker)
    assert isinstance(outcome[3], ValueError)
    assert starts == {0: 1, 1: 1 + RETRIES, 2: 1, 3: 1, 4: 2, 5: 1}


def test_prefect_keeps_no_result_of_shots_that_are_done(client: Client) -> None:
    from prefect import flow
    from prefect.context import FlowRunContext
    from prefect.task_runners import ThreadPoolTaskRunner

    from flows.night.supervise import supervised

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))  # type: ignore[arg-type]
    def night() -> int:
        work = supervised(client, str, "work")
        for n in range(1000, 1006):
            assert work.submit(str(n), n).result() == str(n)
        context = FlowRunContext.get()
        assert context is not None
        return len(context.run_results)

    assert night() == 1  # the last one's


def test_a_worker_is_one_task_wide_and_on_loopback(client: Client) -> None:
    client.wait_for_workers(2, timeout=120)  # after those that died
    assert Workers(client).count() == 2
    assert all(address.startswith("tcp://127.0.0.1:") for address in client.nthreads())


def test_prefect_and_its_server_import_together() -> None:
    """A newer FastAPI breaks this import although pip finds nothing wrong."""
    from prefect.server.api import server

    assert callable(server.create_app)
