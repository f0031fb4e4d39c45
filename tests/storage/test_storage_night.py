"""Nights over a bucket: the same frames as from a folder, nothing written there, nothing told."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.faults.nights import Frames, Site, finish, label, wait_until
from tests.storage.places import SECRET, Place

pytestmark = pytest.mark.timeout(1500)

Bucketed = tuple[Site, Place]


def told(folder: Path, word: str) -> list[Path]:
    """Files below a folder that hold a word."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if word.encode() in path.read_bytes()]


def test_a_night_from_a_bucket_is_a_night_from_a_folder(
    site: Bucketed, undisturbed: Frames
) -> None:
    """The same frames, published and read back; the sources' bucket is as it was; a second night
    copies and computes nothing. No secret is in the store, nor in what the night says."""
    night, place = site
    before = place.everything()
    shelf = Place(place.client, place.bucket, "restored")
    options = ("--scratch-gb", "0.1", "--publish", shelf.url)
    done = night.night(*options)
    assert done.reels == (3, 0, 0), done.stderr
    assert done.status == 0
    assert night.masters() == undisturbed
    staged = night.events("staging")
    assert sorted(staged["object"]) == ["A.r1", "B.r1", "C.r1"]
    assert not list(night.store.glob("scratch/*"))
    sources = [version for version in place.everything() if version[0].startswith("films/")]
    assert sources == before
    lying = {path.relative_to(night.store / "reels"): path.read_bytes()
             for path in night.store.glob("reels/*/*/*")}  # fmt: skip
    assert {str(path) for path in lying} == shelf.names()
    assert all(shelf.get(str(path)) == data for path, data in lying.items())
    assert f"published, 5 objects read back: {shelf.url}/A.r1/" in done_report(night)
    published = place.everything()
    again = night.night(*options)
    assert (again.reels, again.summary["shots_computed"]) == ((3, 0, 0), 0)
    assert len(night.events("staging")) == 3
    assert place.everything() == published
    assert told(night.folder, SECRET) == []
    assert SECRET not in done.stdout + done.stderr + again.stdout + again.stderr


def done_report(site: Site) -> str:
    return site.report()


@pytest.mark.slow
def test_a_night_that_is_killed_goes_on_from_what_it_had_copied(
    site: Bucketed, undisturbed: Frames
) -> None:
    """Killed between two shots of a reel; then the same command."""
    night, _ = site
    night.options += ["--workers", "1"]
    hold = night.deeds / "never"
    night.plan({label("A", 1): [["wait", str(hold)]]})
    running = night.start(start_new_session=True)
    night.process_at(label("A", 1))
    os.killpg(running.pid, signal.SIGKILL)
    finish(running)
    night.plan({})
    staged = len(night.events("staging"))
    done = night.night()
    assert done.reels == (3, 0, 0), done.stderr
    assert night.masters() == undisturbed
    assert not list(night.store.glob("scratch/*"))
    assert len(night.events("staging")) <= staged + 2  # A lay there whole


@pytest.mark.slow
def test_a_source_that_changes_in_the_bucket_holds_its_reel_and_no_other(
    site: Bucketed, undisturbed: Frames
) -> None:
    """Between ingest and its last shot another film is put under the same name."""
    night, place = site
    go_on = night.deeds / "go-on"
    night.options += ["--workers", "1"]
    night.plan({label("A", 0): [["wait", str(go_on)]]})
    running = night.start()
    wait_until(lambda: night.began(label("A", 0)))
    place.put("A.mkv", place.get("B.mkv"))
    go_on.touch()
    done = finish(running)
    assert done.reels == (2, 1, 0), done.stderr
    status, reason = night.reels()["A"]
    assert status == "held"
    assert f"{place.url}/A.mkv" in reason
    assert "has changed in the bucket" in reason
    assert {name: night.masters()[name] for name in "BC"} == {n: undisturbed[n] for n in "BC"}


@pytest.mark.slow
def test_what_a_storage_does_not_have_holds_its_reel_and_no_other(
    site: Bucketed, undisturbed: Frames
) -> None:
    night, place = site
    place.delete("B.mkv")
    done = night.night("--scratch-gb", "0.0000001")
    assert done.reels == (0, 3, 0)
    reasons = {name: reason for name, (_, reason) in night.reels().items()}
    assert "--scratch-gb" in reasons["A"]
    assert "no such file" in reasons["B"]
    done = night.night("--publish", "s3://of-nobody/restored")
    assert (done.reels, done.status) == ((2, 1, 0), 1)
    assert done.summary["unpublished"] == 2
    assert "no such bucket" in night.report(done)
