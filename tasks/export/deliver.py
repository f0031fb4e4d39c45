"""Deliver: a restored reel in the form that somebody works with.

From the verified FFV1 master: a DPX or TIFF sequence with the source's own headers, or a
ProRes mezzanine. Each appears whole or not at all, and is decoded again before it does.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from catalogs.durable import partial_path, publish, sync_folder
from catalogs.errors import SourceError, StoreError, VerificationError
from catalogs.fixity import sha256_file
from catalogs.records import AssembledReel, Reel
from catalogs.source import FrameIndex
from tasks.manifest import derivative_title, read_manifest
from tasks.media.check import index_frames
from tasks.media.dpx import restore_dpx
from tasks.media.mezzanine import make_mezzanine
from tasks.media.probe import probe
from tasks.media.read import read_picture
from tasks.media.tiff import restore_tiff

OnFrame = Callable[[int], None]

_WRITERS = {"dpx": restore_dpx, "tiff": restore_tiff}


@dataclass(frozen=True)
class Delivery:
    """What was delivered, and what was checked of it, in words.

    Attributes:
        untouched_files: files of a sequence that equal the source's byte for byte.
    """

    path: Path
    checks: tuple[str, ...]
    untouched_files: int = 0


def deliver_sequence(
    reel: Reel,
    index: FrameIndex,
    built: AssembledReel,
    target: Path,
    on_frame: OnFrame | None = None,
) -> Delivery:
    """Write a restored reel as an image sequence: the source's files with restored samples.

    Everything in a file but its samples is the source's own, byte for byte: transfer,
    timecode, rates, device, user data. A frame that restoration did not touch is the
    source's file.

    Args:
        reel: a reel whose source is an image sequence.
        index: its frames, with the hash of each file.
        built: the restored reel.
        target: the folder to make; numbers and names are the source's.
        on_frame: called with the number of files written so far.

    Raises:
        SourceError: the source is no image sequence, or no longer what was ingested.
        StoreError: the target holds other things than files of the sequence.
        VerificationError: the master or what was written is not as recorded.
    """
    sequence = reel.header.sequence
    if sequence is None:
        raise SourceError(
            f"{reel.reel_id}: its source is one file ({reel.header.container}), not an image "
            "sequence whose headers could be carried; export prores, or use the master"
        )
    _check_master(built)
    write = _WRITERS[sequence.kind]
    names = frozenset(path.name for path in sequence.files(reel.source))
    with _made_whole(target, names) as work:
        md5: list[str] = []
        untouched = 0
        pairs = zip(sequence.files(reel.source), _frames(built), strict=True)
        for (source, frame), planned in zip(pairs, index.file_sha256, strict=True):
            if (found := sha256_file(source)) != planned:
                raise SourceError(
                    f"{source.name}: sha256 {found} is not what was ingested ({planned}); restore "
                    "it from a copy"
                )
            write(source, frame, reel.header.picture, work / source.name)
            untouched += sha256_file(work / source.name) == planned
            md5.append(hashlib.md5(frame, usedforsecurity=False).hexdigest())
            if on_frame:
                on_frame(len(md5))
        written = index_frames(work, reel.header)
        if list(written.md5) != md5:
            raise VerificationError(
                f"{target.name}: files decode to other frames than were written"
            )
    return Delivery(target, ("frame count", "frame hashes", "headers of the source"), untouched)


def deliver_mezzanine(reel: Reel, built: AssembledReel, target: Path) -> Delivery:
    """Encode a restored reel as ProRes; see `make_mezzanine`.

    Raises:
        MediaError: ffmpeg failed.
        VerificationError: the master or what was written is not as planned.
    """
    _check_master(built)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_path(target)
    try:
        checks = make_mezzanine(
            built.master, partial, reel.header, reel.frame_rate, derivative_title(reel)
        )
        publish(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    return Delivery(target, checks)


def _check_master(built: AssembledReel) -> None:
    """Nothing is delivered from a master that is not the one that was verified."""
    facts = read_manifest(built.folder).get("files", {}).get(built.master.name, {})
    found = sha256_file(built.master) if built.master.is_file() else "no file"
    if found != facts.get("sha256"):
        raise VerificationError(
            f"{built.master.name}: sha256 planned {facts.get('sha256')}, found {found}; run the "
            "night again to rebuild it"
        )


def _frames(built: AssembledReel) -> Iterator[bytes]:
    return read_picture(built.master, probe(built.master).picture)


@contextmanager
def _made_whole(target: Path, names: frozenset[str]) -> Iterator[Path]:
    """A folder that takes its name when all is well; an older one of the same files makes way."""
    foreign = {path.name for path in target.iterdir()} - names if target.is_dir() else set()
    if foreign:
        raise StoreError(
            f"{target} holds {min(foreign)}, which is no file of the sequence; move it away or "
            "export to another folder"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    work, aside = (target.with_name(f".{target.name}.{end}") for end in ("partial", "before"))
    for leftover in (work, aside):
        shutil.rmtree(leftover, ignore_errors=True)
    work.mkdir()
    try:
        yield work
        if target.exists():
            target.rename(aside)
        work.rename(target)
        sync_folder(target.parent)
    finally:
        for leftover in (work, aside):
            shutil.rmtree(leftover, ignore_errors=True)
