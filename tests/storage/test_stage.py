"""Sources in a bucket become files in scratch: exact, bounded, once, and taken away again."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from catalogs.errors import CatalogError, NoAnswerError, SourceError, StorageError
from catalogs.origin import Origin, RemoteRoot
from catalogs.picture import PictureFormat
from catalogs.records import CatalogReel, Reel
from catalogs.source import Content
from tasks.storage import listed as listed_module
from tasks.storage import scratch as scratch_module
from tasks.storage import stage
from tasks.storage.bucket import Bucket
from tasks.storage.file_lock import FileLock
from tasks.storage.scratch import Scratch
from tests.conftest import plain_header
from tests.faults.nights import wait_until
from tests.storage.places import Place

MEGABYTE = 1_000_000
CONTEXT = multiprocessing.get_context("fork")


def entry(path: str, sound: str | None = None) -> CatalogReel:
    return CatalogReel("A", "Film", 1, 1, path, 2, sound_path=sound)


@contextmanager
def staged(
    root: RemoteRoot, scratch: Scratch, path: str, sound: str | None = None
) -> Iterator[stage.Staged]:
    with stage.staged(listed_module.list_source(entry(path, sound), root), scratch) as copies:
        yield copies


def files_of(copies: stage.Staged) -> dict[str, bytes]:
    return {
        str(path.relative_to(copies.root)): path.read_bytes()
        for path in sorted(copies.root.rglob("*"))
        if path.is_file()
    }


def taken(scratch: Scratch) -> int:
    """Bytes of all copies on the disk."""
    total = 0
    for folder, _, names in os.walk(scratch.root):
        for name in names if f"{os.sep}files" in folder else ():
            with suppress(FileNotFoundError):
                total += (Path(folder) / name).stat().st_size
    return total


def test_a_file_comes_as_it_lies_there(place: Place, root: RemoteRoot, scratch: Scratch) -> None:
    """In pieces, of which the last is short, and checked by what the storage has of it."""
    data = os.urandom(34_000_001)
    place.put("1906/reel ä'1.mkv", data, ChecksumAlgorithm="SHA256")
    with staged(root, scratch, "1906/reel ä'1.mkv") as copies:
        assert files_of(copies) == {"1906/reel ä'1.mkv": data}
        assert "sha256" in copies.said


def test_a_sequence_comes_without_what_lies_beside_it(
    place: Place, root: RemoteRoot, scratch: Scratch
) -> None:
    wanted = {f"scan/s_{n:04d}.dpx": os.urandom(100 + n) for n in range(7)}
    for path, data in wanted.items():
        place.put(path, data)
    for other in ("scan/notes.txt", "scan/deeper/s_0001.dpx", "scan/t_0001.dpx"):
        place.put(other, b"other")
    place.put("sound/a.wav", b"sound")
    with staged(root, scratch, "scan/s_%04d.dpx", "sound/a.wav") as copies:
        assert files_of(copies) == wanted | {"sound/a.wav": b"sound"}
    with pytest.raises(SourceError, match="2 sequences"):
        listed_module.list_source(entry("scan"), root)


def test_the_rules_for_paths_hold(place: Place, root: RemoteRoot) -> None:
    place.put("empty.mkv", b"")
    for path, said in {
        "../x": "'..'", "absent.mkv": "no such file", "empty.mkv": "empty", "a/": "no such file",
        "http://x/y": "URL",
    }.items():  # fmt: skip
        with pytest.raises(SourceError, match=said):
            listed_module.list_source(entry(path), root)


@pytest.mark.parametrize(
    "url",
    ["s3://key:secret@bucket/x", "s3://bucket/a?token=1", "s3:bucket", "s3://", "s3://b/../c",
     "s3://host:9000/x", "s3://b/a\nb"],
)  # fmt: skip
def test_a_url_is_a_place_and_holds_no_secret(url: str) -> None:
    with pytest.raises(CatalogError) as raised:
        RemoteRoot(url)
    assert "secret" not in str(raised.value)


def test_what_is_there_is_not_copied_again(
    place: Place, root: RemoteRoot, scratch: Scratch
) -> None:
    place.put("a.mkv", b"one")
    with staged(root, scratch, "a.mkv") as first:
        assert first.fresh
    with staged(root, scratch, "a.mkv") as second:
        assert not second.fresh
    place.put("a.mkv", b"two")
    with staged(root, scratch, "a.mkv") as third:
        assert third.fresh
        assert files_of(third) == {"a.mkv": b"two"}


def test_it_is_removed_when_it_is_done_with(
    place: Place, root: RemoteRoot, scratch: Scratch
) -> None:
    place.put("a.mkv", b"one")
    with staged(root, scratch, "a.mkv") as copies:
        scratch.drop(copies.listed.key)
        assert files_of(copies) == {"a.mkv": b"one"}  # it is in use
    scratch.drop(copies.listed.key)
    assert taken(scratch) == 0
    scratch.sweep()
    assert list(scratch.root.iterdir()) == []


def test_the_limit_holds_and_reels_wait_for_room(
    place: Place, root: RemoteRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four reels of 1 MB in room for two, each in use for a while; the most at once is measured."""
    monkeypatch.setattr(scratch_module, "_LOOK_SECONDS", 0.01)
    small = Scratch(tmp_path / "scratch", 2 * MEGABYTE + 100)
    reels = {f"{n}.mkv": os.urandom(MEGABYTE) for n in range(4)}
    for path, data in reels.items():
        place.put(path, data)
    most, right, ended = [0], [], threading.Event()

    def watch() -> None:
        while not ended.is_set():
            most[0] = max(most[0], taken(small))

    def use(path: str) -> None:
        with staged(root, small, path) as copies:
            time.sleep(0.2)
            right.append(files_of(copies) == {path: reels[path]})

    watching = threading.Thread(target=watch)
    watching.start()
    users = [threading.Thread(target=use, args=(path,)) for path in reels]
    for user in users:
        user.start()
    for user in users:
        user.join()
    ended.set()
    watching.join()
    assert right == [True] * 4
    assert MEGABYTE < most[0] <= small.limit_bytes


