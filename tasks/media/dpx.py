"""DPX frames: what a file says, its samples, and the same file with other samples.

A restored file is its source with the bits of the samples replaced and every other bit
kept: transfer byte, rates, timecode, frame position, user data, padding, trailing bytes.
So nothing needs to be copied field by field, and an untouched frame is the same file.
"""

from pathlib import Path

import numpy as np

from catalogs.errors import SourceError
from catalogs.picture import PictureFormat
from tasks.media.dpx_header import HEADER_BYTES, DpxHeader, parse_dpx_header
from tasks.media.dpx_layout import DpxLayout, dpx_layout
from tasks.media.dpx_samples import has_stray_padding, may_stray, pack_samples, unpack_samples
from tasks.media.sequence_files import FrameFacts, open_frame, read_frame_file, write_frame_file
from tasks.media.sequence_planes import Bytes, check_planes, planes_of, samples_of


def dpx_facts(path: Path) -> FrameFacts:
    """What the header of a file says; 2 KiB are read.

    Only 10-bit RGB filled by method B is read whole: ffmpeg reads it wrongly where its
    padding bits are not zero.

    Raises:
        SourceError: not readable, not DPX, cut short, or of a kind that is not read.
    """
    with open_frame(path) as (read_at, size):
        header = parse_dpx_header(read_at(0, HEADER_BYTES), path.name)
        layout = dpx_layout(header, size, path.name)
        if may_stray(layout):
            _refuse_stray_padding(read_at(layout.offset, layout.image_bytes), layout, path.name)
    return FrameFacts(
        picture=layout.picture,
        agreed=_agreed(header, layout),
        transfer=header.transfer,
        colorimetric=header.colorimetric,
        film_rate=header.film_rate,
        television_rate=header.television_rate,
        timecode=header.timecode,
        device=header.device,
        notes=_notes(header, layout, size),
    )


def dpx_planes(source_file: Path) -> bytes:
    """The samples of a file as planes, little endian: G, B, R or gray.

    Raises:
        SourceError: as `dpx_facts`.
    """
    data, layout = _open(source_file)
    image = _image(data, layout)
    return planes_of(unpack_samples(image, layout), layout.picture)


def restore_dpx(source_file: Path, planes: bytes, picture: PictureFormat, target: Path) -> None:
    """Write the source's file with other samples; whole or not at all.

    Args:
        source_file: the frame as it was scanned; only read.
        planes: the samples, planes one after the other, little endian.
        picture: what `planes` holds; must be the source's.
        target: the new file.

    Raises:
        SourceError: as `dpx_facts`.
        StoreError: the target is the source.
        ValueError: the samples are not of the source's picture or do not fit its depth.
    """
    data, layout = _open(source_file)
    check_planes(planes, picture, layout.picture, source_file.name)
    changed = bytearray(data)
    pack_samples(_image(changed, layout), samples_of(planes, picture), layout)
    write_frame_file(target, bytes(changed), source_file)


def _open(source_file: Path) -> tuple[bytes, DpxLayout]:
    data = read_frame_file(source_file)
    header = parse_dpx_header(data[:HEADER_BYTES], source_file.name)
    layout = dpx_layout(header, len(data), source_file.name)
    if may_stray(layout):
        _refuse_stray_padding(data[layout.offset :], layout, source_file.name)
    return data, layout


def _image(data: bytes | bytearray, layout: DpxLayout) -> Bytes:
    return np.frombuffer(data, np.uint8, layout.image_bytes, layout.offset)


def _refuse_stray_padding(image: bytes, layout: DpxLayout, name: str) -> None:
    held = np.frombuffer(image, np.uint8)[: layout.image_bytes]
    if has_stray_padding(held, layout):
        raise SourceError(
            f"{name}: padding bits of 10-bit words filled by method B are not zero, which ffmpeg "
            "takes for picture; re-write it filled by method A (packing 1)"
        )


def _agreed(header: DpxHeader, layout: DpxLayout) -> tuple[tuple[str, object], ...]:
    endian = "little" if header.order == "<" else "big"
    return (
        ("width", header.width),
        ("height", header.height),
        ("bit depth", header.depth),
        ("descriptor", header.descriptor),
        ("packing", layout.packing),
        ("byte order", endian),
        ("line length in bytes", layout.stride),
        ("transfer characteristic", header.transfer),
        ("colorimetric specification", header.colorimetric),
        ("pixel aspect", header.pixel_aspect),
    )


def _notes(header: DpxHeader, layout: DpxLayout, size_bytes: int) -> tuple[str, ...]:
    claimed = header.file_bytes
    notes = []
    if claimed and claimed < size_bytes:
        notes.append("files are longer than their headers claim; the bytes beyond are kept")
    if layout.channels == 1 and layout.picture.depth == 10:
        notes.append(
            "10-bit luma: samples are taken from the low bits of each word up (ST 268, ffmpeg); "
            "a scanner that wrote them from the high bits down has its columns swapped in threes"
        )
    if header.interlace == 1:
        notes.append("the television header says interlaced; the lines are taken as one frame")
    return tuple(notes)
