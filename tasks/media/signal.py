"""The signal of every frame, as ffmpeg's filter signalstats measures it.

The names and units are the filter's, which are those of QCTools: code values of the depth at
hand for levels and differences, degrees for hue, shares for TOUT, VREP and BRNG. Grey has no
chroma, so the filter is given a neutral one; its range is kept, which ffmpeg by itself does not
do above 8 bits (0..1023 became 64..937). RGB is looked at as Y'CbCr of BT.709 in limited range,
as ffmpeg converts it (white of 10 bits is 943 instead of 940).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from catalogs.errors import MediaError
from catalogs.picture import PictureFormat
from tasks.media.source import in_planes

PREFIX = "lavfi.signalstats."
LEVELS = tuple(f"{p}{q}" for p in ("Y", "U", "V") for q in ("MIN", "LOW", "AVG", "HIGH", "MAX"))
NAMES = (
    *LEVELS,
    *(f"SAT{q}" for q in ("MIN", "LOW", "AVG", "HIGH", "MAX")),
    *("HUEMED", "HUEAVG", "YDIF", "UDIF", "VDIF", "TOUT", "VREP", "BRNG"),
)

Signal = dict[str, str]  # the numbers of one frame as the filter writes them, by `NAMES`


def signal_output(video: Any, picture: PictureFormat, url: str) -> Any:
    """The output of ffmpeg that writes the signal of a file's video stream to a URL."""
    measured = (
        _with_chroma(in_planes(video, picture), picture)
        .filter("signalstats", stat="tout+vrep+brng")
        .filter("metadata", mode="print", file=url, direct=1)
    )
    return measured.output("-", format="null", fps_mode="passthrough", noautoscale=None)


def read_signals(stream: IO[bytes]) -> Iterator[Signal]:
    """The signal of every frame, from what the filter writes.

    Raises:
        MediaError: a number is missing.
    """
    signal: Signal = {}
    for line in stream:
        text = line.decode(errors="replace").strip()
        if text.startswith("frame:"):
            yield from _whole(signal)
            signal = {}
        elif text.startswith(PREFIX):
            name, _, value = text.removeprefix(PREFIX).partition("=")
            signal[name] = value
    yield from _whole(signal)


def _with_chroma(video: Any, picture: PictureFormat) -> Any:
    depth = "" if picture.depth == 8 else f"{picture.depth}le"
    if picture.layout == "gray":
        same = video.filter("scale", in_range="full", out_range="full")
        return same.filter("format", f"yuv444p{depth}")
    if picture.layout == "rgb":
        scaled = {"out_color_matrix": "bt709", "out_range": "limited", "flags": "accurate_rnd"}
        return video.filter("scale", **scaled).filter("format", f"yuv444p{depth}")
    return video


def _whole(signal: Signal) -> Iterator[Signal]:
    """The numbers of a frame, if one has begun; all of them."""
    if not signal:
        return
    if missing := [name for name in NAMES if name not in signal]:
        raise MediaError(f"signalstats says nothing of {', '.join(missing)}")
    yield {name: signal[name] for name in NAMES}
