"""The header and the first directory of a TIFF file: TIFF 6.0, both byte orders.

Only what is needed to know where the samples are, and which other bytes mean something,
is read. Nothing in the file is believed: every offset is checked against its size.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from catalogs.errors import SourceError
from tasks.media.sequence_files import ReadAt, open_frame

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
MAKE, MODEL, STRIP_OFFSETS, ORIENTATION, CHANNELS = 271, 272, 273, 274, 277
ROWS_PER_STRIP, STRIP_BYTES = 278, 279
PLANAR, PREDICTOR, ICC_PROFILE, FILL_ORDER = 284, 317, 34675, 266
TILE_WIDTH, TILE_OFFSETS, EXTRA_SAMPLES, SAMPLE_FORMAT = 322, 324, 338, 339

# Type -> bytes of one value; TIFF 6.0, section 2, and 13 for sub-directories.
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_INTEGERS = {1: "B", 3: "H", 4: "I"}
_ORDERS: dict[bytes, Literal["<", ">"]] = {b"II": "<", b"MM": ">"}
_MOST_VALUES = 1 << 20
_HEAD_BYTES = 8
_ENTRY_BYTES = 12


@dataclass(frozen=True)
class TiffEntry:
    """One field of a directory.

    Attributes:
        kind: the field's type, 1 to 13.
        count: number of values.
        place: offset of the first value's first byte in the file.
        value_bytes: bytes of all values.
    """

    tag: int
    kind: int
    count: int
    place: int
    value_bytes: int


@dataclass(frozen=True)
class TiffHeader:
    """The first directory of a file.

    Attributes:
        order: "<" little endian (II), ">" big endian (MM).
        directory: (offset, bytes) of the directory.
        next_directory: offset of the next one; 0 where there is none.
        values: of the fields that are integers, and were asked for.
    """

    order: Literal["<", ">"]
    directory: tuple[int, int]
    next_directory: int
    entries: tuple[TiffEntry, ...]
    values: Mapping[int, tuple[int, ...]]
    device: str | None
    profile: bytes

    def entry(self, tag: int) -> TiffEntry | None:
        """The field of a tag, if it is there."""
        return next((entry for entry in self.entries if entry.tag == tag), None)

    def one(self, tag: int, default: int) -> int:
        """The first value of a field, or what TIFF 6.0 supposes where it is absent."""
        return self.values.get(tag, (default,))[0]


_NUMBERS = (
    WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIP_OFFSETS, ORIENTATION, CHANNELS,
    ROWS_PER_STRIP, STRIP_BYTES, PLANAR, PREDICTOR, FILL_ORDER, TILE_WIDTH, EXTRA_SAMPLES,
    SAMPLE_FORMAT,
)  # fmt: skip


def read_tiff_header(path: Path) -> TiffHeader:
    """Read the directory of a file.

    Raises:
        SourceError: not a regular file, empty, not TIFF, or damaged.
    """
    with open_frame(path) as (read_at, size):
        return parse_tiff_header(read_at, size, path.name)


def parse_tiff_header(read_at: ReadAt, size_bytes: int, name: str) -> TiffHeader:
    """Read the directory; `name` is for messages.

    Raises:
        SourceError: without the magic bytes of TIFF, BigTIFF, or an offset leads out of
            the file.
    """
    head = read_at(0, _HEAD_BYTES)
    order = _ORDERS.get(head[:2])
    if order is None or len(head) < _HEAD_BYTES:
        raise SourceError(f"{name}: starts with no TIFF header; restore it from a copy")
    version, place = struct.unpack(order + "2xHI", head)
    if version == 43:
        raise SourceError(f"{name}: is BigTIFF, which ffmpeg does not read; save it as plain TIFF")
    if version != 42:
        raise SourceError(f"{name}: starts with no TIFF header; restore it from a copy")
    raw = read_at(place, 2) if place >= _HEAD_BYTES else b""
    count = struct.unpack(order + "H", raw)[0] if len(raw) == 2 else 0
    table = read_at(place + 2, count * _ENTRY_BYTES + 4) if count else b""
    if not count or len(table) < count * _ENTRY_BYTES + 4:
        raise _cut_short(name, "its directory")
    entries = tuple(
        _entry(table, index, place + 2, order, size_bytes, name) for index in range(count)
    )
    if len({entry.tag for entry in entries}) < count:
        raise SourceError(f"{name}: holds a field twice; restore it from a copy")
    (following,) = struct.unpack_from(order + "I", table, count * _ENTRY_BYTES)
    by_tag = {entry.tag: entry for entry in entries}
    values = {
        tag: _integers(read_at, by_tag[tag], order, name) for tag in _NUMBERS if tag in by_tag
    }
    device = " ".join(_text(read_at, by_tag[tag]) for tag in (MAKE, MODEL) if tag in by_tag)
    profile = by_tag.get(ICC_PROFILE)
    return TiffHeader(
        order,
        (place, len(table) + 2),
        following,
        entries,
        values,
        device.strip() or None,
        b"" if profile is None else read_at(profile.place, profile.value_bytes),
    )


def _entry(
    table: bytes, index: int, start: int, order: str, size_bytes: int, name: str
) -> TiffEntry:
    tag, kind, count, place = struct.unpack_from(order + "HHII", table, index * _ENTRY_BYTES)
    width = _WIDTHS.get(kind, 0)
    if not width:
        raise SourceError(f"{name}: field {tag} is of the unknown type {kind}; re-save the file")
    if width * count <= 4:
        place = start + index * _ENTRY_BYTES + 8
    if place + width * count > size_bytes:
        raise _cut_short(name, f"field {tag}")
    return TiffEntry(tag, kind, count, place, width * count)


def _integers(read_at: ReadAt, entry: TiffEntry, order: str, name: str) -> tuple[int, ...]:
    code = _INTEGERS.get(entry.kind)
    if code is None or not 0 < entry.count <= _MOST_VALUES:
        raise SourceError(f"{name}: field {entry.tag} holds no number; restore it from a copy")
    data = read_at(entry.place, entry.value_bytes)
    if len(data) < entry.value_bytes:
        raise _cut_short(name, f"field {entry.tag}")
    return struct.unpack(f"{order}{entry.count}{code}", data)


def _text(read_at: ReadAt, entry: TiffEntry) -> str:
    held = read_at(entry.place, min(entry.value_bytes, 200)).split(b"\0")[0].decode("latin-1")
    return "".join(c if c.isprintable() else "?" for c in held).strip()


def _cut_short(name: str, what: str) -> SourceError:
    return SourceError(f"{name}: is cut short: {what} lies beyond its end; restore it from a copy")
