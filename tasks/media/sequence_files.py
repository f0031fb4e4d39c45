"""Opening the files of an image sequence, and what every kind of file says of its frame."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from catalogs.durable import write_whole
from catalogs.errors import SourceError, StoreError
from catalogs.picture import PictureFormat
from tasks.media.dpx_timecode import Timecode

ReadAt = Callable[[int, int], bytes]  # (offset, count) -> as many of these bytes as there are


@dataclass(frozen=True)
class FrameFacts:
    """What the header of one frame's file says, as far as a sequence is concerned.

    Attributes:
        agreed: (what, value) pairs in which all files of a sequence must agree.
        notes: what a reader of the report must know of this kind of file.
    """

    picture: PictureFormat
    agreed: tuple[tuple[str, object], ...]
    transfer: int | None = None
    colorimetric: int | None = None
    film_rate: Fraction | None = None
    television_rate: Fraction | None = None
    timecode: Timecode | None = None
    device: str | None = None
    notes: tuple[str, ...] = ()


@contextmanager
def open_frame(path: Path) -> Iterator[tuple[ReadAt, int]]:
    """Open one file of a sequence, itself and not what a link leads to.

    Yields:
        A function that reads bytes at an offset, and the size of the file in bytes.

    Raises:
        SourceError: missing, empty, a symlink, not a regular file, or not readable.
    """
    # Non-blocking, or a named pipe would hold us for ever.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if path.is_symlink():
            raise SourceError(f"{path.name}: is a symlink; put the file itself there") from error
        why = error.strerror
        raise SourceError(f"{path.name}: cannot be opened ({why}); restore it") from error
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise SourceError(f"{path.name}: is not a regular file; put the file itself there")
        if state.st_size == 0:
            raise SourceError(f"{path.name}: is empty (0 bytes); restore it from a copy")
        yield lambda offset, count: _read_at(descriptor, offset, count, path), state.st_size
    finally:
        os.close(descriptor)


def read_frame_file(path: Path) -> bytes:
    """The whole of one file of a sequence.

    Raises:
        SourceError: as `open_frame`.
    """
    with open_frame(path) as (read_at, size):
        return read_at(0, size)


def reader_of(data: bytes) -> ReadAt:
    """Bytes in memory, read as a file is."""
    return lambda offset, count: data[offset : offset + count]


def write_frame_file(target: Path, data: bytes, source_file: Path) -> None:
    """Write a restored frame, whole or not at all, and never over its source.

    Raises:
        StoreError: the target is the source.
    """
    if target.exists() and target.samefile(source_file):
        raise StoreError(f"{target}: would replace its own source; choose another folder")
    write_whole(target, data)


def _read_at(descriptor: int, offset: int, count: int, path: Path) -> bytes:
    """`pread` until all is there: a single call stops at 2 GiB, or earlier on a network disk."""
    blocks: list[bytes] = []
    try:
        while count > 0 and (block := os.pread(descriptor, count, offset)):
            blocks.append(block)
            offset += len(block)
            count -= len(block)
    except OSError as error:
        why = error.strerror
        raise SourceError(f"{path.name}: cannot be read ({why}); restore it") from error
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)
