"""The viewing proxy of a shot: source, restored and change beside each other in one file.

    source | restored | change      three panels, each padded to whole macroblocks
    number                          a strip of 16 lines: the frame's own number in black and white

All-intra H.264 in MP4, so that any frame is reached alone, and the halves cannot drift: they are
one picture. Frame n is presented at n frame durations exactly. What a browser presents and when it
says so are two things, so every picture carries its number: 24 bits, then the same 24 inverted,
each a block of 8x16 samples, the lowest bit first. Who draws the picture reads it from there.

Limits: for looking at, 8-bit 4:2:0 in BT.709 and limited range, square samples, at most 720
lines. Log and HDR pictures look flat, as in `tasks.media.still`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from catalogs.durable import partial_path, publish
from catalogs.errors import MediaError, VerificationError
from catalogs.picture import PictureFormat
from catalogs.source import ColourTags, Header
from tasks.media.probe import probe_json
from tasks.media.program import Pipe, complaints, failure, file_url, pipe
from tasks.media.still import is_full_range, matrix_of

MOST_LINES = 720
MOST_SAMPLES = 4096  # of a line of the file: what decoders of graphics cards take
NUMBER_BITS = 24
BIT_WIDTH, STRIP_LINES = 8, 16
QUALITY = 16  # constant rate factor

_BLOCK = 16  # a macroblock
_STRIP_SAMPLES = 2 * NUMBER_BITS * BIT_WIDTH


@dataclass(frozen=True)
class Panels:
    """Where the panels lie in the proxy's picture.

    Attributes:
        width: of each panel, in samples.
        height: of each panel.
        pitch: from one panel's left edge to the next.
        frame_width: of the file.
        frame_height: of the file; its last `STRIP_LINES` lines are the number.
    """

    width: int
    height: int
    pitch: int
    frame_width: int
    frame_height: int


def panels_of(picture: PictureFormat, sample_aspect: Fraction | None) -> Panels:
    """Panels for a picture: never enlarged, except to make samples square."""
    aspect = float(sample_aspect or 1)
    shown = picture.width * aspect
    scale = min(1.0, MOST_LINES / picture.height, (MOST_SAMPLES // 3 // _BLOCK * _BLOCK) / shown)
    width = max(2, round(shown * scale / 2) * 2)
    height = max(2, round(picture.height * scale / 2) * 2)
    pitch, lines = (-(-size // _BLOCK) * _BLOCK for size in (width, height))
    return Panels(width, height, pitch, max(3 * pitch, _STRIP_SAMPLES), lines + STRIP_LINES)


class ProxyWriter:
    """Takes the three pictures of a frame; `write` raises MediaError when the encoder gave up."""

    def __init__(self, encoder: Pipe, picture: PictureFormat) -> None:
        self._encoder = encoder
        self._picture = picture
        self.frame_count = 0

    def write(self, source: bytes, restored: bytes, change: bytes) -> None:
        """Hand over one frame: raw frames of the source's format, as `read_frames` yields them."""
        for raw in (source, restored, change):
            if len(raw) != self._picture.frame_bytes:
                raise ValueError(f"frame of {len(raw)} bytes is not {self._picture}")
        try:
            for raw in (source, restored, change):
                self._encoder.stream.write(raw)
        except BrokenPipeError as error:
            said = failure(self._encoder.line, None, self._encoder.stderr())
            raise MediaError(said) from error
        self.frame_count += 1


