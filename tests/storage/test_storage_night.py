"""Nights over a bucket: the same frames as from a folder, nothing written there, nothing told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import ffmpeg
import pytest

from tasks.media.program import file_url, run
from tests.faults.nights import ROOT, Frames, Site, finish, label, wait_until
from tests.faults.sources import FRAMES, make_source
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
    assert f"published, 5 objects read back: {shelf.url}/A.r1/" in night.report()
    published = place.everything()
    again = night.night(*options)
    assert (again.reels, again.summary["shots_computed"]) == ((3, 0, 0), 0)
    assert len(night.events("staging")) == 3
    assert place.everything() == published
    assert told(night.folder, SECRET) == []
    assert SECRET not in done.stdout + done.stderr + again.stdout + again.stderr


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


@pytest.mark.slow
@pytest.mark.shared_data
def test_real_film_and_a_scan_with_sound_are_the_same_from_a_bucket(
    place: Place, prefect_server: str, s3_environment: dict[str, str], tmp_path: Path,
    shared_data: Path, film: Callable[..., Path],
) -> None:  # fmt: skip
    """A film of 1906 with damage, and a DPX sequence whose sound lies apart."""
    folder = tmp_path / "archive"
    scan = make_source("DPX", folder / "scan")
    film("archive/scan.wav", frames=FRAMES, rate="18", sounds=1, vn=None, acodec="pcm_s24le")
    whole = shared_data / "oldfilm" / "oldfilm_sf_earthquake_1906.mkv"
    clip = ffmpeg.input(file_url(whole), t=2)["v:0"].filter("scale", 320, -2)
    run(clip.output(file_url(folder / "1906.mkv"), vcodec="ffv1", pix_fmt="yuv420p"))
    catalog = folder / "catalog.csv"
    catalog.write_text(
        "identifier,title,reel,path,frame_rate,sound_path\n"
        "FILM,San Francisco,1 of 1,1906.mkv,,\n"
        f"SCAN,Scan,1 of 1,{scan.name}/scan_%04d.dpx,18,scan.wav\n"
    )
    place.put_folder(folder)
    local = Site(tmp_path / "local", catalog)
    remote = Site(tmp_path / "remote", catalog, environment=s3_environment)
    before = place.everything()
    for site, options in ((local, ()), (remote, ("--archive", place.url))):
        done = site.night(*options)
        assert done.reels == (2, 0, 0), (done.stderr, site.reels())
    assert remote.masters() == local.masters()
    assert place.everything() == before
    assert sound_of(remote) == sound_of(local)
    checked = subprocess.run(
        [sys.executable, "-m", "flows.cli", "verify", "--store", str(remote.store)],
        cwd=ROOT, env=remote.process_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
    assert "not shown" not in remote.report()
    place.put("scan.wav", b"another sound")
    held = remote.night("--archive", place.url)
    assert held.reels == (1, 1, 0)


def sound_of(site: Site) -> dict[str, str]:
    """Hash of the sound of each restored reel."""
    manifests = [json.loads(p.read_text()) for p in site.store.glob("reels/*/*/manifest.json")]
    return {m["identifier"]: m["sound_sha256"] for m in manifests}
