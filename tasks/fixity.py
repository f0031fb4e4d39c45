"""Fixity: files are read again, to the last byte, and compared with what was recorded.

A single flipped bit is found, whatever the file's size and time say. Nothing is written
here but the name of a manifest: `manifest.damaged.json` beside a restored reel says that
it is one no longer, and the next night builds it again.
"""

import json
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from catalogs.durable import sync_folder
from catalogs.errors import StorageError
from catalogs.fixity import OnBytes, hash_file, sha256_of_files
from catalogs.origin import Origin, RemoteRoot
from catalogs.records import Reel, RestoredShot
from catalogs.source import FrameIndex
from catalogs.store import Store
from tasks.find import FoundSource
from tasks.manifest import MANIFEST
from tasks.sidecar import is_sidecar
from tasks.storage.bucket import open_bucket

DAMAGED_MANIFEST = "manifest.damaged.json"
MOST_NAMED = 3  # files that a message names

Outcome = Literal["unchanged", "changed", "missing", "unreadable"]


@dataclass(frozen=True)
class FileFixity:
    """One file, read again.

    Attributes:
        name: as a message names it.
        expected: SHA-256 on record; empty where there is none for this file alone.
        found: SHA-256 now, or why there is none.
    """

    name: str
    expected: str
    found: str
    outcome: Outcome

    def __str__(self) -> str:
        if self.outcome == "changed":
            return f"{self.name} (planned sha256 {self.expected}, found {self.found})"
        return f"{self.name} ({self.outcome}: {self.found}; planned sha256 {self.expected})"


@dataclass(frozen=True)
class SourceFixity:
    """A reel's source, read again.

    Attributes:
        expected: SHA-256 of the picture as it was ingested (of a sequence, of its files').
        found: SHA-256 of the picture now; empty unless every file of it could be read.
        differing: files that are not as recorded, in the order of the frames.
    """

    reel_id: str
    expected: str
    found: str
    file_count: int
    differing: tuple[FileFixity, ...]

    @property
    def outcome(self) -> Outcome:
        """Changed means that other bytes are there; a sequence that lost files has changed."""
        seen = Counter(file.outcome for file in self.differing)
        any_read = seen["changed"] + self.file_count - len(self.differing)
        if seen["changed"] or (seen["missing"] and any_read):
            return "changed"
        if self.found and self.found != self.expected:
            return "changed"
        return "missing" if seen["missing"] else "unreadable" if self.differing else "unchanged"


@dataclass(frozen=True)
class DerivativeFixity:
    """A restored reel in its folder, read again.

    Attributes:
        made_from: digest of the reel it was made from; empty when its manifest is no manifest.
        marked: True when an earlier check has put its manifest aside as damaged.
    """

    folder: Path
    made_from: str
    marked: bool
    file_count: int
    differing: tuple[FileFixity, ...]

    @property
    def films_are_whole(self) -> bool:
        """True when nothing differs, or the sidecar alone, which any QCTools may have replaced."""
        return all(is_sidecar(file.name) for file in self.differing)


@dataclass(frozen=True)
class ShotFixity:
    """The two files of a restored shot, read again."""

    shot_id: str
    file_count: int
    differing: tuple[FileFixity, ...]


def check_source(
    reel: Reel, index: FrameIndex | None, on_bytes: OnBytes | None = None
) -> SourceFixity:
    """Read every file of a reel's source. They are opened for reading only.

    Args:
        reel: as it was ingested.
        index: its frames as recorded, with the hash of each file of an image sequence;
            without it no file can be named, but a difference is seen all the same.
        on_bytes: called with the size of each block that was read.
    """
    is_file = reel.header.sequence is None
    source = FoundSource.of(reel)
    paths = tuple(source.picture_files())
    recorded = (reel.content.sha256,) if is_file else index.file_sha256 if index else ()
    if len(recorded) != len(paths):
        recorded = ("",) * len(paths)
    check = partial(check_object, reel.origin) if reel.origin else check_file
    files = [check(path, digest, on_bytes) for path, digest in zip(paths, recorded, strict=True)]
    found = ""
    if all(file.outcome in ("unchanged", "changed") for file in files):
        found = files[0].found if is_file else sha256_of_files(file.found for file in files)
    if source.sound is not None:
        files.append(check(source.sound, reel.content.sound_sha256 or "", on_bytes))
    differing = tuple(file for file in files if file.outcome != "unchanged")
    return SourceFixity(reel.reel_id, reel.content.sha256, found, len(files), differing)


