"""The header of a DPX file: SMPTE ST 268-1 (268M-2003), both byte orders.

Only fields that Wetgate acts on or reports are read; all others are carried as bytes. A
value that the standard calls undefined (all bits one, NaN) is None, never a number.
"""

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from catalogs.errors import SourceError
from tasks.media.dpx_timecode import Timecode, parse_timecode
from tasks.media.sequence_files import open_frame

HEADER_BYTES = 2048  # generic (1,664) and industry (384) header; user data follows
GENERIC_BYTES = 1664

_ORDERS: dict[bytes, Literal["<", ">"]] = {b"SDPX": ">", b"XPDS": "<"}
_UNDEFINED = {"B": 0xFF, "H": 0xFFFF, "I": 0xFFFFFFFF}


@dataclass(frozen=True)
class DpxHeader:
    """Fields of one DPX file; None where undefined. Names follow the standard.

    Attributes:
        order: "<" little endian (magic XPDS), ">" big endian (SDPX).
        data_offset: bytes from the start of the file to the image data.
        file_bytes: size of the file as the header claims it.
        descriptor: what a sample is (table 1): 6 luma, 50 RGB, 51 RGBA, ...
        transfer: transfer characteristic (table 5A); 1 is printing density.
        packing: 0 packed into 32-bit words, 1 filled (A: padding in the low bits),
            2 filled (B: padding in the high bits).
        encoding: 0 none, 1 run-length.
        element_offset: offset to the data of the first element, where stated.
        line_padding_bytes: padding after each line, as the header claims it.
        pixel_aspect: horizontal over vertical, as ST 268 states it.
        frame_position: of the film header, frame in the sequence.
        film_rate: frames a second, of the film header (offset 1724).
        television_rate: frames a second, of the television header (offset 1940).
    """

    order: Literal["<", ">"]
    data_offset: int
    version: str
    file_bytes: int | None
    generic_bytes: int | None
    industry_bytes: int | None
    encryption_key: int | None
    orientation: int | None
    elements: int | None
    width: int | None
    height: int | None
    signed: int | None
    descriptor: int | None
    transfer: int | None
    colorimetric: int | None
    depth: int | None
    packing: int | None
    encoding: int | None
    element_offset: int | None
    line_padding_bytes: int | None
    creator: str | None
    created: str | None
    device: str | None
    pixel_aspect: Fraction | None
    frame_position: int | None
    sequence_length: int | None
    film_rate: Fraction | None
    timecode: Timecode | None
    interlace: int | None
    television_rate: Fraction | None


def read_dpx_header(path: Path) -> DpxHeader:
    """Read the header of a file, 2 KiB.

    Raises:
        SourceError: not a regular file, empty, or not DPX.
    """
    with open_frame(path) as (read_at, _):
        return parse_dpx_header(read_at(0, HEADER_BYTES), path.name)


def parse_dpx_header(data: bytes, name: str) -> DpxHeader:
    """Read the header from the first 2 KiB of a file; `name` is for messages.

    Raises:
        SourceError: too short, or without the magic bytes of DPX.
    """
    order = _ORDERS.get(data[:4])
    if order is None:
        raise SourceError(
            f"{name}: does not start with SDPX or XPDS, so it is no DPX; restore it from a copy"
        )
    if len(data) < GENERIC_BYTES:
        raise SourceError(
            f"{name}: ends after {len(data)} bytes, within its header; restore it from a copy"
        )
    (data_offset,) = struct.unpack_from(order + "I", data, 4)
    fields = _Fields(data[: max(GENERIC_BYTES, min(data_offset, HEADER_BYTES))], order)
    time_word = fields.integer(1920, "I")
    return DpxHeader(
        order=order,
        data_offset=data_offset,
        version=fields.text(8, 8) or "",
        file_bytes=fields.integer(16, "I"),
        generic_bytes=fields.integer(24, "I"),
        industry_bytes=fields.integer(28, "I"),
        encryption_key=fields.integer(660, "I"),
        orientation=fields.integer(768, "H"),
        elements=fields.integer(770, "H"),
        width=fields.integer(772, "I"),
        height=fields.integer(776, "I"),
        signed=fields.integer(780, "I"),
        descriptor=fields.integer(800, "B"),
        transfer=fields.integer(801, "B"),
        colorimetric=fields.integer(802, "B"),
        depth=fields.integer(803, "B"),
        packing=fields.integer(804, "H"),
        encoding=fields.integer(806, "H"),
        element_offset=fields.integer(808, "I"),
        line_padding_bytes=fields.integer(812, "I"),
        creator=fields.text(160, 100),
        created=fields.text(136, 24),
        device=fields.text(1556, 32),
        pixel_aspect=_aspect(fields.integer(1628, "I"), fields.integer(1632, "I")),
        frame_position=fields.integer(1712, "I"),
        sequence_length=fields.integer(1716, "I"),
        film_rate=fields.rate(1724),
        timecode=None if time_word is None else parse_timecode(time_word),
        interlace=fields.integer(1928, "B"),
        television_rate=fields.rate(1940),
    )


class _Fields:
    """Fields by offset; None for one that is undefined, or beyond the header's end."""

    def __init__(self, data: bytes, order: str) -> None:
        self._data = data
        self._order = order

    def integer(self, offset: int, code: str) -> int | None:
        if offset + struct.calcsize(code) > len(self._data):
            return None
        (value,) = struct.unpack_from(self._order + code, self._data, offset)
        return None if value == _UNDEFINED[code] else int(value)

    def text(self, offset: int, count: int) -> str | None:
        held = self._data[offset : offset + count].split(b"\0")[0].rstrip(b"\xff ")
        shown = held.decode("latin-1")
        return "".join(c if c.isprintable() else "?" for c in shown) or None

    def rate(self, offset: int) -> Fraction | None:
        if offset + 4 > len(self._data):
            return None
        (value,) = struct.unpack_from(self._order + "f", self._data, offset)
        return exact_rate(value)


def exact_rate(value: float) -> Fraction | None:
    """A rate as a 32-bit float holds it, as a fraction: 23.976 is 24000/1001.

    Returns:
        None for zero, NaN, a negative value and what no film runs at (over 1,000).
    """
    if not math.isfinite(value) or not 0 < value <= 1000:
        return None
    for nominal in (24, 30, 48, 60, 120):
        slowed = Fraction(nominal * 1000, 1001)
        if abs(value - slowed) < 0.005:  # some write 23.98
            return slowed
    return Fraction(value).limit_denominator(1000) or None


def _aspect(across: int | None, down: int | None) -> Fraction | None:
    return Fraction(across, down) if across and down else None
