"""Nights that are asked to stop, and go on by the same command; one of them with a clock behind."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.faults.nights import (
    Ended,
    Frames,
    Site,
    descendants,
    finish,
    label,
    wait_until,
)

pytestmark = pytest.mark.timeout(1500)

IN_FLIGHT = label("A", 0)
BEHIND = 7200


@pytest.fixture(scope="module")
def site(catalog: Path, prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("stopping"), catalog)


def _said_until(running: subprocess.Popen[str], words: str) -> str:
    """What a night says until it says these words; libraries say lines of their own."""
    assert running.stderr is not None
    said = ""
    while words not in said:
        line = running.stderr.readline()
        assert line, said
        said += line
    return said


@pytest.fixture(scope="module")
def stopped(site: Site) -> Ended:
    """A night that is sent SIGTERM while a shot is at work."""
    go = site.deeds / "go"
    site.plan({IN_FLIGHT: [["wait", str(go)]]})
    running = site.start()
    site.process_at(IN_FLIGHT)
    running.send_signal(signal.SIGTERM)
    said = _said_until(running, "Stopping")
    go.touch()
    ended = finish(running)
    return Ended(ended.status, ended.stdout, said + ended.stderr)


@pytest.fixture(scope="module")
def resumed(site: Site, stopped: Ended) -> Ended:
    """The same command, after the clock was set back by two hours."""
    (site.deeds / "clock").write_text(f"-{BEHIND}")
    return site.night()


def test_sigterm_finishes_what_is_in_flight_and_begins_nothing(site: Site, stopped: Ended) -> None:
    assert "what runs is finished first" in stopped.stderr
    assert (stopped.status, stopped.summary["stopped"]) == (1, True)
    assert site.starts(IN_FLIGHT) == 1
    assert site.shot(IN_FLIGHT).status == "restored"
    assert site.starts("assemble A.r1") == 0


def test_the_same_command_goes_on_and_repeats_nothing(
    site: Site, resumed: Ended, undisturbed: Frames
) -> None:
    assert (resumed.status, resumed.reels) == (0, (3, 0, 0))
    assert site.starts(IN_FLIGHT) == 1
    assert site.masters() == undisturbed


def test_a_clock_that_was_set_back_breaks_no_status_and_no_duration(
    site: Site, resumed: Ended
) -> None:
    """Rows are in the order in which they were written, which `recorded_at` must follow."""
    assert {status for status, _ in site.reels().values()} == {"restored"}
    batches = site.table("batches").sort_values("recorded_at")
    assert list(batches["status"]) == ["stopped", "finished"]
    assert all(0 < seconds < 1000 for seconds in batches["seconds"])
    assert all(0 < seconds < 1000 for seconds in site.table("restorations")["seconds"])
    first, second = batches["batch_id"]
    events = site.table("events")
    last = events[events["batch_id"] == first]["recorded_at"].max()
    assert (events[events["batch_id"] == second]["recorded_at"] > last).all()


def test_a_clock_that_was_set_back_is_named(site: Site, resumed: Ended) -> None:
    (detail,) = site.events("clock")["detail"]
    assert "clock is 2:0" in detail or "clock is 1:5" in detail
    assert detail in site.report(resumed)


@pytest.mark.slow
def test_ctrl_c_twice_stops_at_once_and_loses_only_what_was_in_flight(
    catalog: Path, prefect_server: str, tmp_path: Path, undisturbed: Frames
) -> None:
    """A terminal sends it to the whole group of processes."""
    site = Site(tmp_path, catalog)
    late = label("A", 1)
    site.plan({late: [["wait", str(site.deeds / "never")]]})
    running = site.start(start_new_session=True)
    site.process_at(late)
    workers = list(descendants(running.pid))
    os.killpg(running.pid, signal.SIGINT)
    _said_until(running, "Once more ends it at once")
    os.killpg(running.pid, signal.SIGINT)
    ended = finish(running, 60)
    assert ended.status != 0
    assert "Traceback" not in ended.stderr
    wait_until(lambda: not any(Path(f"/proc/{number}").exists() for number, _ in workers), 30)
    again = site.night()
    assert again.reels == (3, 0, 0)
    assert (site.starts(label("A", 0)), site.starts(late)) == (1, 2)
    assert site.masters() == undisturbed
