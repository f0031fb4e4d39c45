"""Restored frames into FFV1 in Matroska: level 3, intra only, slices with CRC.

FFV1 version 3 is standardised as RFC 9043. The file appears at its final path only after
the encoder ended well and the packets were counted; anything else leaves nothing behind.
"""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from catalogs.durable import partial_path, publish
from catalogs.errors import MediaError, VerificationError
from catalogs.picture import PictureFormat
from catalogs.source import ColourTags, Header
from tasks.media.probe import probe, probe_json
from tasks.media.program import Pipe, complaints, failure, file_url, pipe

_FULL_RANGE = {"yuvj420p": "yuv420p", "yuvj422p": "yuv422p", "yuvj444p": "yuv444p"}


class FrameWriter:
    """Takes frames one by one; `write` raises MediaError when the encoder gave up."""

    def __init__(self, encoder: Pipe, picture: PictureFormat) -> None:
        self._encoder = encoder
        self._picture = picture
        self.frame_count = 0

    def write(self, frame: bytes) -> None:
        """Hand over one frame: `picture.frame_bytes` bytes, as `read_frames` yields them."""
        if len(frame) != self._picture.frame_bytes:
            raise ValueError(f"frame of {len(frame)} bytes is not {self._picture}")
        try:
            self._encoder.stream.write(frame)
        except BrokenPipeError as error:
            status = self._encoder.ended()
            said = failure(self._encoder.line, status, self._encoder.stderr())
            raise MediaError(said) from error
        self.frame_count += 1


@contextmanager
def ffv1_writer(target: Path, header: Header, rate: Fraction) -> Iterator[FrameWriter]:
    """Write frames of `header.picture` to `target`, carrying colour tags and aspect.

    Raises:
        MediaError: the encoder failed or complained.
        VerificationError: the file holds another number of frames than were written.
    """
    partial = partial_path(target)
    try:
        with pipe(_encode_graph(partial, header, rate), feed=True) as encoder:
            writer = FrameWriter(encoder, header.picture)
            yield writer
            if said := complaints(encoder.finish()):
                raise MediaError(f"{target.name}: the encoder complained: {said[0]}")
        _check_written(partial, target, header, writer.frame_count)
        publish(partial, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()


def _check_written(partial: Path, target: Path, header: Header, frames: int) -> None:
    """Compare the file with the plan, field by field."""
    found = probe(partial)
    tags = written_colour(header)
    for field, planned, seen in (
        ("frames", frames, count_packets(partial)),
        ("codec", "ffv1", found.codec),
        ("picture", written_picture(header.picture), found.picture),
        ("colour tags", replace(tags, range=_encoded_range(header)), found.colour),
        ("aspect ratio", header.sample_aspect or 1, found.sample_aspect or 1),
    ):
        if planned != seen:
            raise VerificationError(f"{target.name}: {field}: planned {planned}, found {seen}")


def _encoded_range(header: Header) -> str | None:
    """The range in a shot's own file; `join_shots` writes the true one."""
    if header.picture.pixel_format == "gbrp":
        return "pc"  # `bgr0` is always full range
    return "tv" if header.picture.layout.startswith("yuv") else written_colour(header).range


def written_picture(picture: PictureFormat) -> PictureFormat:
    """The format that a written file reports: `yuvj...` is `yuv...` tagged full range."""
    name = _FULL_RANGE.get(picture.pixel_format, picture.pixel_format)
    return PictureFormat(picture.width, picture.height, name)


def written_colour(header: Header) -> ColourTags:
    """The colour tags that a written file must carry."""
    tags = header.colour
    full = header.picture.pixel_format in _FULL_RANGE
    matrix = "gbr" if header.picture.layout == "rgb" else tags.matrix  # FFV1 says so itself
    return replace(tags, range="pc" if full else tags.range, matrix=matrix)


def count_packets(path: Path) -> int:
    """Packets of the picture stream, counted, not computed."""
    answer = probe_json(path, "-select_streams", "v:0", "-count_packets", "-show_streams")
    return int(answer["streams"][0]["nb_read_packets"])


def slice_count(picture: PictureFormat) -> int:
    """FFV1 slices: 4 up to standard definition, 16 up to 2K, 24 above, or near it.

    ffmpeg refuses a grid of slices that would cut a chroma sample of an odd size in two.
    """
    wanted = 4 if picture.height <= 576 else 16 if picture.height <= 1556 else 24
    luma, chroma = picture.plane_shapes[0], picture.plane_shapes[-1]
    grids = [
        down * across
        for down in range(2, 9)
        for across in range(down, 2 * down + 1)
        if _divides(luma[0], chroma[0], down) and _divides(luma[1], chroma[1], across)
    ]
    return min(grids, key=lambda count: abs(count - wanted), default=wanted)


def _divides(size: int, chroma_size: int, parts: int) -> bool:
    """True when the last of the parts ends on a whole chroma sample."""
    last = size - size * (parts - 1) // parts
    return chroma_size == size or size % 2 == 0 or last % 2 == 1


def _encode_graph(target: Path, header: Header, rate: Fraction) -> Any:
    picture = written_picture(header.picture)
    source = ffmpeg.input(
        "pipe:",
        format="rawvideo",
        pixel_format=picture.pixel_format,
        video_size=(picture.width, picture.height),  # ffmpeg-python splits a string
        framerate=str(rate),
    )
    tagged = tag_picture(source, header)
    return tagged.output(
        file_url(target),
        format="matroska",
        fflags="+bitexact",  # no random identifiers: equal frames give equal files
        vcodec="ffv1",
        level=3,
        coder=1,
        context=0,
        g=1,
        slices=slice_count(picture),
        slicecrc=1,
        pix_fmt="bgr0" if picture.pixel_format == "gbrp" else picture.pixel_format,
        fps_mode="passthrough",
    ).overwrite_output()


def tag_picture(stream: Any, header: Header) -> Any:
    """Set colour tags and aspect on a stream; output flags alone leave tags unknown.

    The FFV1 encoder takes YUV in limited range only: tagged full range, ffmpeg converts
    every sample on the way to it without a word. So YUV is passed off as limited here,
    and `join_shots` writes the true range while copying the stream.
    """
    tags = written_colour(header)
    is_yuv = header.picture.layout.startswith("yuv")
    named = {
        "range": (_encoded_range(header) if is_yuv else tags.range) or "unknown",
        "colorspace": tags.matrix,
        "color_primaries": tags.primaries,
        "color_trc": tags.transfer,
        "chroma_location": tags.siting,
    }
    stream = stream.filter("setparams", **{name: tag for name, tag in named.items() if tag})
    if header.sample_aspect is not None:
        # `max` bounds the terms; its default of 100 turns 128/117 into 93/85.
        stream = stream.filter("setsar", str(header.sample_aspect), max=2**31 - 1)
    return stream
