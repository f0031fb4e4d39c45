"""Nights whose workers are elsewhere: jobs of SLURM, and a scheduler that has some already."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.clusters.processes import scheduler, worker
from tests.faults.nights import Frames, Site, finish, label, wait_until

pytestmark = pytest.mark.timeout(900)

SBATCH = """#!/bin/bash
# Plays SLURM: a job is a process group of its own, its number that of its leader.
cp "$1" "$SLURM_PLAYED/script.$$"
setsid bash "$SLURM_PLAYED/script.$$" >"$SLURM_PLAYED/job-$$.out" 2>&1 </dev/null &
echo "$!" >>"$SLURM_PLAYED/submitted"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/bash
echo "$1" >>"$SLURM_PLAYED/cancelled"
kill -TERM -- "-$1"
"""
PROFILE = """
kind = "slurm"
workers = 2
[worker]
memory = "2GB"
[slurm]
walltime = "02:00:00"
interface = "lo"
local_folder = "{folder}"
"""


@pytest.fixture
def slurm(site: Site) -> Path:
    """A SLURM that is played by two scripts: the folder where it keeps its jobs."""
    played = site.folder / "slurm"
    played.mkdir()
    for name, script in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        program = played / name
        program.write_text(script)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    profile = played / "profile.toml"
    profile.write_text(PROFILE.format(folder=played))
    site.environment = {
        "PATH": f"{played}{os.pathsep}{os.environ['PATH']}", "SLURM_PLAYED": str(played),
    }  # fmt: skip
    site.options = ["--cluster", str(profile)]
    return played


def numbers(file: Path) -> list[int]:
    """Jobs, as they were submitted or cancelled."""
    return [int(line) for line in file.read_text().split()]


def test_a_night_over_slurm_is_as_any_other_and_leaves_no_job(
    site: Site, slurm: Path, undisturbed: Frames
) -> None:
    ended = site.night()
    assert ended.reels == (3, 0, 0), ended.stderr
    assert site.masters() == undisturbed
    submitted = numbers(slurm / "submitted")
    assert len(submitted) == 2
    assert sorted(submitted) == sorted(numbers(slurm / "cancelled"))
    wait_until(lambda: not any(Path(f"/proc/{job}").exists() for job in submitted), 60)
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


def test_a_worker_that_does_not_see_the_archive_is_named_before_any_shot(
    site: Site, tmp_path: Path
) -> None:
    """It is the same store for it, and the archive is not mounted."""
    with scheduler(tmp_path) as (address, _):
        site.options = ["--scheduler", address]
        site.own_archive()
        blind = {"WETGATE_TEST_BLIND": str(site.archive)}
        with worker(address, tmp_path, **site.process_environment(), **blind):
            ended = site.night()
    assert ended.status == 1
    assert f"it does not see the archive {site.archive}" in ended.stderr
    assert not list(site.store.glob("shots/*/*"))
