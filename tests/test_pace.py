"""Two readers of one file keep together, so that the disk is read once."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalogs.errors import SourceError
from catalogs.fixity import hash_file
from catalogs.records import CatalogReel
from tasks.ingest import ingest_reel
from tasks.media.check import survey
from tasks.media.pace import Abandoned, Pace
from tasks.media.probe import probe

MakeReel = Callable[..., tuple[Path, list[bytes]]]

# Reads as much as it is told to, then waits to be ended.
READER = """
import sys
with open("/dev/zero", "rb", buffering=0) as zero:
    for line in sys.stdin:
        left = int(line)
        while left > 0:
            left -= len(zero.read(left))
        print("done", flush=True)
"""


@pytest.fixture
def reader() -> object:
    line = [sys.executable, "-c", READER]
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def read(process: subprocess.Popen[str], size: int) -> None:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(f"{size}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


def test_a_reader_far_ahead_waits_for_the_decoder(reader: subprocess.Popen[str]) -> None:
    pace = Pace(ahead_bytes=10_000_000)
    pace.follow(reader.pid)
    pace.keep(9_000_000)  # within what is allowed: at once
    waiting = threading.Thread(target=pace.keep, args=(30_000_000,))
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    read(reader, 40_000_000)
    waiting.join(5)
    assert not waiting.is_alive()


def test_nobody_waits_for_a_decoder_that_has_ended(reader: subprocess.Popen[str]) -> None:
    pace = Pace(ahead_bytes=1)
    pace.follow(reader.pid)
    reader.kill()
    reader.wait()
    started = time.monotonic()
    pace.keep(1 << 40)
    assert time.monotonic() - started < 5


def test_a_reader_is_let_go_when_the_decoder_gives_up(reader: subprocess.Popen[str]) -> None:
    pace = Pace(ahead_bytes=1)
    pace.follow(reader.pid)
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            pace.keep(1 << 30)
        except Abandoned as error:
            caught.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    pace.abandon()
    waiting.join(5)
    assert len(caught) == 1


def test_a_wrong_checksum_is_what_is_said_of_a_file_that_does_not_decode(
    make_reel: MakeReel, tmp_path: Path
) -> None:
    """The file is not the catalogued one: that it does not decode either is the lesser news."""
    path, _ = make_reel(frames=40)
    whole = hash_file(path, "md5")["md5"]
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(SourceError, match="the file is not the one that was catalogued"):
        ingest_reel(CatalogReel("A", "T", 1, 1, path.name, 2, checksum=("md5", whole)), tmp_path)
    cut = hash_file(path, "md5")["md5"]
    with pytest.raises(SourceError, match=r"damaged around frame .* File ended prematurely"):
        ingest_reel(CatalogReel("A", "T", 1, 1, path.name, 2, checksum=("md5", cut)), tmp_path)


def test_a_watcher_that_fails_leaves_no_decoder_behind(make_reel: MakeReel, tmp_path: Path) -> None:
    path, _ = make_reel(frames=60, size=(320, 240))
    started: list[int] = []

    def fail(thumbnails: Iterator[object]) -> None:
        next(thumbnails)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as kept:
        survey(path, probe(path), watch=fail, on_start=started.append)
    assert kept.value.__traceback__ is not None  # frames of the stack are still alive
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


def test_the_source_is_opened_by_one_decoder_and_read_once_for_its_hash(
    make_reel: MakeReel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Picture, sound, shots and hash: one decoding, one reading beside it."""
    path, _ = make_reel(frames=12)
    started: list[int] = []
    hashed: list[Path] = []
    follow = Pace.follow

    def note(self: Pace, process_id: int) -> None:
        started.append(process_id)
        follow(self, process_id)

    def hashing(path: Path, *names: str, **options: object) -> dict[str, str]:
        hashed.append(path)
        return hash_file(path, *names, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Pace, "follow", note)
    monkeypatch.setattr("tasks.ingest.hash_file", hashing)
    ingest_reel(CatalogReel("A", "T", 1, 1, path.name, 2), tmp_path, watch=list)
    assert (len(started), hashed) == (1, [path])
