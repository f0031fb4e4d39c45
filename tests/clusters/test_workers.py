"""Workers of other hosts are given work once they see what the night needs, and not before."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import Client

from catalogs.errors import ClusterError
from catalogs.store import Store, open_store
from flows.cluster.start import chosen_profile, night_cluster
from flows.cluster.worker_look import REST, Folder, Need, look, needed
from flows.cluster.workers import Workers
from tests.clusters.processes import scheduler, worker
from tests.faults.nights import wait_until

pytestmark = pytest.mark.filterwarnings("default")  # libraries of others, not ours


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler without workers."""
    with scheduler(tmp_path_factory.mktemp("scheduler")) as (found, _):
        yield found


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with night_cluster(chosen_profile(address)) as running:
        wait_until(lambda: not running.nthreads(), 60)  # those of the test before
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


@pytest.fixture
def need(store: Store, tmp_path: Path) -> Iterator[Need]:
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "reel.mkv").touch()
    with needed(store, (Folder("the archive", archive, ("reel.mkv",)),)) as found:
        yield found


def test_a_worker_here_sees_what_we_see(need: Need) -> None:
    assert look(need).problems == ()


@pytest.mark.parametrize(
    ("elsewhere", "said"),
    [
        (lambda n, p: replace(n, token=(p / "no" / "logs" / "x", "x")), "does not see the store"),
        (lambda n, _: replace(n, token=(n.token[0], "other")), "is another store there"),
        (lambda n, p: replace(n, folders=(Folder("the archive", p / "no", ()),)),
         "does not see the archive"),
        (lambda n, p: replace(n, folders=(Folder("the archive", p / "archive", ("gone.mkv",)),)),
         "has no gone.mkv there"),
        (lambda n, _: replace(n, software=("wetgate 0.0.9", *n.software[1:])),
         "wetgate 0.1.0 there, wetgate 0.0.9 here"),
        (lambda n, _: replace(n, software=(*n.software[:-1], "text of wetgate 0")),
         "install the same wheel"),
    ],
    ids=["no store", "another store", "no archive", "another archive", "version", "text"],
)  # fmt: skip
def test_what_a_worker_does_not_see_is_said(
    need: Need, tmp_path: Path, elsewhere: Callable[[Need, Path], Need], said: str
) -> None:
    (problem,) = look(elsewhere(need, tmp_path)).problems
    assert said in problem
    assert "mount" in problem or "install" in problem


def test_a_scheduler_without_workers_says_so(client: Client, need: Need) -> None:
    with pytest.raises(ClusterError, match=r"no worker has come to tcp://127\.0"):
        Workers(client, need).first(lambda: False, 0.1)


def test_it_is_not_waited_for_once_the_night_is_to_stop(client: Client, need: Need) -> None:
    begun = time.monotonic()
    Workers(client, need).first(lambda: True, 600)
    assert time.monotonic() - begun < 60


def test_workers_come_late_and_leave(
    client: Client, address: str, need: Need, tmp_path: Path
) -> None:
    workers = Workers(client, need)
    assert workers.count() == 0
    with ExitStack() as living:
        living.enter_context(worker(address, tmp_path))
        wait_until(lambda: workers.count() == 1, 120)
        chosen = workers.chosen()
        assert chosen == list(client.nthreads())
        assert not workers.all_gone(chosen)
    wait_until(lambda: workers.count() == 0, 120)
    assert workers.all_gone(chosen)
    assert sum(workers.lost.values()) == 1


def test_one_that_sees_another_store_is_given_nothing(
    client: Client, address: str, need: Need, tmp_path: Path
) -> None:
    """The others work; where there is none, the night does not begin."""
    told: list[str] = []
    blind = replace(need, token=(tmp_path / "other" / "logs" / "x", "x"))
    with worker(address, tmp_path):
        workers = Workers(client, blind, told.append)
        wait_until(lambda: bool(client.nthreads()), 120)
        with pytest.raises(ClusterError, match=r"no worker can be used: .*does not see the store"):
            workers.first(lambda: False, 600, 1)
        assert (workers.count(), workers.chosen()) == (0, [])
    (once,) = told
    assert os.uname().nodename in once


