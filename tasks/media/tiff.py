"""TIFF frames: what a file says, its samples, and the same file with other samples.

Carried are all bytes of the source but those of its samples (see `tiff_strips`), so also
a preview in a sub-directory, which keeps showing the frame as it was.
"""

from pathlib import Path

import ffmpeg

from catalogs.errors import MediaError, SourceError
from catalogs.picture import PictureFormat
from tasks.media.program import complaints, file_url, pipe
from tasks.media.sequence_files import (
    FrameFacts,
    open_frame,
    read_frame_file,
    reader_of,
    write_frame_file,
)
from tasks.media.sequence_planes import check_planes, planes_of, samples_of
from tasks.media.tiff_header import TiffHeader, parse_tiff_header
from tasks.media.tiff_layout import LZW, PACKBITS, PLAIN, TiffLayout, tiff_layout
from tasks.media.tiff_strips import lines_of_samples, patch_compressed, patch_plain, plain_samples


def tiff_facts(path: Path) -> FrameFacts:
    """What the header of a file says; samples are not read.

    Raises:
        SourceError: not readable, not TIFF, cut short, or of a kind that is not read.
    """
    with open_frame(path) as (read_at, size):
        header = parse_tiff_header(read_at, size, path.name)
    layout = tiff_layout(header, size, path.name)
    return FrameFacts(
        picture=layout.picture,
        agreed=(
            ("width", layout.picture.width),
            ("height", layout.picture.height),
            ("bit depth", layout.picture.depth),
            ("samples a pixel", layout.channels),
            ("planar configuration", 2 if layout.separate else 1),
            ("byte order", "little" if layout.order == "<" else "big"),
            ("colour profile", _Profile(header.profile)),
        ),
        device=header.device,
        notes=_notes(layout),
    )


def tiff_planes(source_file: Path) -> bytes:
    """The samples of a file as planes, little endian: G, B, R or gray.

    Compressed files are decoded by ffmpeg.

    Raises:
        SourceError: as `tiff_facts`, or the decoder complained.
    """
    data, _, layout = _open(source_file)
    return _planes(source_file, data, layout)


def restore_tiff(source_file: Path, planes: bytes, picture: PictureFormat, target: Path) -> None:
    """Write the source's file with other samples; whole or not at all.

    An untouched frame is the same file, whatever its compression.

    Args:
        source_file: the frame as it was scanned; only read.
        planes: the samples, planes one after the other, little endian.
        picture: what `planes` holds; must be the source's.
        target: the new file.

    Raises:
        SourceError: as `tiff_facts`, or the decoder complained.
        StoreError: the target is the source.
        ValueError: the samples are not of the source's picture.
        VerificationError: a field of the new file is not the source's.
    """
    data, header, layout = _open(source_file)
    check_planes(planes, picture, layout.picture, source_file.name)
    after = lines_of_samples(samples_of(planes, picture), layout)
    if layout.compression == PLAIN:
        data = patch_plain(data, after, layout)
    elif (held := _planes(source_file, data, layout)) != planes:
        before = lines_of_samples(samples_of(held, picture), layout)
        data = patch_compressed(data, header, layout, before, after, source_file.name)
    write_frame_file(target, data, source_file)


class _Profile(bytes):
    """An ICC profile, which a message shows by its size."""

    def __str__(self) -> str:
        return f"of {len(self)} bytes" if self else "absent"


def _open(source_file: Path) -> tuple[bytes, TiffHeader, TiffLayout]:
    data = read_frame_file(source_file)
    header = parse_tiff_header(reader_of(data), len(data), source_file.name)
    return data, header, tiff_layout(header, len(data), source_file.name)


def _planes(source_file: Path, data: bytes, layout: TiffLayout) -> bytes:
    if layout.compression == PLAIN:
        return planes_of(plain_samples(data, layout), layout.picture)
    return _decode(source_file, layout.picture)


def _decode(source_file: Path, picture: PictureFormat) -> bytes:
    """Planes by ffmpeg; `pattern_type=none`, or a `%` in the name would be a number."""
    opened = ffmpeg.input(
        file_url(source_file), format="image2", pattern_type="none", vcodec="tiff"
    )
    graph = opened["v:0"].filter("format", picture.pixel_format)
    with pipe(graph.output("pipe:", format="rawvideo", noautoscale=None), feed=False) as decoder:
        planes = decoder.stream.read()
        try:
            said = complaints(decoder.finish())
        except MediaError as error:
            said = [str(error)]
    if said or len(planes) != picture.frame_bytes:
        why = said[0] if said else f"{len(planes)} bytes came"
        raise SourceError(f"{source_file.name}: cannot be decoded: {why}; restore it from a copy")
    return planes


def _notes(layout: TiffLayout) -> tuple[str, ...]:
    if layout.compression in (LZW, PACKBITS):
        return ("compressed by LZW or PackBits; frames that change are written with deflate",)
    return ()
