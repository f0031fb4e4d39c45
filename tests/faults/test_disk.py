"""Disks that are full or may not be written."""

from __future__ import annotations

import ctypes
import json
import resource
import shutil
import stat
import subprocess
from collections.abc import Callable

import pytest

from catalogs.store import open_store
from tests.faults.nights import (
    Ended,
    Frames,
    Site,
    finish,
    kill,
    label,
    write_catalog,
    write_reel,
)

pytestmark = pytest.mark.timeout(1500)

BIG, LIMIT = (640, 480), 1_500_000  # bytes: the big reel's shot is larger, all else is smaller
CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24


def limited(size: int) -> Callable[[], None]:
    """No file may become larger: what a full disk is to whoever writes, and needs no root."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def as_others() -> None:
    """Root may write what is read-only; from here on it may not. Others never may."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


def test_a_disk_that_is_full_before_the_night_is_named_and_no_night_begins(site: Site) -> None:
    ended = site.night(preexec_fn=limited(0))
    assert ended.status == 1
    assert f"{site.store} cannot be a store: File too large" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_shot_that_finds_the_disk_full_fails_its_reel_and_is_done_later(
    site: Site, undisturbed: Frames
) -> None:
    """The reel fails, not the shot: its original would find no room either."""
    site.own_archive()
    write_reel(site.archive / "D.mkv", "gray16le", 1, 9, BIG)
    site.catalog = write_catalog(site.archive, {name: f"{name}.mkv" for name in "DC"})
    ended = site.night(preexec_fn=limited(LIMIT))
    assert (ended.status, ended.reels) == (1, (1, 0, 1))
    status, reason = site.reels()["D"]
    assert (status, "File size limit exceeded" in reason) == ("failed", True)
    assert site.reels()["C"][0] == "restored"
    assert site.masters() == {"C": undisturbed["C"]}
    assert not list(site.store.glob("shots/*/.*.partial"))
    assert "File size limit exceeded" in site.report()


def test_a_log_that_cannot_be_written_costs_the_night_nothing_else(
    site: Site, undisturbed: Frames
) -> None:
    log = open_store(site.store).log_file("A.r1")
    log.mkdir(parents=True)
    ended = site.night()
    assert (ended.status, ended.reels) == (0, (3, 0, 0))
    assert site.masters() == undisturbed
    (said,) = site.events("log")["detail"]
    assert f"{log} cannot be written: Is a directory" in said
    assert said in ended.stdout
    assert said in site.report().replace("\\", "")


def test_a_night_that_nobody_hears_ends_as_ever(site: Site, undisturbed: Frames) -> None:
    """What it would say goes to a disk that is full."""
    deaf = ["bash", "-c", 'exec "$@" > /dev/full 2> /dev/full', "night"]
    assert site.night(prefix=deaf).status == 0
    assert site.masters() == undisturbed


def test_what_cannot_be_read_costs_its_shot_or_its_reel(site: Site, undisturbed: Frames) -> None:
    """A sector of a restored shot goes bad, and a file of another reel's records."""
    joining = "assemble A.r1"
    site.plan({joining: [["wait", str(site.deeds / "never")]]})
    running = site.start()
    site.process_at(joining)
    kill(running.pid)
    finish(running)
    shot = site.store / site.shot(label("A", 0)).picture_file
    shot.unlink()
    shot.symlink_to("/proc/self/mem")  # whose first byte nobody can read
    damaged = site.store / "tables" / "restorations" / "B.r1" / "x.parquet"
    damaged.parent.mkdir(parents=True, exist_ok=True)
    damaged.write_bytes(b"damaged")
    site.plan({})
    ended = site.night()
    assert ended.reels == (2, 0, 1), ended.stderr
    assert str(damaged) in site.report(ended).replace("\\", "")
    assert [site.starts(label("A", n)) for n in range(3)] == [2, 1, 1]
    damaged.unlink()
    assert site.night().reels == (3, 0, 0)
    assert site.masters() == undisturbed


