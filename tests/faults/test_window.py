"""The window of real nights: their hour, people who pause them, priorities."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from catalogs.store import open_store
from tests.faults.nights import (
    REELS,
    ROOT,
    SHOT_FRAMES,
    SIZE,
    Frames,
    Site,
    finish,
    kill,
    label,
    wait_until,
)

pytestmark = pytest.mark.timeout(1500)


def expect(site: Site, kind: str, hours: float) -> None:
    """Let an earlier night have taken so long to do work of a kind, of the size of a shot."""
    from catalogs.recipe import read_recipe
    from tasks.treat import resolve_recipe

    treatment = resolve_recipe(read_recipe("conservative"))
    size = SHOT_FRAMES * SIZE[0] * SIZE[1] / 1e6
    row: dict[str, Any] = {
        "kind": kind, "treatment_id": treatment.treatment_id, "reel_id": "x", "object": "x",
        "size": size, "seconds": hours * 3600,
    }  # fmt: skip
    open_store(site.store).ledger("before").append("durations", "before", [row])


@pytest.mark.slow
def test_a_night_begins_no_joining_that_would_outlast_its_hour(
    site: Site, undisturbed: Frames
) -> None:
    """Joining took 5 h for the picture of one shot; it is to be over in 6 h: only C can be."""
    expect(site, "assemble", 5)
    until = (datetime.now() + timedelta(hours=6)).strftime("%H:%M")
    ended = site.night("--until", until)
    assert (ended.status, ended.summary["stopped"]) == (1, True)
    assert ended.summary["shots_computed"] == sum(shots for _, shots in REELS.values())
    assert site.reels()["C"][0] == "restored"
    assert (site.starts("assemble A.r1"), site.starts("assemble B.r1")) == (0, 0)
    said = f"no time was left before {until} for 2 reels to join, about"
    assert said in site.report(ended)
    again = site.night()
    assert (again.reels, again.summary["shots_computed"]) == ((3, 0, 0), 0)
    assert site.starts(label("A", 0)) == 1
    assert site.masters() == undisturbed


def wetgate(site: Site, *words: str) -> str:
    """What a command says of the store from another terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", *words, "--store", str(site.store)],
        cwd=ROOT, env=site.process_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return done.stdout + done.stderr


def recorded(site: Site) -> int:
    """How many shots are restored."""
    return len(site.table("restorations"))


def controls(site: Site) -> list[tuple[str, str]]:
    """Who did what to the night."""
    events = site.events("control")
    return list(zip(events["agent"], events["detail"], strict=True))


@pytest.mark.slow
def test_a_paused_night_begins_nothing_stays_paused_when_it_is_killed_and_goes_on(
    site: Site, undisturbed: Frames
) -> None:
    site.options = ["--workers", "1"]
    go, first = site.deeds / "go", label("A", 0)
    site.plan({first: [["wait", str(go)]]})
    running = site.start()
    site.process_at(first)
    said = wetgate(site, "pause", "--by", "A. Operator", "--why", "the tape robot needs the disk")
    assert "is paused: what is at work is finished" in said
    wait_until(lambda: any("takes heed: paused" in detail for _, detail in controls(site)))
    go.touch()
    wait_until(lambda: recorded(site) == 1)
    found = json.loads(wetgate(site, "status", "--json"))
    assert found["night"]["running"]
    assert "by A. Operator: the tape robot needs the disk" in found["night"]["asked"]
    assert (running.poll(), site.began(label("A", 1))) == (None, False)
    kill(running.pid)
    finish(running)
    again = site.start()
    wait_until(lambda: sum("takes heed: paused" in detail for _, detail in controls(site)) == 2)
    time.sleep(2)  # in which it would begin, if it did
    assert (again.poll(), site.began(label("A", 1))) == (None, False)
    wetgate(site, "resume", "--by", "B. Operator")
    ended = finish(again)
    assert (ended.status, ended.reels) == (0, (3, 0, 0))
    assert ("A. Operator", "pause: the tape robot needs the disk") in controls(site)
    assert ("B. Operator", "resume") in controls(site)
    assert site.starts(first) == 1
    assert site.masters() == undisturbed


@pytest.mark.slow
def test_a_drained_night_finishes_what_is_at_work_and_the_next_one_goes_on(
    site: Site, undisturbed: Frames
) -> None:
    site.options = ["--workers", "1"]
    go, first = site.deeds / "go", label("A", 0)
    site.plan({first: [["wait", str(go)]]})
    running = site.start()
    site.process_at(first)
    wetgate(site, "drain", "--by", "A. Operator", "--why", "power is cut at four")
    wait_until(lambda: any("takes heed: draining" in detail for _, detail in controls(site)))
    go.touch()
    ended = finish(running)
    assert (ended.status, ended.summary["stopped"], recorded(site)) == (1, True, 1)
    assert "power is cut at four" in site.report(ended)
    assert "there is nothing to drain" in wetgate(site, "drain", "--by", "A. Operator")
    again = site.night()
    assert again.reels == (3, 0, 0)
    assert site.masters() == undisturbed


@pytest.mark.slow
def test_a_gpu_that_went_away_stops_the_night_and_no_shot_keeps_its_original(
    site: Site, undisturbed: Frames
) -> None:
    shots = [label(name, n) for name, (_, many) in REELS.items() for n in range(many)]
    site.plan({shot: ["lose_gpu"] * 9 for shot in shots})
    site.environment = {"WETGATE_NOTIFY": "json://127.0.0.1:9/token"}
    ended = site.night()
    assert (ended.status, ended.summary["stopped"], ended.summary["failed"]) == (1, True, 0)
    assert ended.summary["shots_original_kept"] == recorded(site) == 0
    said = "failed of one fault: RuntimeError: CUDA error: device lost"
    assert said in site.report(ended)
    assert said in wetgate(site, "status")
    assert {status for status, _ in site.reels().values()} == {"ingested"}
    assert set(site.events("notification")["outcome"]) == {"failure"}
    site.plan({})
    assert site.night().reels == (3, 0, 0)
    assert site.masters() == undisturbed


@pytest.mark.slow
def test_a_reel_waits_for_its_storage_while_the_others_go_on_in_the_order_asked_for(
    site: Site, undisturbed: Frames
) -> None:
    """The storage is away altogether; when it is back, the next night takes the reel up."""
    site.own_archive()
    open_store(site.store)
    disk = site.archive / "A.mkv"
    wetgate(site, "maintenance", "begin", str(disk), "--by", "B. Storage", "--why", "new disks")
    wetgate(site, "first", "C", "--by", "A. Operator")
    away = disk.rename(site.folder / "away.mkv")
    site.options = ["--workers", "1"]
    ended = site.night()
    assert (ended.status, ended.reels) == (1, (2, 0, 0))
    assert (ended.summary["waiting"], ended.summary["stopped"]) == (1, False)
    said = "A.r1 waits: storage"
    assert said in site.report(ended)
    assert f"storage {disk} is under maintenance since" in wetgate(site, "status")
    joined = [line for line in ended.stdout.splitlines() if "restored and verified" in line]
    assert [line[:4] for line in joined] == ["C.r1", "B.r1"]
    away.rename(disk)
    wetgate(site, "maintenance", "end", str(disk), "--by", "B. Storage")
    assert site.night().reels == (3, 0, 0)
    assert site.masters() == undisturbed
