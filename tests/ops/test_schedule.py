"""`prefect.yaml` on a Prefect server, and a night that begins because its time has come."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from catalogs.store import existing_store
from flows.services.services import prefect_api

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
POOL = "night"
WAIT_SECONDS = 1200
OVER = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
DIRECTORY = "prefect.deployments.steps.set_working_directory"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    with prefect_api(tmp_path / "prefect") as address:
        yield address


def prefect(*words: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *words], cwd=folder, capture_output=True, text=True,
        check=False, timeout=600, env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment() -> dict[str, str]:
    """What a worker's service is given, and nothing of what a night gives itself."""
    ours = ("PREFECT_API_URL", "PREFECT_HOME", "DO_NOT_TRACK")
    other = {name: os.environ[name] for name in os.environ if not name.startswith("PREFECT_")}
    return other | {name: os.environ[name] for name in ours} | {"PYTHONPATH": str(ROOT)}


def runs(server: str) -> list[dict[str, Any]]:
    asked = {"sort": "EXPECTED_START_TIME_ASC", "limit": 10}
    found = httpx.post(f"{server}/flow_runs/filter", json=asked, timeout=60)
    rows: list[dict[str, Any]] = found.raise_for_status().json()
    return rows


@contextmanager
def started_worker(folder: Path) -> Iterator[Path]:
    """A worker that has nothing of the deployments' folder; its log."""
    log = folder / "worker.log"
    with log.open("w") as stream:
        worker = subprocess.Popen(
            [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--limit", "1"],
            cwd=folder, env=environment(), stdout=stream, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield log
        finally:
            worker.terminate()
            try:
                worker.wait(60)
            except subprocess.TimeoutExpired:  # Prefect's worker does not always heed it
                worker.kill()
                worker.wait()


def site(folder: Path, due: datetime) -> None:
    """The repository's deployments, with this folder as theirs and this time for the night."""
    told = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    told["pull"][0][DIRECTORY]["directory"] = str(folder)
    night = next(one for one in told["deployments"] if one["name"] == "nightly")
    night["schedules"] = [{"cron": f"{due.minute} {due.hour} * * *", "timezone": "UTC"}]
    del night["parameters"]["until"]
    night["parameters"]["workers"] = 1
    (folder / "prefect.yaml").write_text(yaml.safe_dump(told))


def test_a_night_begins_by_its_schedule_and_says_what_needs_attention(
    server: str, tmp_path: Path, make_reel: Any
) -> None:
    path, _ = make_reel("a.mkv", "gray", 12, (96, 64))
    folder = tmp_path / "srv"
    (folder / "archive").mkdir(parents=True)
    shutil.move(path, folder / "archive" / "a.mkv")
    (folder / "archive" / "catalog.csv").write_text(
        "identifier,title,reel,path,frame_rate\nA,Market,1 of 1,a.mkv,18\nB,Lost,1 of 1,b.mkv,18\n"
    )
    prefect("work-pool", "create", POOL, "--type", "process", folder=folder)
    due = datetime.now(UTC) + timedelta(minutes=3)
    site(folder, due)
    said = prefect("--no-prompt", "deploy", "--all", folder=folder)
    assert "does not exist" not in said
    with started_worker(tmp_path) as log:
        ended = time.monotonic() + WAIT_SECONDS
        while not (found := [run for run in runs(server) if run["state_type"] in OVER]):
            assert time.monotonic() < ended, log.read_text()
            time.sleep(1)
    (run,) = found
    assert run["auto_scheduled"]
    assert (run["state_type"], run["state_name"]) == ("COMPLETED", "NeedsAttention")
    assert run["state"]["message"] == "reels: 1 restored, 1 held, 0 failed"
    assert datetime.fromisoformat(run["expected_start_time"]).minute == due.minute
    reels = existing_store(folder / "store").ledger().newest("reels").set_index("identifier")
    assert reels["status"].to_dict() == {"A": "restored", "B": "held"}