def test_a_store_that_may_not_be_written_is_named_and_left_as_it_is(site: Site) -> None:
    open_store(site.store)
    site.store.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        ended = site.night(preexec_fn=as_others)
    finally:
        site.store.chmod(stat.S_IRWXU)
    assert ended.status == 1
    assert str(site.store) in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [path.name for path in site.store.iterdir()] == ["wetgate-store"]


def _may_mount() -> bool:
    program = shutil.which("unshare")
    if program is None:
        return False
    line = [program, "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(line, capture_output=True, check=False).returncode == 0


SCRIPT = """
mount -t tmpfs -o size={small} tmpfs "$1" || exit 90
shift
"$@"; echo $? > "$STATUS"
cp -r "$STORE" "$STORE.after-first"
rm -f "$STORE/filler"
mount -o remount,size=200m "$STORE"
"$@"; code=$?
cp -r "$STORE" "$STORE.kept"
exit $code
"""


def twice_on_a_small_disk(site: Site, small: str) -> tuple[str, Ended]:
    """A night on a disk that is too small, and one more when there is room.

    Returns:
        What the first one ended with, and both of them.
    """
    site.store.mkdir()
    status = site.folder / "status"
    site.environment = {"STATUS": str(status), "STORE": str(site.store)}
    script = SCRIPT.format(small=small)
    prefix = ["unshare", "-rm", "sh", "-c", script, "sh", str(site.store)]
    ended = finish(site.start(prefix=prefix))
    shutil.rmtree(site.store)
    (site.folder / "store.kept").rename(site.store)
    return status.read_text().strip(), ended


needs_a_mount = pytest.mark.skipif(
    not _may_mount(), reason="a small disk cannot be mounted: no user namespaces"
)


@pytest.mark.slow
@needs_a_mount
def test_a_night_on_a_disk_that_fills_goes_on_when_there_is_room(
    site: Site, undisturbed: Frames
) -> None:
    """A real disk that somebody else fills in the midst of the night."""
    site.plan({label("A", 1): [["fill", str(site.store / "filler")]]})
    first, ended = twice_on_a_small_disk(site, "8m")
    assert first == "1"
    assert "No space left" in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
    assert ended.reels == (3, 0, 0)
    assert site.masters() == undisturbed


@pytest.mark.slow
@needs_a_mount
def test_a_reel_that_has_no_room_is_left_and_the_report_says_how_much_to_free(
    site: Site, undisturbed: Frames
) -> None:
    """D needs 13 MB and has 12: it is ingested and no more; C is restored."""
    site.own_archive()
    write_reel(site.archive / "D.mkv", "gray16le", 1, 9, BIG)
    site.catalog = write_catalog(site.archive, {name: f"{name}.mkv" for name in "DC"})
    first, ended = twice_on_a_small_disk(site, "12m")
    assert (first, ended.status, ended.reels) == ("1", 0, (2, 0, 0))
    summary = json.loads(next(line for line in ended.stdout.splitlines() if line[:1] == "{"))
    assert (summary["restored"], summary["stopped"], summary["failed"]) == (1, True, 0)
    (said,) = site.events("space")["detail"]
    assert "there was no room for D.r1 about 12.5 MB. Free about" in said
    assert said in site.report(Ended(1, json.dumps(summary), "")).replace("\\", "")
    assert site.masters()["C"] == undisturbed["C"]


@pytest.mark.slow
@needs_a_mount
def test_a_night_that_has_room_for_no_reel_is_not_begun(site: Site) -> None:
    site.own_archive()
    write_reel(site.archive / "D.mkv", "gray16le", 1, 9, BIG)
    site.catalog = write_catalog(site.archive, {"D": "D.mkv"})
    first, ended = twice_on_a_small_disk(site, "4m")
    assert (first, ended.status) == ("1", 0)
    assert "there is no room for a single reel on the disk of" in ended.stderr
    assert "D.r1 needs about" in ended.stderr
    assert list(site.table("batches")["status"]) == ["finished"]
