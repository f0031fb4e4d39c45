"""Workers that die: one killed from outside, one by a crash in C, one for want of memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.nights import Frames, Site, finish, kill, label, with_originals

pytestmark = pytest.mark.timeout(1000)

KILLED, CRASHES, HUNGRY = label("A", 0), label("A", 1), label("B", 0)


@pytest.fixture(scope="module")
def site(catalog: Path, prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A night in which a worker is killed once, and two shots always fail."""
    site = Site(tmp_path_factory.mktemp("workers"), catalog)
    site.plan({
        KILLED: [["wait", str(site.deeds / "never")]],
        CRASHES: ["segfault"] * 9,
        HUNGRY: ["exhaust_memory"] * 9,
    })  # fmt: skip
    running = site.start()
    kill(site.process_at(KILLED))
    assert finish(running).reels == (3, 0, 0)
    return site


def test_a_worker_that_is_killed_once_costs_nothing(site: Site) -> None:
    shot = site.shot(KILLED)
    assert (shot.status, site.starts(KILLED)) == ("restored", 2)


def test_a_shot_that_crashes_its_worker_keeps_its_original_after_three_tries(site: Site) -> None:
    shot = site.shot(CRASHES)
    assert (shot.status, site.starts(CRASHES)) == ("original kept", 3)
    assert "it crashed: Segmentation fault; see logs/worker-" in shot.reason
    stack = site.store / shot.reason.partition("see ")[2]
    assert "segfault" in stack.read_text()


def test_a_shot_that_exhausts_memory_keeps_its_original(site: Site) -> None:
    """The worker lives on: it is tried with others beside it, then alone."""
    shot = site.shot(HUNGRY)
    assert (shot.status, site.starts(HUNGRY)) == ("original kept", 2)
    assert "MemoryError" in shot.reason


def test_nobody_else_is_blamed_and_every_other_frame_is_as_ever(
    site: Site, undisturbed: Frames
) -> None:
    rows = site.table("restorations")
    kept = rows[rows["status"] == "original kept"]
    assert sorted(zip(kept["reel_id"], kept["start_frame"], strict=True)) == [
        ("A.r1", 12), ("B.r1", 0),
    ]  # fmt: skip
    expected = with_originals(undisturbed, site.archive, CRASHES, HUNGRY)
    assert site.masters() == expected
    assert expected != undisturbed


def test_the_report_names_both_shots_and_why(site: Site) -> None:
    report = site.report()
    assert "A.r1: 1 shot kept the original picture." in report
    assert "B.r1: 1 shot kept the original picture." in report
    assert "it crashed: Segmentation fault" in report
    assert "once more, alone" in site.log("A")
