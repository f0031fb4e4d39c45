"""A clock that jumps: rows are in the order in which they were written, whatever it says."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalogs import instant
from catalogs.instant import clock_behind
from catalogs.ledger import Ledger
from tests.faults.nights import ROOT, SEAM

REEL = "A.r1"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "tables", "night")


def say(ledger: Ledger, status: str) -> None:
    ledger.append("reels", REEL, [{"reel_id": REEL, "status": status}])


def status(ledger: Ledger) -> str:
    (row,) = ledger.newest("reels", REEL).itertuples()
    return str(row.status)


def set_clock(monkeypatch: pytest.MonkeyPatch, offset: timedelta) -> None:
    class Moved(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + offset

    monkeypatch.setattr(instant, "datetime", Moved)


@pytest.mark.parametrize("hours", [-3, 3])
def test_the_last_word_holds_after_a_jump(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    for n, offset in enumerate((0, hours, 0, hours)):
        set_clock(monkeypatch, timedelta(hours=offset))
        say(ledger, f"{n}")
        assert status(ledger) == f"{n}"
    rows = ledger.read("reels", REEL)
    assert list(rows["status"]) == ["0", "1", "2", "3"]
    assert rows["recorded_at"].is_monotonic_increasing


@pytest.mark.parametrize("said", [None, b"", b"\0" * 32, b"2026-13-45T99", b"\xff" * 32])
def test_a_clock_file_that_is_lost_or_torn_is_made_anew_from_the_rows(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, said: bytes | None
) -> None:
    """As a power cut leaves it, and as stores of before had none."""
    set_clock(monkeypatch, timedelta(days=400))
    say(ledger, "held")
    clock = ledger.folder.with_name("clock")
    clock.unlink()
    if said is not None:
        clock.write_bytes(said)
    set_clock(monkeypatch, timedelta())
    say(ledger, "restored")
    assert status(ledger) == "restored"


def test_how_far_the_clock_is_behind_is_known(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clock_behind(ledger.folder) < timedelta()
    say(ledger, "held")
    assert clock_behind(ledger.folder) < timedelta()
    set_clock(monkeypatch, -timedelta(hours=2))
    assert clock_behind(ledger.folder) > timedelta(hours=1, minutes=59)


WRITER = """
import sys
from pathlib import Path
from catalogs.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]), "night")
for n in range(50):
    ledger.append("events", "night", [{"event": "tested", "object": sys.argv[2], "detail": str(n)}])
"""


def test_processes_whose_clocks_differ_have_one_order(ledger: Ledger, tmp_path: Path) -> None:
    """Two machines at one store: the rows of each are in its own order, no two of one time."""
    writers = []
    for name, offset in (("early", "-3600"), ("late", "3600")):
        deeds = tmp_path / name
        deeds.mkdir()
        (deeds / "clock").write_text(offset)
        environment = {"PYTHONPATH": f"{SEAM}:{ROOT}", "WETGATE_TEST_DEEDS": str(deeds)}
        line = [sys.executable, "-c", WRITER, str(ledger.folder), name]
        writers.append(subprocess.Popen(line, env=environment))
    assert [writer.wait(120) for writer in writers] == [0, 0]
    rows = ledger.read("events")
    assert (len(rows), rows["recorded_at"].is_unique) == (100, True)
    for _, own in rows.groupby("object"):
        assert list(own["detail"]) == [str(n) for n in range(50)]
    say(ledger, "restored")
    assert status(ledger) == "restored"
