"""Workers that die: killed from outside, by a shot that always kills them, or by one that hangs."""

from __future__ import annotations

from tests.faults.nights import Site, kill, label


def test_a_worker_that_is_killed_costs_nothing(
    site: Site, undisturbed: dict[str, tuple[str, ...]]
) -> None:
    shot = label("A", 1)
    site.plan({shot: [["wait", str(site.deeds / "never")]]})
    running = site.start()
    kill(site.process_at(shot))
    from tests.faults.nights import finish

    assert finish(running).reels == (3, 0, 0)
    assert site.masters() == undisturbed
