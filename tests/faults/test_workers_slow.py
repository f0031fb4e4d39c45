"""Workers that are killed again and again, and shots that hang or always die."""

from __future__ import annotations

import pytest

from tests.faults.nights import Frames, Site, finish, kill, label, with_originals

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


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


def test_a_shot_that_hangs_is_ended_by_a_limit_that_follows_from_its_length(
    site: Site, undisturbed: Frames
) -> None:
    """It hangs in C and never lets go of the interpreter, so nothing in the process could ask."""
    hangs = label("A", 1)
    site.plan({hangs: ["hang"] * 9})
    site.environment = {"WETGATE_TEST_LIMITED": hangs, "WETGATE_TEST_LIMIT_SHARE": "0.02"}
    assert site.night().reels == (3, 0, 0)
    shot = site.shot(hangs)
    assert (shot.status, site.starts(hangs)) == ("original kept", 3)
    assert "it gave no sign of life for its time limit, 0:00:06" in shot.reason
    assert "time limit" in site.report()
    assert site.masters() == with_originals(undisturbed, site.archive, hangs)


def test_a_shot_whose_worker_is_always_killed_for_memory_keeps_its_original(
    site: Site, undisturbed: Frames
) -> None:
    """As the kernel does it: `kill -9` without a word."""
    greedy = label("B", 1)
    site.plan({greedy: ["die"] * 9})
    assert site.night().reels == (3, 0, 0)
    shot = site.shot(greedy)
    assert (shot.status, site.starts(greedy)) == ("original kept", 3)
    assert "killed from outside without a word" in shot.reason
    assert site.masters() == with_originals(undisturbed, site.archive, greedy)