def test_a_reel_larger_than_the_limit_is_refused_by_name(
    place: Place, root: RemoteRoot, tmp_path: Path
) -> None:
    place.put("long.mkv", b"x" * 2000)
    with (
        pytest.raises(SourceError, match=r"long\.mkv: .*--scratch-gb"),
        staged(root, Scratch(tmp_path, 1000), "long.mkv"),
    ):
        pass


def fill_and_wait(folder: Path, key: str, mark: Path) -> None:
    """In a process of its own: half a copy, then nothing more."""

    def fill(files: Path) -> str:
        (files / "a.mkv").write_bytes(b"half")
        mark.write_text("begun")
        time.sleep(600)
        return ""

    with Scratch(folder, MEGABYTE).use(key, 1000, fill):
        pass


def test_what_a_killed_process_left_is_swept(
    place: Place, root: RemoteRoot, tmp_path: Path
) -> None:
    """Half a copy is neither used nor kept, and its room is free again."""
    folder, mark = tmp_path / "scratch", tmp_path / "mark"
    place.put("a.mkv", b"whole")
    listed = listed_module.list_source(entry("a.mkv"), root)
    killed = CONTEXT.Process(target=fill_and_wait, args=(folder, listed.key, mark))
    other = CONTEXT.Process(target=fill_and_wait, args=(folder, "other", tmp_path / "other"))
    for process, sign in ((killed, mark), (other, tmp_path / "other")):
        process.start()
        wait_until(sign.exists)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    scratch = Scratch(folder, 1004)  # no room for what is left
    with stage.staged(listed, scratch) as copies:
        assert files_of(copies) == {"a.mkv": b"whole"}
    assert not (scratch.folder / "other" / "whole").exists()
    scratch.sweep()
    assert list(folder.iterdir()) == []


def copy_once(folder: Path, marks: Path, number: int) -> None:
    """In a process of its own: use one reel, leaving a mark for each time that it was copied."""

    def fill(files: Path) -> str:
        (marks / f"copied-{number}").touch()
        time.sleep(0.3)
        (files / "a.mkv").write_bytes(b"whole")
        return "found"

    with Scratch(folder, MEGABYTE).use("key", 1000, fill) as (files, found):
        (marks / f"read-{number}").write_bytes((files / "a.mkv").read_bytes() + found.encode())


