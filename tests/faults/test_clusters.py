"""Nights whose workers are elsewhere: jobs of SLURM, and a scheduler that has some already."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clusters.processes import scheduler, worker
from tests.clusters.slurm import PlayedSlurm
from tests.faults.nights import Frames, Site, finish, kill, label, wait_until

pytestmark = pytest.mark.timeout(900)


def test_a_night_over_slurm_is_as_any_other_and_leaves_no_job(
    site: Site, undisturbed: Frames
) -> None:
    slurm = PlayedSlurm(site.folder / "slurm", 2)
    site.environment = slurm.environment
    site.options = ["--cluster", str(slurm.profile)]
    ended = site.night()
    assert ended.reels == (3, 0, 0), ended.stderr
    assert site.masters() == undisturbed
    assert len(slurm.jobs()) == 2
    assert sorted(slurm.jobs()) == sorted(slurm.jobs("cancelled"))
    wait_until(lambda: not slurm.run(), 60)
    assert "went away" not in site.report()


@pytest.mark.slow
def test_workers_that_come_late_are_used(site: Site, undisturbed: Frames, tmp_path: Path) -> None:
    """A scheduler without workers is said to be one, and the night begins when they come."""
    with scheduler(tmp_path) as (address, _):
        site.options = ["--scheduler", address]
        site.plan({label("A", 0): [["wait", str(site.deeds / "go")]]})
        own = site.process_environment()
        running = site.start()
        assert running.stderr is not None
        said = next(line for line in running.stderr if "no worker yet" in line)
        assert address in said
        with worker(address, tmp_path, **own):
            held_up = site.process_at(label("A", 0))
            with worker(address, tmp_path, **own):
                site.process_at("assemble B.r1")  # only another worker can be at it
                (site.deeds / "go").touch()
                ended = finish(running)
    assert ended.reels == (3, 0, 0), ended.stderr
    assert held_up
    assert site.masters() == undisturbed


@pytest.mark.slow
def test_what_outlives_its_night_on_another_host_spoils_nothing(
    site: Site, undisturbed: Frames, tmp_path: Path
) -> None:
    """A worker is about to join a reel when its night is killed, and does beside the next night."""
    go, verified = site.deeds / "go", site.deeds / "verified"
    first, joining = "assemble A.r1", "verify A.r1"
    site.plan({first: [["wait", str(go)]], joining: [["wait", str(verified)]]})
    with scheduler(tmp_path) as (address, _):
        site.options = ["--scheduler", address]
        with worker(address, tmp_path, **site.process_environment()):
            running = site.start()
            site.process_at(first)
            kill(running.pid)
            finish(running)
            site.options = ["--workers", "1"]  # of its own: it shall not free the other one
            again = site.start()
            site.process_at(joining)
            go.touch()
            wait_until(lambda: bool(list(site.store.glob("reels/A.r1/*/manifest.json"))), 60)
            verified.touch()
            ended = finish(again)
            assert ended.reels == (3, 0, 0), ended.stderr
            wait_until(lambda: not list(site.store.glob("reels/*/.*")), 60)
    assert site.masters() == undisturbed
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_a_worker_still_at_work_of_a_killed_night_is_free_for_the_next(
    site: Site, undisturbed: Frames, tmp_path: Path
) -> None:
    """Its only worker hangs in the first shot when the night is killed."""
    held = label("A", 0)
    site.plan({held: [["wait", str(site.deeds / "never")]]})
    with scheduler(tmp_path) as (address, _):
        site.options = ["--scheduler", address]
        with worker(address, tmp_path, **site.process_environment()):
            running = site.start()
            site.process_at(held)
            kill(running.pid)
            finish(running)
            ended = site.night()
    assert ended.reels == (3, 0, 0), ended.stderr
    assert site.masters() == undisturbed
    assert "was at work of a killed night" in site.report(ended)


def test_a_worker_that_does_not_see_the_archive_is_named_before_any_shot(
    site: Site, tmp_path: Path
) -> None:
    """It is the same store for it, and the archive is not mounted; others are waited for."""
    with scheduler(tmp_path) as (address, _):
        site.options = ["--scheduler", address]
        site.own_archive()
        blind = {"WETGATE_TEST_BLIND": str(site.archive)}
        with worker(address, tmp_path, **site.process_environment(), **blind):
            running = site.start()
            assert running.stderr is not None
            said = next(line for line in running.stderr if "does not see the archive" in line)
            running.terminate()
            ended = finish(running)
    assert ended.status == 1
    assert str(site.archive) in said
    assert not list(site.store.glob("shots/*/*"))
    assert "a worker is not used" in site.report()
    assert "it does not see the archive" in site.report()
