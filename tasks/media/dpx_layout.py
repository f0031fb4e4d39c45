"""Which DPX files are read, and where each sample of them lies.

A file is refused unless its samples are exactly known, by us and by ffmpeg, which decodes
them. How ffmpeg 9 understands a file was measured (`tests/test_dpx.py`), and where the
field's practice differs from the standard, it is ffmpeg's choice that is followed here:

    8, 16 bit   plain bytes and 16-bit words of the file's byte order, R G B
    10 bit      three samples in a 32-bit word; RGB from the high bits down, luma from
                the low bits up
    12 bit      filled: a 16-bit word a sample; packed: from the low bit of 32-bit words up

Lines begin on 32-bit words where the file is long enough for that, else anywhere.
"""

from dataclasses import dataclass
from typing import Literal

from catalogs.errors import SourceError
from catalogs.picture import PictureFormat
from tasks.media.dpx_header import GENERIC_BYTES, DpxHeader

Packing = Literal["packed", "filled A", "filled B"]

_CHANNELS = {6: 1, 50: 3}
_PACKINGS: dict[int, Packing] = {0: "packed", 1: "filled A", 2: "filled B"}
_FORMATS = {
    (1, 8): "gray", (1, 10): "gray10le", (1, 12): "gray12le", (1, 16): "gray16le",
    (3, 8): "gbrp", (3, 10): "gbrp10le", (3, 12): "gbrp12le", (3, 16): "gbrp16le",
}  # fmt: skip
_LARGEST_SIDE = 65536
_REWRITE = "re-write the scan as uncompressed RGB or luma DPX in one element"


@dataclass(frozen=True)
class DpxLayout:
    """Where the samples of one file lie.

    Attributes:
        offset: bytes to the first line.
        lines: runs of samples that start anew; one, where lines are not padded at all.
        line_samples: samples in a run, all channels together.
        stride: bytes from one run to the next.
        order: byte order of words, "<" or ">".
    """

    picture: PictureFormat
    packing: Packing
    order: Literal["<", ">"]
    offset: int
    lines: int
    line_samples: int
    stride: int

    @property
    def image_bytes(self) -> int:
        """Bytes that hold samples and the padding between them."""
        return self.lines * self.stride

    @property
    def channels(self) -> int:
        """1 for luma, 3 for RGB."""
        return len(self.picture.plane_shapes)


def dpx_layout(header: DpxHeader, size_bytes: int, name: str) -> DpxLayout:
    """Where the samples lie in a file of `size_bytes`.

    Raises:
        SourceError: the header asks for what is not read exactly, or the file is too
            short for it.
    """
    for refused, reason, remedy in _refusals(header):
        if refused:
            raise SourceError(f"{name}: {reason}; {remedy}")
    if (claimed := header.file_bytes or 0) > size_bytes:
        raise SourceError(
            f"{name}: is cut short: {size_bytes} bytes where its header claims {claimed}; "
            "restore it from a copy"
        )
    depth, packing = header.depth or 0, _PACKINGS[header.packing or 0]
    channels = _CHANNELS[header.descriptor or 0]
    picture = PictureFormat(header.width or 0, header.height or 0, _FORMATS[channels, depth])
    lines, samples = picture.height, picture.width * channels
    if depth == 10 and channels == 1 and _runs_over_lines(header):
        lines, samples = 1, lines * samples
    tight = _line_bytes(samples, depth, packing)
    aligned = -(-tight // 4) * 4
    there = size_bytes - header.data_offset
    stride = aligned if lines * aligned <= there else tight
    if lines * stride > there:
        raise SourceError(
            f"{name}: is cut short: {max(there, 0)} bytes of image data where the header needs "
            f"{lines * aligned}; restore it from a copy"
        )
    if stride != aligned and lines * tight != there:
        raise SourceError(
            f"{name}: {there} bytes of image data are neither {lines} lines of {tight} bytes nor "
            f"of {aligned}; {_REWRITE}"
        )
    if (header.line_padding_bytes or 0) not in (0, stride - tight):
        raise SourceError(
            f"{name}: claims {header.line_padding_bytes} bytes of padding a line where there are "
            f"{stride - tight}; {_REWRITE} without padding"
        )
    return DpxLayout(picture, packing, header.order, header.data_offset, lines, samples, stride)


def _refusals(header: DpxHeader) -> tuple[tuple[bool, str, str], ...]:
    """(refused, reason, remedy), the flat list of what is not read."""
    sides = (header.width or 0, header.height or 0)
    elsewhere = header.element_offset not in (None, 0, header.data_offset)
    return (
        (not _is_known(header.version), f"header version {header.version!r} is not V1.0 or V2.0",
         _REWRITE),
        (header.encryption_key not in (None, 0), "is encrypted", "decrypt it first"),
        (header.elements != 1, f"holds {header.elements} image elements, not one", _REWRITE),
        (header.descriptor not in _CHANNELS,
         f"descriptor {header.descriptor} is neither luma (6) nor RGB (50)", _REWRITE),
        (header.depth not in (8, 10, 12, 16), f"{header.depth} bits a sample are not read",
         "re-write the scan with 8, 10, 12 or 16"),
        (header.encoding not in (None, 0), f"encoding {header.encoding} is compressed", _REWRITE),
        (header.packing not in _PACKINGS, f"packing {header.packing} is unknown", _REWRITE),
        (header.depth == 10 and header.packing == 0, "10 bits packed without filling are not read",
         "re-write it filled (packing 1)"),
        (header.signed not in (None, 0), "holds signed samples", _REWRITE),
        (header.orientation not in (None, 0), f"orientation {header.orientation} is not upright",
         "re-write it left to right, top to bottom (0)"),
        (not all(0 < side <= _LARGEST_SIDE for side in sides),
         f"claims a picture of {sides[0]}x{sides[1]}", "restore it from a copy"),
        (header.data_offset < GENERIC_BYTES,
         f"claims image data at byte {header.data_offset}, in its own header",
         "restore it from a copy"),
        (elsewhere, f"states image data at {header.data_offset} and at {header.element_offset}",
         _REWRITE),
    )  # fmt: skip


def _is_known(version: str) -> bool:
    return version.upper() in ("V1.0", "V2.0")


def _runs_over_lines(header: DpxHeader) -> bool:
    """True for scanners that pack luma without a new word a line, as ffmpeg knows them."""
    device, creator = header.device or "", header.creator or ""
    return device.startswith("Scanity") or creator.startswith("Lasergraphics Inc.")


def _line_bytes(samples: int, depth: int, packing: Packing) -> int:
    if depth == 10:
        return -(-samples // 3) * 4
    if depth == 12 and packing == "packed":
        return -(-samples * 12 // 32) * 4
    return samples * (1 if depth == 8 else 2)
