"""Services that go away in the midst of a night: Prefect, MLflow and the Dask scheduler."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.nights import (
    ROOT,
    Frames,
    Site,
    descendants,
    finish,
    kill,
    label,
    wait_until,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

NOBODY = "http://127.0.0.1:9"  # the port of the discard service: nothing listens there
LATE = label("A", 1)


def test_a_night_without_its_prefect_server_and_without_mlflow_ends_as_ever(
    site_alone: Site, undisturbed: Frames
) -> None:
    """Both are views. What they miss is in the ledger; MLflow is told by a later night."""
    site = site_alone
    go = site.deeds / "go"
    site.plan({LATE: [["wait", str(go)]]})
    site.environment = {"MLFLOW_TRACKING_URI": NOBODY, "PREFECT_CLIENT_MAX_RETRIES": "1"}
    running = site.start()
    site.process_at(LATE)
    (server,) = (number for number, line in descendants(running.pid) if "prefect_server" in line)
    kill(server)
    go.touch()
    ended = finish(running)
    assert (ended.status, ended.reels) == (0, (3, 0, 0))
    assert "Prefect" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert site.masters() == undisturbed
    (tracking,) = site.events("tracking").itertuples()
    assert (tracking.outcome, "127.0.0.1" in tracking.detail) == ("failure", True)
    assert list(site.table("batches")["status"]) == ["finished"]
    assert "3 of 3 reels restored, 0 held, 0 failed." in site.report()


@contextmanager
def scheduler(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A Dask scheduler with two workers, as an operator starts them."""
    address_file = folder / "scheduler.json"
    site = Site(folder, folder / "none")
    common = {"cwd": ROOT, "env": site.process_environment(), "text": True,
              "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # fmt: skip
    main = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
         "--port", "0", "--no-dashboard", "--scheduler-file", str(address_file)], **common,
    )  # fmt: skip
    workers = []
    try:
        wait_until(address_file.is_file)
        workers = [
            subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file",
                 str(address_file), "--nthreads", "1", "--no-dashboard", "--local-directory",
                 str(folder)], **common,
            )
            for _ in range(2)
        ]  # fmt: skip
        yield str(json.loads(address_file.read_text())["address"]), main
    finally:
        for process in (*workers, main):
            process.kill()
            process.wait()


def test_a_scheduler_that_is_killed_stops_the_night_and_blames_no_reel(
    site: Site, undisturbed: Frames
) -> None:
    """Shots that were finished stay; the rest is in work, and the same command goes on."""
    site.plan({LATE: [["wait", str(site.deeds / "never")]]})
    with scheduler(site.folder) as (address, main):
        site.options = ["--scheduler", address]
        running = site.start()
        site.process_at(LATE)
        wait_until(lambda: len(site.table("restorations")) > 0)
        kill(main.pid)
        begun = time.monotonic()
        ended = finish(running)
    assert time.monotonic() - begun < 300
    assert (ended.status, ended.summary["stopped"], ended.summary["failed"]) == (1, True, 0)
    assert {status for status, _ in site.reels().values()} <= {"ingested", "restored"}
    assert "the Dask scheduler went away and did not come back" in site.report(ended)
    finished = set(site.table("restorations")["key"])
    assert set(site.table("restorations")["status"]) == {"restored"}
    site.options = ["--workers", "2"]
    again = site.night()
    assert again.reels == (3, 0, 0)
    assert again.summary["shots_computed"] == 6 - len(finished)
    assert site.masters() == undisturbed