def test_processes_that_want_the_same_reel_copy_it_once(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    many = [CONTEXT.Process(target=copy_once, args=(tmp_path / "s", marks, n)) for n in range(3)]
    for process in many:
        process.start()
    for process in many:
        process.join()
    assert len(list(marks.glob("copied-*"))) == 1
    assert {path.read_bytes() for path in marks.glob("read-*")} == {b"wholefound"}
    assert len(list(marks.glob("read-*"))) == 3


def test_nothing_in_the_bucket_changes(place: Place, root: RemoteRoot, scratch: Scratch) -> None:
    place.put("a.mkv", b"one")
    before = place.everything()
    with staged(root, scratch, "a.mkv"):
        pass
    assert place.everything() == before


def test_an_object_that_changes_while_it_is_copied_is_not_used(
    place: Place, root: RemoteRoot, scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put("a.mkv", b"one")
    fetch = stage.fetch

    def meanwhile(*arguments: object) -> str:
        said = fetch(*arguments)  # type: ignore[arg-type]
        place.put("a.mkv", b"two")
        return said

    monkeypatch.setattr(stage, "fetch", meanwhile)
    with (
        pytest.raises(SourceError, match="changed while it was read"),
        staged(root, scratch, "a.mkv"),
    ):
        pass
    assert taken(scratch) == 0


def test_who_asks_for_reel_after_reel_waits_for_a_silent_storage_once(
    root: RemoteRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def silent(bucket: Bucket, path: str) -> None:
        asked.append(path)
        raise StorageError("silent")

    monkeypatch.setattr(Bucket, "look", silent)
    for n in range(5):
        with pytest.raises(NoAnswerError, match=f"{n}.mkv.*silent"):
            listed_module.is_unchanged(ingested(f"{n}.mkv"), root)
        with pytest.raises(NoAnswerError, match="silent"):
            listed_module.look_for(entry(f"{n}.mkv"), root)
        with pytest.raises(NoAnswerError, match="silent"):
            listed_module.is_there(from_there(f"{n}.mkv", root))
    assert asked == ["0.mkv"]
    with pytest.raises(NoAnswerError):  # its own work asks for itself
        listed_module.list_source(entry("1.mkv"), root)
    assert asked == ["0.mkv", "1.mkv"]


def test_what_a_bucket_has_no_longer_is_another_and_no_silence(
    root: RemoteRoot, place: Place
) -> None:
    place.put("other.mkv", b"film")
    assert not listed_module.is_unchanged(ingested("gone.mkv"), root)
    assert not listed_module.is_there(from_there("gone.mkv", root))


def from_there(path: str, root: RemoteRoot) -> Reel:
    return replace(ingested(path), origin=Origin(root.url, path, None, "0" * 64))


def ingested(path: str) -> Reel:
    picture = PictureFormat(64, 48, "gray")
    content = Content("0" * 64, 1, 1, 1, ())
    return Reel(entry(path), Path(path), plain_header(picture), content, Fraction(18), "catalog")


def test_copies_that_are_not_what_was_ingested_are_refused_by_name(
    place: Place, root: RemoteRoot, scratch: Scratch
) -> None:
    """Of the picture and of the sound, with both hashes."""
    place.put("a.mkv", b"picture")
    place.put("a.wav", b"sound")
    one, other = (hashlib.sha256(data).hexdigest() for data in (b"picture", b"sound"))
    with staged(root, scratch, "a.mkv", "a.wav") as copies:
        assert (copies.sha256, copies.sound_sha256) == (one, other)
        for content, said in (
            (Content("0" * 64, 1, 1, 1, (), other), "the source is not what was ingested"),
            (Content(one, 1, 1, 1, (), "0" * 64), "the sound is not what was ingested"),
        ):
            reel = replace(ingested("a.mkv"), content=content, origin=copies.listed.origin)
            with pytest.raises(SourceError, match=said) as raised:
                stage.staged_reel(reel, copies)
            assert f"{root.url}/a.mkv" in str(raised.value)
        right = replace(reel, content=Content(one, 1, 1, 1, (), other))
        assert stage.staged_reel(right, copies).source.read_bytes() == b"picture"


def test_two_workers_of_a_host_may_sweep_at_once(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other takes everything away, the folder too, just before this one locks its copy."""
    (scratch.folder / "key" / "files").mkdir(parents=True)
    take = scratch_module.take

    def late(lock: FileLock, how: int) -> None:
        shutil.rmtree(scratch.folder)
        take(lock, how)

    monkeypatch.setattr(scratch_module, "take", late)
    scratch.sweep()
    assert not scratch.folder.exists()
