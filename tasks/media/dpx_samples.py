"""Samples into and out of the words of a DPX file (ST 268-1, annex C; see `dpx_layout`).

Packing changes a sample's own bits and no others: padding bits, spare samples at the end
of a line and padding after it stay what they were.
"""

import numpy as np

from tasks.media.dpx_layout import DpxLayout
from tasks.media.sequence_planes import Bytes, Samples


def unpack_samples(image: Bytes, layout: DpxLayout) -> Samples:
    """Samples of `image_bytes` bytes, shaped (height, width, channels)."""
    lines = image.reshape(layout.lines, layout.stride)
    depth, count = layout.picture.depth, layout.line_samples
    if depth == 8:
        samples: Samples = lines[:, :count]
    elif depth == 10:
        words = lines.view(layout.order + "u4")
        triples = np.empty((*words.shape, 3), np.uint16)
        for place, shift in enumerate(_shifts10(layout)):
            triples[..., place] = (words >> shift) & 0x3FF
        samples = triples.reshape(layout.lines, -1)[:, :count]
    elif depth == 12 and layout.packing == "packed":
        samples = _unpack12(_little_words(lines, layout))[:, :count]
    else:
        words = lines[:, : 2 * count].view(layout.order + "u2")
        samples = words if depth == 16 else (words >> _shift12(layout)) & 0xFFF
    return samples.reshape(layout.picture.height, layout.picture.width, layout.channels)


def pack_samples(image: Bytes, samples: Samples, layout: DpxLayout) -> None:
    """Put samples, shaped (height, width, channels), into `image` in place."""
    lines = image.reshape(layout.lines, layout.stride)
    runs = samples.reshape(layout.lines, layout.line_samples)
    depth, count = layout.picture.depth, layout.line_samples
    if depth == 8:
        lines[:, :count] = runs
    elif depth == 10:
        _pack10(lines, runs, layout)
    elif depth == 12 and layout.packing == "packed":
        words = _little_words(lines, layout)
        _pack12(words, runs)
        lines[:] = _little_words(words, layout)
    else:
        words = lines[:, : 2 * count].view(layout.order + "u2")
        shift = _shift12(layout)
        words[:] = runs if depth == 16 else (words & ~np.uint16(0xFFF << shift)) | (runs << shift)


def has_stray_padding(image: Bytes, layout: DpxLayout) -> bool:
    """True where the two top bits of a word are set, in a file that `may_stray`.

    ffmpeg 9.0 takes them for bits of the third sample (measured in `tests/test_dpx.py`).
    """
    top_bytes = image[3 if layout.order == "<" else 0 :: 4]
    return bool((top_bytes & 0xC0).any())


def may_stray(layout: DpxLayout) -> bool:
    """True for the one kind of file whose padding bits must be looked at."""
    return (layout.picture.pixel_format, layout.packing) == ("gbrp10le", "filled B")


def _shifts10(layout: DpxLayout) -> tuple[int, int, int]:
    """Places of the three samples of a word."""
    low = 2 if layout.packing == "filled A" else 0
    return (low + 20, low + 10, low) if layout.channels == 3 else (low, low + 10, low + 20)


def _shift12(layout: DpxLayout) -> int:
    """Filled A has its padding in the low bits; packed is handled elsewhere."""
    return 4 if layout.packing == "filled A" else 0


def _pack10(lines: Bytes, runs: Samples, layout: DpxLayout) -> None:
    words = lines.view(layout.order + "u4")
    for place, shift in enumerate(_shifts10(layout)):
        part = runs[:, place::3].astype(np.uint32) << np.uint32(shift)
        held = words[:, : part.shape[1]]  # the last word of a line may be filled in part
        held[:] = (held & ~np.uint32(0x3FF << shift)) | part


def _little_words(lines: Bytes, layout: DpxLayout) -> Bytes:
    """The same words in little-endian bytes, so that bit n of a line is bit n of its bytes."""
    if layout.order == "<":
        return lines.copy()
    return lines.view("u4").byteswap().view("u1")


def _unpack12(words: Bytes) -> Samples:
    """Two samples in three bytes; the last three bytes of a line may be cut short."""
    whole = np.zeros((len(words), -(-words.shape[1] // 3) * 3), np.uint16)
    whole[:, : words.shape[1]] = words
    first, second, third = whole[:, 0::3], whole[:, 1::3], whole[:, 2::3]
    pairs = np.empty((*first.shape, 2), np.uint16)
    pairs[..., 0] = first | (second & 0xF) << 8
    pairs[..., 1] = second >> 4 | third << 4
    return pairs.reshape(len(words), -1)


def _pack12(words: Bytes, runs: Samples) -> None:
    even, odd = runs[:, 0::2], runs[:, 1::2]
    firsts, seconds, thirds = words[:, 0::3], words[:, 1::3], words[:, 2::3]
    middle = seconds[:, : even.shape[1]]
    firsts[:, : even.shape[1]] = even & 0xFF
    middle[:] = (middle & 0xF0) | (even >> 8).astype(np.uint8)
    middle = seconds[:, : odd.shape[1]]
    middle[:] = (middle & 0x0F) | ((odd & 0xF) << 4).astype(np.uint8)
    thirds[:, : odd.shape[1]] = odd >> 4
