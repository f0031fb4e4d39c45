"""Ingest: a catalog's word for a reel, checked against the file itself.

A reel that comes out of here decodes to its last frame, is the file its checksum says,
and contradicts its catalog nowhere. Anything else raises `SourceError` with what was
found and what to do; the caller holds the reel.
"""

import stat
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from catalogs.errors import CatalogError, SourceError
from catalogs.fixity import hash_file
from catalogs.paths import confine
from catalogs.records import CatalogReel, Content, FrameIndex, Header, Reel
from tasks.media.check import check_audio, index_frames
from tasks.media.probe import probe

OnFrame = Callable[[int], None]

_STEADY_FRAMES = 0.6  # how far a time stamp may lie from an even rate; covers 1 ms rounding


def find_source(catalog: CatalogReel, root: Path) -> Path:
    """The reel's file below the archive root.

    Raises:
        SourceError: not allowed, missing, not a regular file, or empty.
    """
    try:
        path = confine(root, catalog.path)
    except CatalogError as error:
        raise SourceError(f"line {catalog.line}, field path: {error}") from error
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        found = None
    except OSError as error:
        raise SourceError(
            f"{catalog.path}: cannot be reached ({error.strerror}); check name and permissions"
        ) from error
    if found is None or not stat.S_ISREG(found.st_mode):
        raise SourceError(f"{catalog.path}: no such file below the archive root; restore it")
    if found.st_size == 0:
        raise SourceError(f"{catalog.path}: the file is empty; restore it from a copy")
    return path


def read_header(catalog: CatalogReel, path: Path) -> tuple[Header, Fraction, bool]:
    """Probe a source and compare header and catalog; nothing is decoded.

    Returns:
        header, frame rate, and whether the rate is the catalog's (else the header's).

    Raises:
        SourceError: header and catalog contradict each other, or the picture is of a kind
            that is not restored without a choice of the operator.
    """
    header = probe(path)
    if header.interlaced:
        raise SourceError(
            f"{catalog.path}: interlaced picture; deinterlace it by choice before restoration"
        )
    if catalog.sound == "silent" and header.audio:
        raise SourceError(
            f"{catalog.path}: the catalog says silent, the file has {len(header.audio)} audio "
            "stream(s); correct one of them"
        )
    if catalog.sound == "sound" and not header.audio:
        raise SourceError(
            f"{catalog.path}: the catalog says sound, the file has none; correct one of them"
        )
    if catalog.colour == "colour" and header.picture.layout == "gray":
        raise SourceError(
            f"{catalog.path}: the catalog says colour, the file has no colour; correct one of them"
        )
    return header, *_resolve_rate(catalog, header)


def ingest_reel(
    catalog: CatalogReel, root: Path, on_frame: OnFrame | None = None
) -> tuple[Reel, FrameIndex]:
    """Find, hash, probe and decode one reel.

    Raises:
        SourceError: the reel must be held; the message says why and what to do.
        MediaError: ffprobe cannot read the file at all.
    """
    path = find_source(catalog, root)
    header, rate, from_catalog = read_header(catalog, path)
    before = path.stat()
    sha256 = _check_fixity(catalog, path)
    index = index_frames(path, header, on_frame)
    _check_frames(catalog, header, index, rate)
    audio = check_audio(path, header)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceError(
            f"{catalog.path}: changed while it was read; run again when it is at rest"
        )
    content = Content(sha256, after.st_size, after.st_mtime_ns, len(index), audio)
    return Reel(
        catalog, path, header, content, rate, "catalog" if from_catalog else "header"
    ), index


def is_unchanged(reel: Reel) -> bool:
    """True when the source still has the size and time it had when it was ingested."""
    try:
        now = reel.source.stat()
    except OSError:
        return False
    return (now.st_size, now.st_mtime_ns) == (reel.content.size_bytes, reel.content.modified_ns)


def _resolve_rate(catalog: CatalogReel, header: Header) -> tuple[Fraction, bool]:
    claimed, written = header.frame_rate, catalog.frame_rate
    if written is None and claimed is None:
        raise SourceError(
            f"{catalog.path}: no frame rate in catalog or header; put it in the catalog"
        )
    if written is None:
        assert claimed is not None
        return claimed, False
    if claimed is not None and abs(claimed / written - 1) > Fraction(1, 2000):
        raise SourceError(
            f"{catalog.path}: frame rate is {written} in the catalog and {claimed} in the header; "
            "correct the catalog or re-wrap the file"
        )
    return written, True


def _check_fixity(catalog: CatalogReel, path: Path) -> str:
    algorithm, expected = catalog.checksum or ("sha256", "")
    found = hash_file(path, "sha256", algorithm)
    if expected and found[algorithm] != expected:
        raise SourceError(
            f"{catalog.path}: {algorithm} is {found[algorithm]}, the catalog says {expected}; "
            "the file is not the one that was catalogued"
        )
    return found["sha256"]


def _check_frames(catalog: CatalogReel, header: Header, index: FrameIndex, rate: Fraction) -> None:
    if header.claimed_frames is not None and header.claimed_frames != len(index):
        raise SourceError(
            f"{catalog.path}: the header says {header.claimed_frames} frames, {len(index)} decode; "
            "replace it with a whole copy"
        )
    drift = index.drift_frames(header.time_base, rate)
    if drift > _STEADY_FRAMES and header.audio:
        raise SourceError(
            f"{catalog.path}: time stamps are irregular (off by {drift:.1f} frames), sound would "
            "leave the picture; conform it to an even frame rate"
        )
