"""Which TIFF files are read, and where the strips of samples lie (TIFF 6.0).

A file is refused unless its samples are exactly known, by us and by ffmpeg, which decodes
them: ffmpeg 9 takes tiles for strips without a word, and does not read BigTIFF at all.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from catalogs.errors import SourceError
from catalogs.picture import PictureFormat
from tasks.media import tiff_header as t
from tasks.media.tiff_header import TiffHeader

PLAIN, LZW, DEFLATE, OLD_DEFLATE, PACKBITS = 1, 5, 8, 32946, 32773

_FORMATS = {(1, 8): "gray", (1, 16): "gray16le", (3, 8): "gbrp", (3, 16): "gbrp16le"}
_LARGEST_SIDE = 65536
_SINGLE = (
    t.WIDTH, t.HEIGHT, t.COMPRESSION, t.PHOTOMETRIC, t.ORIENTATION, t.CHANNELS,
    t.ROWS_PER_STRIP, t.PLANAR, t.PREDICTOR, t.FILL_ORDER,
)  # fmt: skip
_REWRITE = "save it as gray or RGB in strips, 8 or 16 bit"


@dataclass(frozen=True)
class TiffLayout:
    """Where the samples of one file lie.

    Attributes:
        order: byte order of 16-bit samples, "<" or ">".
        separate: each channel has its own strips, R, G, B (planar configuration 2).
        predicted: samples are differences along a line (predictor 2).
        strips: (offset, bytes) of each strip in the file.
        strip_lines: lines of each strip.
    """

    picture: PictureFormat
    order: Literal["<", ">"]
    separate: bool
    compression: int
    predicted: bool
    strips: tuple[tuple[int, int], ...]
    strip_lines: tuple[int, ...]

    @property
    def channels(self) -> int:
        """1 for gray, 3 for RGB."""
        return len(self.picture.plane_shapes)

    @property
    def line_samples(self) -> int:
        """Samples in a line of a strip."""
        return self.picture.width * (1 if self.separate else self.channels)

    @property
    def plain_sizes(self) -> tuple[int, ...]:
        """Bytes of each strip without compression."""
        line_bytes = self.line_samples * self.picture.sample_bytes
        return tuple(lines * line_bytes for lines in self.strip_lines)


def tiff_layout(header: TiffHeader, size_bytes: int, name: str) -> TiffLayout:
    """Where the samples lie in a file of `size_bytes`.

    Raises:
        SourceError: the file is of a kind that is not read exactly, or contradicts itself.
    """
    for refused, reason, remedy in _refusals(header):
        if refused:
            raise SourceError(f"{name}: {reason}; {remedy}")
    channels = header.one(t.CHANNELS, 1)
    picture = PictureFormat(
        header.one(t.WIDTH, 0),
        header.one(t.HEIGHT, 0),
        _FORMATS[channels, header.one(t.BITS, 1)],
    )
    separate = channels == 3 and header.one(t.PLANAR, 1) == 2
    rows = min(header.one(t.ROWS_PER_STRIP, picture.height), picture.height)
    starts = range(0, picture.height, rows)
    lines = [min(rows, picture.height - start) for start in starts] * (3 if separate else 1)
    offsets, sizes = header.values[t.STRIP_OFFSETS], header.values[t.STRIP_BYTES]
    if not len(offsets) == len(sizes) == len(lines):
        raise SourceError(
            f"{name}: states {len(offsets)} offsets and {len(sizes)} sizes of its {len(lines)} "
            "strips; restore it from a copy"
        )
    layout = TiffLayout(
        picture,
        header.order,
        separate,
        header.one(t.COMPRESSION, PLAIN),
        header.one(t.PREDICTOR, 1) == 2,
        tuple(zip(offsets, sizes, strict=True)),
        tuple(lines),
    )
    _check_strips(layout, header, size_bytes, name)
    return layout


def _refusals(header: TiffHeader) -> tuple[tuple[bool, str, str], ...]:
    """(refused, reason, remedy), the flat list of what is not read."""
    sides = (header.one(t.WIDTH, 0), header.one(t.HEIGHT, 0))
    channels, photometric = header.one(t.CHANNELS, 1), header.one(t.PHOTOMETRIC, -1)
    bits = set(header.values.get(t.BITS, (1,)))
    counts = [header.values.get(tag, ()) for tag in (t.STRIP_OFFSETS, t.STRIP_BYTES)]
    compression, predictor = header.one(t.COMPRESSION, 1), header.one(t.PREDICTOR, 1)
    several = [tag for tag in _SINGLE if len(header.values.get(tag, (0,))) != 1]
    return (
        # Of several values, ffmpeg takes the last.
        (bool(several), f"fields {several} hold several values", "re-save it"),
        (header.next_directory != 0, "holds more than one page", "save each page as its own file"),
        (header.entry(t.TILE_OFFSETS) is not None or header.entry(t.TILE_WIDTH) is not None,
         "is tiled, which ffmpeg reads wrongly", "save it in strips"),
        (photometric == 0, "is min-is-white", "save it as min-is-black (photometric 1)"),
        (photometric not in (1, 2), f"photometric {photometric} is neither gray nor RGB", _REWRITE),
        (t.EXTRA_SAMPLES in header.values, "holds alpha or extra samples", "save it without"),
        (channels != {1: 1, 2: 3}.get(photometric), f"holds {channels} samples a pixel", _REWRITE),
        (bits not in ({8}, {16}), f"holds {sorted(bits)} bits a sample", _REWRITE),
        (set(header.values.get(t.SAMPLE_FORMAT, (1,))) != {1}, "holds signed or float samples",
         "save it with unsigned integers"),
        (header.one(t.FILL_ORDER, 1) != 1, "has its bits in reverse order", _REWRITE),
        (header.one(t.PLANAR, 1) not in (1, 2), "has an unknown planar configuration", _REWRITE),
        (header.one(t.ORIENTATION, 1) != 1,
         f"orientation {header.one(t.ORIENTATION, 1)} is not upright", "save it turned upright"),
        (compression not in (PLAIN, LZW, DEFLATE, OLD_DEFLATE, PACKBITS),
         f"compression {compression} is not read", "save it uncompressed, LZW or deflate"),
        (predictor not in (1, 2) or (predictor == 2 and compression in (PLAIN, PACKBITS)),
         f"predictor {predictor} with compression {compression} is not read", _REWRITE),
        (not all(0 < side <= _LARGEST_SIDE for side in sides),
         f"claims a picture of {sides[0]}x{sides[1]}", "restore it from a copy"),
        (not all(counts), "does not state where its strips lie", "re-save it"),
        (header.one(t.ROWS_PER_STRIP, 1) == 0, "claims strips of 0 lines", "re-save it"),
    )  # fmt: skip


def _check_strips(layout: TiffLayout, header: TiffHeader, size_bytes: int, name: str) -> None:
    """Every strip is in the file, large enough, and shares no byte with anything else."""
    strips = np.array(layout.strips, np.int64)
    if (strips.sum(1) > size_bytes).any():
        raise SourceError(
            f"{name}: is cut short: a strip lies beyond its {size_bytes} bytes; restore it from "
            "a copy"
        )
    least = np.array(layout.plain_sizes) if layout.compression == PLAIN else 1
    if (strips[:, 1] < least).any():
        raise SourceError(f"{name}: a strip is smaller than its lines; restore it from a copy")
    known = [(0, 8), header.directory]
    known += [(entry.place, entry.value_bytes) for entry in header.entries]
    others = np.array([(start, start + size) for start, size in known], np.int64)
    spans = np.column_stack((strips[:, 0], strips.sum(1)))
    spans = spans[spans[:, 0].argsort()]
    if (spans[1:, 0] < spans[:-1, 1]).any() or _overlap(spans, others):
        raise SourceError(
            f"{name}: a strip overlaps another or the file's fields; restore it from a copy"
        )


def _overlap(spans: np.ndarray, others: np.ndarray) -> bool:
    """True where one of `others` shares a byte with one of the sorted, separate `spans`."""
    before_stop = np.searchsorted(spans[:, 0], others[:, 1])  # spans that start before its end
    after_start = np.searchsorted(spans[:, 1], others[:, 0], side="right")
    return bool((before_stop > after_start).any())
