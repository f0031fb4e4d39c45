"""What a night sweeps from its store before it begins, and what it leaves alone."""

import os
import time
from pathlib import Path

import pytest

from catalogs.store import Store
from catalogs.sweep import OLD

KEYS = ("0f" * 32, "a1" * 32, "b2" * 32)


def put(path: Path, age: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.fixture
def ingested(store: Store) -> Store:
    store.ledger().append("reels", "A.r1", [{"reel_id": "A.r1"}])
    return store


@pytest.mark.parametrize("place", ["tables/readings/A.r1/.x.parquet.1.partial",
                                   "strata/.disparity.md.1.partial"])  # fmt: skip
def test_of_folders_that_others_write_to_only_old_halves_go(place: str, ingested: Store) -> None:
    file = put(ingested.root / place, OLD - 60)
    ingested.sweep()
    assert file.exists(), "another command may be writing it"
    put(file, OLD + 60)
    ingested.sweep()
    assert not file.exists()


def test_of_reports_only_old_halves_go(ingested: Store) -> None:
    page = put(ingested.root / "reports/.night.1.partial/report.html")
    whole = put(ingested.root / "reports/night/report.html")
    ingested.sweep()
    assert page.exists(), "somebody may be writing it"
    for folder in (page.parent, whole.parent):
        os.utime(folder, (time.time() - OLD - 60,) * 2)
    ingested.sweep()
    assert (page.parent.exists(), whole.exists()) == (False, True)


def test_halves_of_a_killed_night_go_at_once(ingested: Store) -> None:
    halves = [
        put(ingested.root / place)
        for place in ("shots/A.r1/.x.mkv.1.partial", "features/A.r1/.x.parquet.1.partial",
                      "reels/A.r1/.x.partial/x.mkv", "logs/cluster-0f.seen")
    ]  # fmt: skip
    ingested.sweep()
    assert not any(file.exists() for file in halves)


def test_halves_that_are_finished_meanwhile_stop_no_night(
    ingested: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker of the killed night on another host may still be at them."""
    put(ingested.root / "shots/A.r1/.x.mkv.1.partial")
    put(ingested.root / "reels/A.r1/.x.partial/x.mkv")
    seen = Path.glob

    def gone_at_once(self: Path, pattern: str) -> list[Path]:
        found = list(seen(self, pattern))
        for path in found:
            if path.name.endswith(".partial"):
                path.rename(path.with_name("finished"))
        return found

    monkeypatch.setattr(Path, "glob", gone_at_once)
    ingested.sweep()
    assert (ingested.root / "shots/A.r1/finished").is_file()
    assert (ingested.root / "reels/A.r1/finished/x.mkv").is_file()


def test_of_the_faces_of_some_frames_the_newest_stay(ingested: Store) -> None:
    first, second, third = (ingested.features_file("A.r1", 0, 24, key) for key in KEYS)
    other = ingested.features_file("A.r1", 24, 48, KEYS[0])
    nameless = ingested.root / "features" / "A.r1" / f"{KEYS[0]}.parquet"
    for file, age in ((first, 300), (third, 200), (second, 100), (other, 400), (nameless, 0)):
        put(file, age)
    ingested.sweep()
    assert set((ingested.root / "features" / "A.r1").iterdir()) == {second, other}


def test_faces_of_a_reel_that_is_not_in_the_ledger_go_and_nothing_else(ingested: Store) -> None:
    gone = put(ingested.features_file("B.r1", 0, 24, KEYS[0]))
    kept = [
        put(ingested.root / place, 100 * OLD)
        for place in ("shots/B.r1/x.mkv", "reels/B.r1/plain/x.mkv", "tables/shots/B.r1/x.parquet",
                      "strata/disparity.md", "features/A.r1/0-9.ab.parquet", "tags.csv")
    ]  # fmt: skip
    ingested.sweep()
    assert not gone.parent.exists()
    assert all(file.exists() for file in kept)
