"""Samples into and out of the strips of a TIFF file.

A restored file is its source with the samples replaced. Without compression the samples
are patched where they lie. With it, strips are deflated into the room of the old ones and,
where that is too small, beyond the end. Nothing else in the file moves, so every field,
profile and unknown tag is carried by construction.
"""

import struct
import zlib

import numpy as np

from catalogs.errors import SourceError, VerificationError
from tasks.media import tiff_header as t
from tasks.media.sequence_files import reader_of
from tasks.media.sequence_planes import Samples
from tasks.media.tiff_header import TiffEntry, TiffHeader, parse_tiff_header
from tasks.media.tiff_layout import DEFLATE, OLD_DEFLATE, TiffLayout, tiff_layout
from tasks.media.tiff_places import append, place_strips

_LONG = 4
_CODES = {1: ("B", 0xFF), 3: ("H", 0xFFFF), 4: ("I", 0xFFFFFFFF)}  # of the field types that occur
_LEVEL = 6
_REPLACED = {t.STRIP_OFFSETS, t.STRIP_BYTES, t.COMPRESSION}


def plain_samples(data: bytes, layout: TiffLayout) -> Samples:
    """Samples of an uncompressed file, shaped (height, width, channels)."""
    held = zip(layout.strips, layout.plain_sizes, strict=True)
    return samples_of_lines(b"".join(data[o : o + size] for (o, _), size in held), layout)


def samples_of_lines(lines: bytes, layout: TiffLayout) -> Samples:
    """The strips' bytes, one after the other, as samples (height, width, channels)."""
    picture = layout.picture
    dtype = np.dtype("u1" if picture.depth == 8 else layout.order + "u2")
    flat = np.frombuffer(lines, dtype)
    if layout.separate:
        return np.moveaxis(flat.reshape(3, picture.height, picture.width), 0, 2)
    return flat.reshape(picture.height, picture.width, layout.channels)


def lines_of_samples(samples: Samples, layout: TiffLayout) -> bytes:
    """The reverse of `samples_of_lines`."""
    dtype = np.dtype("u1" if layout.picture.depth == 8 else layout.order + "u2")
    ordered = np.moveaxis(samples, 2, 0) if layout.separate else samples
    return ordered.astype(dtype).tobytes()


def patch_plain(data: bytes, lines: bytes, layout: TiffLayout) -> bytes:
    """The file with other samples in its uncompressed strips."""
    changed = bytearray(data)
    start = 0
    for (offset, _), size in zip(layout.strips, layout.plain_sizes, strict=True):
        changed[offset : offset + size] = lines[start : start + size]
        start += size
    return bytes(changed)


def patch_compressed(
    data: bytes, header: TiffHeader, layout: TiffLayout, before: bytes, after: bytes, name: str
) -> bytes:
    """The file with other samples in its compressed strips.

    LZW and PackBits become deflate (8), the one compression that both Python and every
    reader of TIFF have. Strips of deflate that did not change stay as they are.

    Args:
        data: the source's file.
        header: of the source.
        layout: of the source.
        before: the source's samples, as lines.
        after: the restored samples, as lines.
        name: for messages.

    Raises:
        SourceError: the file would grow beyond what TIFF can address.
        VerificationError: a field of the new file is not the source's.
    """
    kept = layout.compression in (DEFLATE, OLD_DEFLATE)
    packed = []
    start = 0
    for (offset, size), lines in zip(layout.strips, layout.plain_sizes, strict=True):
        new = after[start : start + lines]
        if kept and new == before[start : start + lines]:
            packed.append(data[offset : offset + size])
        else:
            packed.append(zlib.compress(_predict(new, layout) if layout.predicted else new, _LEVEL))
        start += lines
    changed = bytearray(data)
    places = place_strips(changed, layout.strips, packed)
    if len(changed) + 8 * len(places) > 0xFFFFFFF0:
        raise SourceError(f"{name}: would grow beyond 4 GiB; save the scan in smaller files")
    _write_values(changed, header, t.STRIP_OFFSETS, [offset for offset, _ in places])
    _write_values(changed, header, t.STRIP_BYTES, [size for _, size in places])
    if not kept:
        _write_values(changed, header, t.COMPRESSION, [DEFLATE])
    _compare_fields(data, bytes(changed), header, name)
    return bytes(changed)


def _predict(lines: bytes, layout: TiffLayout) -> bytes:
    """Differences to the sample before, in the same channel (TIFF 6.0, section 14)."""
    dtype = np.dtype("u1" if layout.picture.depth == 8 else layout.order + "u2")
    step = 1 if layout.separate else layout.channels
    held = np.frombuffer(lines, dtype).reshape(-1, layout.line_samples)
    differences = held.copy()
    differences[:, step:] = held[:, step:] - held[:, :-step]
    return differences.tobytes()


def _write_values(changed: bytearray, header: TiffHeader, tag: int, values: list[int]) -> None:
    """Set the values of a field; where its type is too small for them, as longs."""
    entry = header.entry(tag)
    if entry is None:  # compression is 1 where it is absent, and such a file is not compressed
        raise ValueError(f"field {tag} is not there")
    place, kind = entry.place, entry.kind
    if max(values) > _CODES[kind][1]:
        kind = _LONG
        place = _entry_place(changed, header, entry) + 8
        if len(values) > 1:
            place = append(changed, bytes(4 * len(values)))
            at = _entry_place(changed, header, entry) + 8
            struct.pack_into(header.order + "I", changed, at, place)
        struct.pack_into(
            header.order + "H", changed, _entry_place(changed, header, entry) + 2, kind
        )
    struct.pack_into(f"{header.order}{len(values)}{_CODES[kind][0]}", changed, place, *values)


def _entry_place(changed: bytearray, header: TiffHeader, entry: TiffEntry) -> int:
    """Offset of a field's own 12 bytes in the directory."""
    return header.directory[0] + 2 + 12 * header.entries.index(entry)


def _compare_fields(before: bytes, after: bytes, header: TiffHeader, name: str) -> None:
    """Every field but those of the strips must be what it was, bit for bit."""
    written = parse_tiff_header(reader_of(after), len(after), name)
    tiff_layout(written, len(after), name)
    for old, new in zip(header.entries, written.entries, strict=True):
        same = (old.tag, old.kind, old.count) == (new.tag, new.kind, new.count)
        held = before[old.place : old.place + old.value_bytes]
        if old.tag not in _REPLACED and not (
            same and held == after[new.place : new.place + new.value_bytes]
        ):
            raise VerificationError(f"{name}: field {old.tag} was not carried; report this fault")
