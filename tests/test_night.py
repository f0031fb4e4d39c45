"""Whole nights by the command line: restored, repeated, killed and begun again."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from catalogs.ledger import Ledger
from catalogs.store import existing_store

MakeReel = Callable[..., tuple[Path, list[bytes]]]
NIGHT_SECONDS = 600  # on a machine at its limit

pytestmark = [pytest.mark.timeout(1500), pytest.mark.usefixtures("prefect_server")]


@pytest.fixture
def archive(make_reel: MakeReel, tmp_path: Path) -> Path:
    """A catalog of two sound reels, one truncated, and one row that is no row."""
    make_reel("a.mkv", "gray", 20, (96, 64), seed=1)
    make_reel("b.mkv", "yuv422p10le", 16, (96, 64), rate=Fraction(24000, 1001), seed=2)
    path, _ = make_reel("c.mkv", "yuv420p", 16, (96, 64), seed=3)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    catalog = tmp_path / "catalog.csv"
    catalog.write_text(
        "identifier,title,reel,path,frame_rate\n"
        "A,Market,1 of 1,a.mkv,18\n"
        "B,Ten bit,1 of 1,b.mkv,\n"
        "C,Cut off,1 of 1,c.mkv,18\n"
        "D,No such reel,2 of 1,d.mkv,18\n"
    )
    return catalog


def command(catalog: Path, store: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "flows.cli", "run", str(catalog), "--store", str(store), *more]


def night(catalog: Path, store: Path, *more: str) -> dict[str, Any]:
    """Run a night to its end; its summary."""
    done = subprocess.run(
        command(catalog, store, "--json", *more),
        capture_output=True, text=True, check=False, timeout=NIGHT_SECONDS,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return summary


def outputs(store: Path) -> dict[str, str]:
    """SHA-256 of every file of every restored reel, as its manifest has it."""
    manifests = sorted(store.glob("reels/*/*/manifest.json"))
    files = [json.loads(path.read_text())["files"] for path in manifests]
    return {name: facts["sha256"] for reel in files for name, facts in reel.items()}


@pytest.mark.usefixtures("own_server")
def test_a_night_restores_holds_and_repeats_nothing(archive: Path, tmp_path: Path) -> None:
    """Two reels restored, two held with reasons; a second night computes nothing."""
    store = tmp_path / "store"
    first = night(archive, store)
    assert (first["restored"], first["held"], first["failed"]) == (2, 2, 0)
    reels = Ledger(store / "tables").newest("reels").set_index("identifier")
    assert "c.mkv" in reels.loc["C", "reason"]
    assert "line 5" in reels.loc["D", "reason"]
    assert Path(first["report"]).is_file()
    assert (store / "mlflow.db").is_file()
    second = night(archive, store)
    assert (second["restored"], second["shots_computed"]) == (2, 0)


KILL_AT = ("shots/*/.*.partial", "reels/*/.*")


def kill_when(pattern: str, running: "subprocess.Popen[bytes]", store: Path, pause: float) -> bool:
    """Send `kill -9` shortly after a file appears; False when the night ended before."""
    seen = len(list(store.glob(pattern)))
    while running.poll() is None:
        if len(list(store.glob(pattern))) > seen:
            time.sleep(pause)
            running.send_signal(signal.SIGKILL)
            running.wait()
            return True
        time.sleep(0.005)
    return False


def test_killed_nights_end_like_an_undisturbed_one(archive: Path, tmp_path: Path) -> None:
    """`kill -9` while a shot and while a reel is written, then the same command: identical files.

    The undisturbed night runs on one worker, the killed ones on two.
    """
    night(archive, tmp_path / "undisturbed", "--workers", "1")
    store = tmp_path / "killed"
    generator = random.Random(os.environ.get("WETGATE_TEST_SEED", "1"))
    killed = []
    for pattern in KILL_AT:
        with subprocess.Popen(
            command(archive, store), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as running:
            killed.append(kill_when(pattern, running, store, generator.uniform(0, 0.05)))
    assert any(killed), "none of the kills hit a running night"
    last = night(archive, store, "--workers", "2")
    assert (last["restored"], last["held"], last["failed"]) == (2, 2, 0)
    assert outputs(tmp_path / "undisturbed") == outputs(store)
    assert not list(store.glob("reels/*/.*.partial"))


def kill_after(seconds: float, running: "subprocess.Popen[bytes]") -> bool:
    """Send `kill -9` after a while; False when the night ended before."""
    try:
        running.wait(seconds)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
        return True
    return False


@pytest.mark.slow
@pytest.mark.usefixtures("own_server")
def test_nights_killed_at_twenty_random_instants_end_like_an_undisturbed_one(
    archive: Path, tmp_path: Path
) -> None:
    """Stores in turn, so that kills hit nights of every progress; a night that ends begets one."""
    begun = time.monotonic()
    night(archive, tmp_path / "undisturbed")
    seconds = time.monotonic() - begun
    generator = random.Random(os.environ.get("WETGATE_TEST_SEED", "2"))
    stores = [tmp_path / f"killed-{number}" for number in range(5)]
    in_turn, kills = deque(stores), 0
    while kills < 20:
        store = in_turn.popleft()
        with subprocess.Popen(
            command(archive, store), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as running:
            was_killed = kill_after(generator.uniform(0, seconds), running)
        if was_killed:
            kills += 1
        else:
            store = tmp_path / f"killed-{len(stores)}"
            stores.append(store)
        in_turn.append(store)
    for store in stores:
        last = night(archive, store)
        assert (last["restored"], last["held"], last["failed"]) == (2, 2, 0)
        assert outputs(tmp_path / "undisturbed") == outputs(store)
        assert not list(store.glob("reels/*/.*.partial"))


def test_ctrl_c_lets_what_runs_finish(archive: Path, tmp_path: Path) -> None:
    """A terminal sends Ctrl-C to the workers too; they must not hear it."""
    store = tmp_path / "store"
    running = subprocess.Popen(
        command(archive, store, "--workers", "1"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while running.poll() is None and not list(store.glob("shots/*/.*.partial")):
        time.sleep(0.005)
    os.killpg(running.pid, signal.SIGINT)
    stdout, stderr = running.communicate(timeout=NIGHT_SECONDS)
    assert running.returncode == 1, stderr
    assert "stopped before it was done" in stdout
    assert "Traceback" not in stderr
    assert len(existing_store(store).ledger().newest("restorations")) == 1


def test_two_nights_do_not_share_a_store(archive: Path, tmp_path: Path) -> None:
    from catalogs.store import open_store
    from catalogs.store_lock import hold_store

    with hold_store(open_store(tmp_path / "store")):
        done = subprocess.run(
            command(archive, tmp_path / "store"), capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert "another night or check is running" in done.stderr
    assert existing_store(tmp_path / "store").ledger().read("batches").empty
