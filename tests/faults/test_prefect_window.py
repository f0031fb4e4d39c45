"""Nights that are paused, suspended and cancelled in Prefect, as its pages do it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from prefect import get_client
from prefect.client.schemas.objects import FlowRun, State, StateDetails, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelling, Paused

from tests.faults.nights import Ended, Frames, Site, finish, label, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

FIRST, NEXT = label("A", 0), label("A", 1)


def suspended() -> State[Any]:
    """What the button "Pause" of Prefect's pages sets."""
    details = StateDetails(pause_reschedule=True)
    return State(type=StateType.PAUSED, name="Suspended", state_details=details)


def newest_run() -> FlowRun:
    with get_client(sync_client=True) as client:
        (found,) = client.read_flow_runs(sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=1)
        return found


def heeded(site: Site, word: str) -> bool:
    events = site.events("control")
    return any(events[events["agent"] == "Prefect"]["detail"].str.contains(word))


@contextmanager
def night_in_state(site: Site, state: State[Any], word: str) -> Iterator[subprocess.Popen[str]]:
    """A night whose flow run is given a state while its first shot is at work."""
    site.options = ["--workers", "1"]
    go = site.deeds / "go"
    site.plan({FIRST: [["wait", str(go)]]})
    running = site.start()
    site.process_at(FIRST)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(newest_run().id, state, force=True)
    wait_until(lambda: heeded(site, word))
    go.touch()
    yield running


def ended_early(site: Site, ended: Ended) -> None:
    assert (ended.status, ended.summary["stopped"]) == (1, True), ended.stderr
    assert "Traceback" not in ended.stderr
    assert (len(site.table("restorations")), site.began(NEXT)) == (1, False)
    assert "The night was stopped" in site.report(ended)


def test_a_run_that_is_paused_in_place_waits_until_it_is_resumed(
    site: Site, undisturbed: Frames
) -> None:
    with night_in_state(site, Paused(timeout_seconds=3600), "paused") as running:
        wait_until(lambda: len(site.table("restorations")) == 1)
        assert (running.poll(), site.began(NEXT)) == (None, False)
        with get_client(sync_client=True) as client:
            client.resume_flow_run(newest_run().id)
        ended = finish(running)
    assert (ended.status, ended.reels) == (0, (3, 0, 0))
    assert newest_run().state_type == StateType.COMPLETED
    assert site.masters() == undisturbed


def test_a_run_that_is_suspended_ends_as_if_drained_and_stays_suspended(
    site: Site, undisturbed: Frames
) -> None:
    """As Prefect means it: the process goes, and resuming the run begins another."""
    with night_in_state(site, suspended(), "suspended") as running:
        ended = finish(running)
    ended_early(site, ended)
    assert newest_run().state_name == "Suspended"
    assert site.night().reels == (3, 0, 0)
    assert site.masters() == undisturbed


def test_a_run_that_is_cancelled_ends_as_if_drained(site: Site) -> None:
    with night_in_state(site, Cancelling(), "cancelled") as running:
        ended = finish(running)
    ended_early(site, ended)
    assert newest_run().state_name == "Cancelled"
