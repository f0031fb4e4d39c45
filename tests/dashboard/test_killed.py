"""`kill -9` of the dashboard loses no decision that it answered for."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import httpx
import pytest

from catalogs.decisions.log import DecisionLog
from catalogs.store import Store
from tests.dashboard.conftest import FRAMES, Browser, key_of

ROOT = Path(__file__).parent.parent.parent
DECISIONS = 200
KILLS = 4
REVIEWERS = 2


def opened(store: Store) -> tuple[subprocess.Popen[str], str]:
    """The dashboard as a process of its own, and its address."""
    running = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "review", "--store", str(store.root),
         "--port", "0", "--as", "N. Reviewer"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert running.stdout is not None
    return running, running.stdout.readline().partition(": ")[2].split()[0]


@pytest.mark.slow
def test_kill_9_in_the_midst_of_200_decisions_loses_none(filled: Store) -> None:
    generator = random.Random(os.environ.get("WETGATE_TEST_SEED", "1"))
    answered: list[int] = []
    for round_ in count():
        if len(answered) >= DECISIONS and round_ >= KILLS:
            break
        assert round_ < 10 * KILLS, "too few decisions were taken"
        running, address = opened(filled)
        end = len(answered) + DECISIONS // KILLS + generator.randrange(10)
        try:
            with ThreadPoolExecutor(REVIEWERS) as reviewers:
                for number in range(REVIEWERS):
                    reviewers.submit(_review, address, number, answered, end, running)
        finally:
            running.kill()
            running.communicate()
    kept = {one.sequence for one in DecisionLog(filled.root / "decisions").read()}
    assert len(answered) >= DECISIONS
    assert set(answered) - kept == set()
    assert len(set(answered)) == len(answered)
    assert len(kept) - len(answered) <= KILLS * 10 * REVIEWERS


def _review(
    address: str, number: int, answered: list[int], end: int, running: subprocess.Popen[str]
) -> None:
    """Decide again and again of one shot; whoever reaches the end kills the dashboard."""
    shot = f"/reels/R0.r1/shots/{number * FRAMES}"
    said = {"verb": "accept", "output_sha256": key_of(0, number)[::-1]}
    with Browser(base_url=address, timeout=30) as browser:
        try:
            said["csrf"] = browser.proof(shot)
            while True:
                headers = {"origin": address.rstrip("/")}
                answer = browser.post(f"{shot}/decide", data=said, headers=headers)
                answered.append(int(answer.headers["location"].partition("done=")[2]))
                if len(answered) >= end:
                    running.kill()
        except httpx.TransportError:
            return
