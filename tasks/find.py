"""Find: the file, or the image sequence, that a catalog's path names."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from catalogs.errors import CatalogError, SourceError
from catalogs.paths import confine
from catalogs.records import CatalogReel, Reel
from catalogs.sequence import ImageSequence, Runs
from tasks.media.sequence import find_sequence, split_pattern


@dataclass(frozen=True)
class FoundSource:
    """Where a reel's picture lies.

    Attributes:
        path: the file, or the folder of an image sequence.
        sequence: the sequence's files, as listed; None for a file.
        sound: the file of its sound, where that lies beside the picture.
    """

    path: Path
    sequence: ImageSequence | None = None
    sound: Path | None = None

    @staticmethod
    def of(reel: Reel) -> "FoundSource":
        """The source of a reel that was ingested."""
        return FoundSource(reel.source, reel.header.sequence, reel.sound_source)

    def picture_files(self) -> Iterator[Path]:
        """Every file of the picture, in the order of the frames."""
        return iter((self.path,)) if self.sequence is None else self.sequence.files(self.path)

    def files(self) -> Iterator[Path]:
        """Every file of the source: the picture's, then the sound's."""
        yield from self.picture_files()
        if self.sound is not None:
            yield self.sound

    @property
    def runs(self) -> Runs:
        """Numbers of the files of a sequence; nothing for a file."""
        return self.sequence.runs if self.sequence is not None else ()

    def measure(self) -> tuple[int, int]:
        """Bytes of all files together, and the newest modification, in ns.

        Raises:
            OSError: a file is not there or cannot be reached.
        """
        found = [path.stat() for path in self.files()]
        return sum(f.st_size for f in found), max(f.st_mtime_ns for f in found)


def find_source(catalog: CatalogReel, root: Path) -> FoundSource:
    """The reel's source below the archive root.

    Raises:
        SourceError: not allowed, missing, not a regular file or a folder of numbered
            images, or empty; of the sound file likewise.
    """
    picture = _find_picture(catalog, root)
    if catalog.sound_path is None:
        return picture
    sound = _confined(catalog, root, "sound_path", catalog.sound_path)
    _check_file(catalog.sound_path, _stat(catalog.sound_path, sound))
    return replace(picture, sound=sound)


def _find_picture(catalog: CatalogReel, root: Path) -> FoundSource:
    path = _confined(catalog, root, "path", catalog.path)
    if (pattern := split_pattern(path)) is not None:
        return FoundSource(pattern[0], find_sequence(*pattern))
    found = _stat(catalog.path, path)
    if found is not None and stat.S_ISDIR(found.st_mode):
        return FoundSource(path, find_sequence(path))
    _check_file(catalog.path, found)
    return FoundSource(path)


def _confined(catalog: CatalogReel, root: Path, field: str, written: str) -> Path:
    try:
        return confine(root, written)
    except CatalogError as error:
        raise SourceError(f"line {catalog.line}, field {field}: {error}") from error


def _stat(written: str, path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SourceError(
            f"{written}: cannot be reached ({error.strerror}); check name and permissions"
        ) from error


def _check_file(written: str, found: os.stat_result | None) -> None:
    if found is None or not stat.S_ISREG(found.st_mode):
        raise SourceError(f"{written}: no such file below the archive root; restore it")
    if found.st_size == 0:
        raise SourceError(f"{written}: the file is empty; restore it from a copy")


def is_there(reel: Reel) -> bool:
    """True when the files that were ingested have the size and time they had then.

    Where an archive's root is known, `is_unchanged` says more.
    """
    try:
        now = FoundSource.of(reel).measure()
    except OSError:
        return False
    return now == (reel.content.size_bytes, reel.content.modified_ns)


def is_unchanged(reel: Reel, root: Path) -> bool:
    """True when the same files, and no others, have the size and time they had at ingest."""
    known = FoundSource.of(reel)
    try:
        found = find_source(reel.catalog, root)
        if (found.path, found.runs, found.sound) != (known.path, known.runs, known.sound):
            return False
        now = found.measure()
    except (OSError, SourceError):
        return False
    return now == (reel.content.size_bytes, reel.content.modified_ns)
