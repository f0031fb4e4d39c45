"""Workers that are killed again and again, and shots that hang or always die."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.nights import Frames, Site, finish, kill, label, with_originals

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

HANGS, GREEDY = label("A", 1), label("B", 1)


def test_workers_that_are_killed_again_and_again_cost_nothing(
    site: Site, undisturbed: Frames
) -> None:
    """Every shot of a reel loses its worker, one of them twice; an ingest and a join as well."""
    never = ["wait", str(site.deeds / "never")]
    deaths = {
        "ingest C.r1": 1, label("A", 0): 1, label("A", 1): 2, label("A", 2): 1,
        label("B", 1): 1, "assemble B.r1": 2,
    }  # fmt: skip
    site.plan({work: [never] * times for work, times in deaths.items()})
    running = site.start()
    waiting = [(work, number) for work, times in deaths.items() for number in range(times)]
    while waiting and running.poll() is None:
        for work, number in waiting:
            if site.began(work, number):
                kill(site.process_at(work, number))
                waiting.remove((work, number))
                break
    assert finish(running).reels == (3, 0, 0)
    assert not waiting
    assert site.masters() == undisturbed
    rows = site.table("restorations")
    assert set(rows["status"]) == {"restored"}


def test_ingesting_and_joining_that_hang_are_ended_and_begun_again(
    site: Site, undisturbed: Frames
) -> None:
    """Each hangs once; its time limit is a share of what it is."""
    hanging = ("ingest C.r1", "assemble B.r1")
    site.plan({work: ["hang"] for work in hanging})
    site.environment = {
        "WETGATE_TEST_LIMITED": ",".join(hanging), "WETGATE_TEST_LIMIT_SHARE": "0.05",
    }  # fmt: skip
    assert site.night().reels == (3, 0, 0)
    assert [site.starts(work) for work in hanging] == [2, 2]
    assert site.masters() == undisturbed


@pytest.fixture(scope="module")
def endless(catalog: Path, prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A night in which one shot hangs and another is killed, every time.

    The one hangs in C and never lets go of the interpreter, so nothing in the process could be
    asked; its time limit is a share of what it is. The other ends as by the kernel, which is short
    of memory and says nothing.
    """
    site = Site(tmp_path_factory.mktemp("endless"), catalog)
    site.plan({HANGS: ["hang"] * 9, GREEDY: ["die"] * 9})
    site.environment = {"WETGATE_TEST_LIMITED": HANGS, "WETGATE_TEST_LIMIT_SHARE": "0.02"}
    assert site.night().reels == (3, 0, 0)
    return site


def test_a_shot_that_hangs_is_ended_by_its_time_limit_and_keeps_its_original(endless: Site) -> None:
    shot = endless.shot(HANGS)
    assert (shot.status, endless.starts(HANGS)) == ("original kept", 3)
    assert "it gave no sign of life for its time limit, 0:00:06" in shot.reason
    assert "time limit" in endless.report()


def test_a_shot_that_is_always_killed_for_memory_keeps_its_original(endless: Site) -> None:
    shot = endless.shot(GREEDY)
    assert (shot.status, endless.starts(GREEDY)) == ("original kept", 3)
    assert "killed from outside without a word" in shot.reason
    assert "without a word" in endless.report()


def test_nobody_beside_them_is_blamed(endless: Site, undisturbed: Frames) -> None:
    rows = endless.table("restorations")
    assert sorted(rows["status"]) == ["original kept"] * 2 + ["restored"] * 4
    assert endless.masters() == with_originals(undisturbed, endless.archive, HANGS, GREEDY)
