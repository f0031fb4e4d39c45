"""Opening the picture of a source, whatever it is: a file, or an image sequence.

Reading yields the source's own samples in planes. Interleaved samples are taken apart,
which is exact; fields are woven into frames only where the operator chose so
(`Header.deinterlaced`).
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import ffmpeg

from catalogs.picture import PLANES_OF, WITH_ALPHA, PictureFormat
from catalogs.sequence import ImageSequence
from catalogs.source import Header
from tasks.media.program import file_url

# Frames that the deinterlacer must have seen before its output is what it is in a whole run.
DEINTERLACE_LEAD = 2

# Where the header says nothing and the order was seen; else each frame tells its own.
_PARITY = {"tt": "tff", "bb": "bff"}

_UNPACKED = frozenset((*PLANES_OF.values(), *WITH_ALPHA.values()))


def open_file(path: Path, picture: PictureFormat, **options: Any) -> Any:
    """The first video stream of a file, its samples in planes."""
    return in_planes(open_input(path, **options)["v:0"], picture)


def open_source(path: Path, header: Header, **options: Any) -> Any:
    """The picture of a source that is one file, its frames as they are worked on."""
    return read_as(open_input(path, **options)["v:0"], header)


def open_input(path: Path, **options: Any) -> Any:
    """A file as an input of ffmpeg, read as it is coded.

    Neither turned nor cut to a clean aperture, whatever the container asks for: what is cut
    away here would be lost. Cropping that is part of the coding (1088 lines to 1080) stays.
    """
    return ffmpeg.input(file_url(path), noautorotate=None, apply_cropping="codec", **options)


def read_as(stream: Any, header: Header) -> Any:
    """A source's video stream as it is worked on: deinterlaced if chosen, in planes."""
    if header.deinterlaced:
        parity = _PARITY.get(header.field_order, "auto")
        stream = stream.filter("bwdif", mode="send_frame", parity=parity, deint="all")
    return in_planes(stream, header.picture)


@contextmanager
def sequence_input(folder: Path, sequence: ImageSequence, start: int, stop: int) -> Iterator[Any]:
    """Frames `[start, stop)` of an image sequence as an input of ffmpeg, a frame a 1/25 s.

    Without a gap ffmpeg counts the files by itself. With one it may not: it looks for the
    last file in doubling steps and leaps over gaps, so it is given the list of files.
    """
    if not sequence.gaps:
        first = sequence.runs[0][0] + start
        url = sequence_url(folder, sequence)
        yield ffmpeg.input(url, format="image2", start_number=first, framerate=25)
        return
    with tempfile.NamedTemporaryFile("w", suffix=".ffconcat", encoding="utf-8") as listing:
        listing.write("ffconcat version 1.0\n")
        for file in islice(sequence.files(folder), start, stop):
            listing.write(f"file {quoted(file)}\nduration 0.04\n")
        listing.flush()
        yield ffmpeg.input(file_url(Path(listing.name)), format="concat", safe=0)


def quoted(path: Path) -> str:
    """A path as the concat demuxer reads it, whatever characters it holds."""
    return "'" + f"file:{path.absolute()}".replace("'", "'\\''") + "'"


def sequence_url(folder: Path, sequence: ImageSequence) -> str:
    """The files as image2's pattern; a percent sign in a name is doubled."""
    start = str(folder.absolute() / sequence.prefix) if sequence.prefix else f"{folder.absolute()}/"
    return f"file:{_escaped(start)}%0{sequence.digits}d{_escaped(sequence.suffix)}"


def alpha_plane(stream: Any) -> Any:
    """The alpha plane of a source's video stream, as grey."""
    return stream.filter("alphaextract")


def in_planes(stream: Any, picture: PictureFormat) -> Any:
    """A video stream, its interleaved samples taken apart."""
    if picture.pixel_format in _UNPACKED:
        return stream.filter("format", picture.pixel_format)
    return stream


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