def test_one_without_wetgate_is_given_nothing(
    client: Client, address: str, need: Need, tmp_path: Path
) -> None:
    (tmp_path / "none" / "flows").mkdir(parents=True)
    (tmp_path / "none" / "flows" / "__init__.py").touch()
    with worker(address, tmp_path, PYTHONPATH=str(tmp_path / "none")):
        wait_until(lambda: bool(client.nthreads()), 120)
        with pytest.raises(ClusterError, match="has no Wetgate, or another one"):
            Workers(client, need).first(lambda: False, 600, 1)


def test_one_that_is_at_work_of_a_killed_night_is_started_anew(
    client: Client, address: str, need: Need, tmp_path: Path
) -> None:
    """What waited behind it would wait for as long as a shot takes, and be blamed for its crash."""
    told: list[str] = []
    with worker(address, tmp_path):
        with Client(address) as killed:
            given_up = killed.submit(_wait_for, tmp_path / "never", pure=False)
            wait_until(lambda: bool(given_up.key in _executing(client)), 120)
        (old,) = client.nthreads()
        workers = Workers(client, need, told.append)
        wait_until(lambda: workers.count() == 1, 120)
        assert workers.chosen() not in ([], [old])
        assert client.submit(sum, [1, 2], pure=False, workers=workers.chosen()).result(60) == 3
        wait_until(lambda: bool(told), 20)
    assert old in told[0]
    assert len(told) == 1


def test_one_without_a_nanny_is_used_although_it_is_at_work_of_a_killed_night(
    client: Client, address: str, need: Need, tmp_path: Path
) -> None:
    """Nobody could start it anew: what it is given waits behind that."""
    go = tmp_path / "go"
    with worker(address, tmp_path, nanny=False):
        with Client(address) as killed:
            given_up = killed.submit(_wait_for, go, pure=False)
            wait_until(lambda: bool(given_up.key in _executing(client)), 120)
        workers = Workers(client, need)
        wait_until(lambda: workers.count() == 1, 120)
        assert workers.chosen() == list(client.nthreads())
        go.touch()


def test_one_that_is_at_work_that_is_waited_for_is_left_alone(
    client: Client, address: str, need: Need, tmp_path: Path
) -> None:
    """As of another store's night on the same cluster."""
    go = tmp_path / "go"
    with worker(address, tmp_path), Client(address) as other:
        wanted = other.submit(_wait_for, go, pure=False)
        wait_until(lambda: bool(wanted.key in _executing(client)), 120)
        workers = Workers(client, need)
        wait_until(lambda: workers.count() == 1, 120)
        assert workers.chosen() == list(client.nthreads())
        go.touch()
        wanted.result(60)


def _executing(client: Client) -> list[str]:
    """Keys of what workers are at, as they say themselves."""
    found = client.run(lambda dask_worker: [task.key for task in dask_worker.state.executing])
    return [key for keys in found.values() for key in keys]


@pytest.mark.slow
def test_one_whose_time_is_nearly_up_begins_nothing_and_is_not_missed(
    client: Client, address: str, need: Need, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it is at still counts, so that the others are not held up by it."""
    go = tmp_path / "go"
    with worker(address, tmp_path, **{REST: str(time.time() + 3600)}):
        workers = Workers(client, need)
        wait_until(lambda: workers.count() == 1, 60)
        at_work = client.submit(_wait_for, go, pure=False)
        wait_until(lambda: any(client.processing().values()), 20)
        assert len(workers.chosen() or ()) == 1
        monkeypatch.setattr("flows.cluster.workers.monotonic", lambda: time.monotonic() + 3600)
        assert workers.chosen() == []
        assert workers.count() == 1
        go.touch()
        assert at_work.result(timeout=60) == "done"
        at_work.release()  # a worker that holds the only copy of something leaves late
        wait_until(lambda: workers.count() == 0, 60)
    wait_until(lambda: not client.nthreads(), 60)
    workers.count()
    assert not workers.lost


def _wait_for(file: Path) -> str:
    while not file.exists():
        time.sleep(0.01)
    return "done"