@contextmanager
def proxy_writer(target: Path, header: Header, rate: Fraction) -> Iterator[ProxyWriter]:
    """Write a proxy of frames of `header.picture`; it appears whole or not at all.

    Raises:
        MediaError: the encoder failed or complained.
        VerificationError: a frame is missing, not at its time, or not a key frame.
    """
    partial = partial_path(target)
    try:
        with pipe(_graph(partial, header, rate), feed=True) as encoder:
            writer = ProxyWriter(encoder, header.picture)
            yield writer
            if said := complaints(encoder.finish()):
                raise MediaError(f"{target.name}: the encoder complained: {said[0]}")
        _check(partial, target.name, rate, writer.frame_count)
        publish(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _graph(target: Path, header: Header, rate: Fraction) -> Any:
    picture, panels = header.picture, panels_of(header.picture, header.sample_aspect)
    frames = ffmpeg.input(
        "pipe:",
        format="rawvideo",
        pixel_format=picture.pixel_format,
        video_size=(picture.width, picture.height),
        framerate=str(3 * rate),
    )
    scaled = frames.filter(
        "scale", panels.width, panels.height, flags="area+accurate_rnd+full_chroma_int",
        **_levels(picture, header.colour),
    )  # fmt: skip
    padded = scaled.filter("format", "yuv420p").filter(
        "pad", panels.pitch, panels.frame_height - STRIP_LINES
    )
    row = padded.filter("tile", "3x1").filter("pad", panels.frame_width, 0)
    branches = _timed(row, rate).filter_multi_output("split")
    whole = ffmpeg.filter([branches[0], _strip(branches[1], panels)], "vstack").filter(
        "setparams", range="tv", colorspace="bt709", color_primaries="bt709", color_trc="bt709"
    )
    return whole.output(
        file_url(target), format="mp4", vcodec="libx264", crf=QUALITY, preset="superfast",
        tune="fastdecode", g=1, bf=0, pix_fmt="yuv420p", fps_mode="passthrough",
        movflags="+faststart", video_track_timescale=rate.numerator, fflags="+bitexact",
        threads=2, **{"enc_time_base:v": f"1/{rate.numerator}"},
    ).overwrite_output()  # fmt: skip


def _timed(frames: Any, rate: Fraction) -> Any:
    """Frame n at n frame durations, in ticks that a duration is a whole number of."""
    ticked = frames.filter("settb", f"1/{rate.numerator}")
    return ticked.filter("setpts", f"N*{rate.denominator}").filter("setsar", 1)


def _strip(frames: Any, panels: Panels) -> Any:
    """The number of each frame as a strip: a sample a bit, enlarged to blocks."""
    bit = "mod(floor(N/pow(2,mod(X,{bits}))),2)"
    level = ("255*if(lt(X,{bits})," + bit + ",1-" + bit + ")").format(bits=NUMBER_BITS)
    dots = frames.filter("crop", 2 * NUMBER_BITS, 2, 0, 0).filter("format", "gray")
    blocks = dots.filter("geq", lum=level).filter(
        "scale", _STRIP_SAMPLES, STRIP_LINES, flags="neighbor", in_range="full", out_range="tv"
    )
    return blocks.filter("format", "yuv420p").filter("pad", panels.frame_width, 0).filter(
        "setsar", 1
    )  # fmt: skip


def _levels(picture: PictureFormat, colour: ColourTags) -> dict[str, str]:
    """How code values are meant; said outright: ffmpeg takes grey for full range at any tag."""
    full = is_full_range(picture, colour)
    if picture.layout == "gray":
        return {"in_range": "full", "out_range": "limited" if full else "full"}
    known = {"in_range": "full" if full else "limited", "out_range": "limited"}
    if picture.layout != "rgb":
        known["in_color_matrix"] = matrix_of(picture, colour)
    return known | {"out_color_matrix": "bt709"}


def _check(partial: Path, name: str, rate: Fraction, frames: int) -> None:
    """Every frame is there, a key frame, and at its time."""
    answer = probe_json(
        partial, "-select_streams", "v:0", "-show_entries",
        "stream=codec_name,pix_fmt,time_base,color_space,color_range:packet=pts,flags",
    )  # fmt: skip
    stream = answer["streams"][0]
    ticks = Fraction(stream["time_base"]) * rate
    found = [(int(p["pts"]) * ticks, p["flags"][:1]) for p in answer["packets"]]
    for field, planned, seen in (
        ("frames", frames, len(found)),
        ("codec", ("h264", "yuv420p"), (stream["codec_name"], stream["pix_fmt"])),
        ("colour", ("bt709", "tv"), (stream.get("color_space"), stream.get("color_range"))),
        ("times", [(n, "K") for n in range(frames)], found),
    ):
        if planned != seen:
            raise VerificationError(f"{name}: {field} of the proxy are not as planned")