def find_derivatives(store: Store, reel_id: str) -> tuple[Path, ...]:
    """Folders of the reel's restored versions: of every treatment, whole or known as damaged."""
    found = store.reel_folder(reel_id, "x").parent.glob("[!.]*/manifest*.json")
    names = (MANIFEST, DAMAGED_MANIFEST)
    return tuple(sorted({path.parent for path in found if path.name in names}))


def check_derivative(folder: Path, on_bytes: OnBytes | None = None) -> DerivativeFixity:
    """Read every file that the manifest of a restored reel names."""
    marked = not (folder / MANIFEST).exists() and (folder / DAMAGED_MANIFEST).exists()
    manifest = folder / (DAMAGED_MANIFEST if marked else MANIFEST)
    try:
        made_from, planned = _read_plan(manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        outcome: Outcome = "unreadable" if manifest.exists() else "missing"
        broken = FileFixity(manifest.name, "unknown", _cause(error), outcome)
        return DerivativeFixity(folder, "", marked, 1, (broken,))
    files = [check_file(folder / name, sha256, on_bytes) for name, sha256 in planned.items()]
    differing = tuple(file for file in files if file.outcome != "unchanged")
    return DerivativeFixity(folder, made_from, marked, len(files), differing)


def check_shots(
    restored: Iterable[RestoredShot], store: Store, on_bytes: OnBytes | None = None
) -> Iterator[ShotFixity]:
    """Read the picture and the change map of each restored shot."""
    for shot in restored:
        recorded = (
            (shot.picture_file, shot.picture_sha256),
            (shot.change_file, shot.change_sha256),
        )
        files = [check_file(store.root / name, sha256, on_bytes) for name, sha256 in recorded]
        differing = tuple(file for file in files if file.outcome != "unchanged")
        yield ShotFixity(shot.shot.shot_id, len(files), differing)


def check_file(path: Path, expected: str, on_bytes: OnBytes | None = None) -> FileFixity:
    """Read one file; without an expected digest it only has to be readable."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return FileFixity(path.name, expected, "not a regular file", "unreadable")
        _leave_memory(path)
        found = hash_file(path, "sha256", on_bytes=on_bytes)["sha256"]
    except (FileNotFoundError, NotADirectoryError) as error:
        return FileFixity(path.name, expected, _cause(error), "missing")
    except OSError as error:
        return FileFixity(path.name, expected, _cause(error), "unreadable")
    outcome: Outcome = "unchanged" if expected in ("", found) else "changed"
    return FileFixity(path.name, expected, found, outcome)


def check_object(
    origin: Origin, path: Path, expected: str, on_bytes: OnBytes | None = None
) -> FileFixity:
    """Read one object of a source in object storage; nothing is copied."""
    relative = path.relative_to(Path(origin.root)).as_posix()
    try:
        bucket = open_bucket(RemoteRoot(origin.root))
        if (there := bucket.look(relative)) is None:
            return FileFixity(path.name, expected, "no such object", "missing")
        found = bucket.sha256(relative, there.size_bytes, on_bytes)
    except StorageError as error:
        return FileFixity(path.name, expected, str(error), "unreadable")
    outcome: Outcome = "unchanged" if expected in ("", found) else "changed"
    return FileFixity(path.name, expected, found, outcome)


def mark_damaged(folder: Path) -> None:
    """Take the manifest from a restored reel, so that the next night builds it again."""
    (folder / MANIFEST).replace(folder / DAMAGED_MANIFEST)
    sync_folder(folder)


def mark_whole(folder: Path) -> None:
    """Give a restored reel its manifest back: its files were put right."""
    (folder / DAMAGED_MANIFEST).replace(folder / MANIFEST)
    sync_folder(folder)


def name_differences(file_count: int, differing: Sequence[FileFixity]) -> str:
    """How many files differ, and the first of them with both digests."""
    names = ", ".join(str(file) for file in differing[:MOST_NAMED])
    more = f", and {len(differing) - MOST_NAMED} more" if len(differing) > MOST_NAMED else ""
    return f"{len(differing)} of {file_count} files: {names}{more}"


def _read_plan(manifest: Path) -> tuple[str, dict[str, str]]:
    """Digest of the reel it was made from, and SHA-256 by file name."""
    read: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    return str(read["digest"]), {n: str(facts["sha256"]) for n, facts in read["files"].items()}


def _cause(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _leave_memory(path: Path) -> None:
    """Have the file read from its disk: a copy in memory proves nothing. Linux only."""
    if not hasattr(os, "posix_fadvise"):
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
