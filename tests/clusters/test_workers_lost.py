"""Who may work, while a connection is lost, workers leave, or one does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalogs.errors import ClusterError, StoreError
from catalogs.store import Store
from flows.cluster.crew import Crew, night_crew
from flows.cluster.places import Places
from flows.cluster.profile import ClusterProfile
from flows.cluster.worker_look import Need, Seen
from flows.cluster.workers import Workers
from flows.night.order import Order
from tests.faults.nights import wait_until
from tests.played import UNTOUCHED

NEED = Need((Path("/store/logs/x"), "x"), (), ())


class Cluster:
    """A client whose scheduler and workers are played; a fault that is set is raised."""

    status = "running"

    def __init__(self, **answers: Seen | Callable[[], Seen]) -> None:
        self.answers = answers
        self.lost: Exception | None = None  # of the connection
        self.left: Exception | None = None  # of a question that is answered worker by worker
        self.at_work: dict[str, int] = {}
        self.asked: list[str] = []

    def scheduler_info(self) -> dict[str, Any]:
        if self.lost:
            raise self.lost
        living = {name: {"nthreads": 1, "status": "running"} for name in self.answers}
        return {"address": "tcp://played", "workers": living}

    def run(self, _: object, workers: list[str], on_error: str) -> dict[str, tuple[bool, Seen]]:
        self.asked += workers
        said = {name: self.answers[name] for name in workers}
        seen = {n: answer if isinstance(answer, Seen) else answer() for n, answer in said.items()}
        return {name: (False, answer) for name, answer in seen.items()}

    def processing(self, workers: list[str]) -> dict[str, range]:
        if self.left:
            raise self.left
        return {name: range(self.at_work.get(name, 0)) for name in workers}


def team(cluster: Cluster, refused: Callable[[str], None] = lambda _: None) -> Workers:
    return Workers(cluster, NEED, refused)  # type: ignore[arg-type]


RESTS = Seen("host", (), -1.0)
WORKS = Seen("other", ())
BLIND = Seen("blind", ("it does not see the store",))


@pytest.mark.parametrize("fault", [KeyError("tcp://resting"), OSError("Timed out")])
def test_one_that_leaves_while_it_is_asked_for_ends_no_night(fault: Exception) -> None:
    """As at the end of every job of SLURM; the last count holds until somebody says more."""
    cluster = Cluster(resting=RESTS, working=WORKS)
    cluster.at_work["resting"] = 1
    workers = team(cluster)
    wait_until(lambda: workers.count() == 2, 10)
    cluster.left = fault
    assert Crew(workers, Places(workers.count)).slots() == 2
    cluster.left, cluster.at_work = None, {}
    assert workers.count() == 1


def test_while_the_scheduler_does_not_answer_nobody_is_lost_or_asked_again() -> None:
    cluster = Cluster(working=WORKS)
    workers = team(cluster)
    wait_until(lambda: workers.count() == 1, 10)
    cluster.lost = OSError("closed")
    assert workers.count() == 1
    cluster.lost = None
    assert workers.count() == 1
    assert not workers.lost
    assert cluster.asked == ["working"]


def test_one_that_does_not_answer_holds_nobody_up() -> None:
    go = threading.Event()

    def late() -> Seen:
        go.wait(60)
        return WORKS

    cluster = Cluster(hanging=late, working=WORKS)
    workers = team(cluster)
    counted = threading.Thread(target=workers.count, daemon=True)
    counted.start()
    counted.join(10)
    try:
        assert not counted.is_alive()
        wait_until(lambda: workers.count() == 1, 10)
        assert workers.silent == ["hanging"]
    finally:
        go.set()
    wait_until(lambda: workers.count() == 2, 10)
    assert sorted(cluster.asked) == ["hanging", "working"]


def test_one_whose_connection_failed_is_asked_again() -> None:
    faults: Iterator[Exception] = iter([OSError("closed")])

    def answer() -> Seen:
        for fault in faults:
            raise fault
        return WORKS

    workers = team(Cluster(working=answer))
    wait_until(lambda: workers.count() == 1, 10)


def test_the_first_that_is_refused_does_not_end_the_night_while_others_may_come() -> None:
    cluster = Cluster(blind=BLIND)
    told: list[str] = []

    def refused(why: str) -> None:
        told.append(why)
        cluster.answers["working"] = WORKS  # comes after it

    workers = team(cluster, refused)
    workers.first(lambda: False, 60, 2)
    assert workers.chosen() == ["working"]
    assert len(told) == 1


@pytest.mark.parametrize(("patience", "expected"), [(600.0, 1), (0.5, 2), (0.5, None)])
def test_when_all_are_refused_or_the_patience_is_over_it_ends(
    patience: float, expected: int | None
) -> None:
    with pytest.raises(ClusterError, match="no worker can be used: blind"):
        team(Cluster(blind=BLIND)).first(lambda: False, patience, expected)


def test_one_that_never_answers_is_named_when_the_patience_is_over() -> None:
    go = threading.Event()

    def never() -> Seen:
        go.wait(60)
        return WORKS

    try:
        with pytest.raises(ClusterError, match="hanging did not say"):
            team(Cluster(hanging=never)).first(lambda: False, 0.5)
    finally:
        go.set()


def test_a_refusal_that_cannot_be_recorded_is_said_and_ends_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Order, "record", full)
    profile = ClusterProfile.model_validate(
        {"kind": "scheduler", "scheduler": {"address": "tcp://played:1"}}
    )
    cluster = Cluster(blind=BLIND, working=WORKS)
    order = Order(store, Path(), UNTOUCHED, "night")
    with night_crew(order, cluster, profile, lambda: False) as found:  # type: ignore[arg-type]
        wait_until(lambda: "does not see the store" in capsys.readouterr().err, 10)
        assert found.slots() == 1
