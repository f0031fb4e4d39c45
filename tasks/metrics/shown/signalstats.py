"""The signal of every frame as a file that QCTools opens: `NAME.qctools.xml.gz`.

    <ffprobe:ffprobe><frames><frame media_type="video" stream_index="0" pkt_pts_time="0.0416667"
        ...><tag key="lavfi.signalstats.YMIN" value="16"/>...</frame></frames>
        <streams><stream index="0" codec_type="video" .../></streams></ffprobe:ffprobe>

The form is ffprobe's XML report, gzipped. It follows what QCTools writes and reads
(`docs/data_format.md`, `Source/Core/VideoStats.cpp`, `CommonStats.cpp` and `FileInformation.cpp`
of bavc/qctools): a frame without `stream_index` is passed over; times are `pkt_pts_time` and
`pkt_duration_time`; streams come after the frames; depth is `bits_per_raw_sample`. Put beside a
video under its full name, the file is loaded with it.

Frames stand at n / rate of the reel, as its masters do, so that the file of a source and that of
its master line up. Left out: cropdetect, and field against field (MSEf, PSNRf), which says
nothing of film.

Unit: see `tasks.media.signal`. Blind to: where in the picture, and all that leaves a histogram
alone; YDIF takes motion and cuts for change. Shown, never flagged.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from xml.sax.saxutils import quoteattr

from catalogs.durable import partial_path, publish
from catalogs.errors import VerificationError
from catalogs.picture import PictureFormat
from tasks.media.signal import PREFIX, Signal

SUFFIX = ".qctools.xml.gz"
_NAMESPACE = "http://www.ffmpeg.org/schema/ffprobe"


def sidecar_of(video: Path) -> Path:
    """Where QCTools looks for the report of a video, or of a folder of pictures."""
    return video.with_name(video.name + SUFFIX)


def write_sidecar(
    target: Path,
    signals: Iterable[Signal],
    picture: PictureFormat,
    rate: Fraction,
    count: int,
) -> Path:
    """Write a report; it appears whole or not at all.

    Args:
        target: the file, usually `sidecar_of(video)`.
        signals: of every frame, in order.
        picture: size and samples.
        rate: frames a second.
        count: how many frames the reel has.

    Raises:
        VerificationError: there were more or fewer frames.
        MediaError: the signals could not be measured.
    """
    partial = partial_path(target)
    try:
        with partial.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
            written = _write(packed, signals, picture, rate)
        if written != count:
            raise VerificationError(f"{target.name}: {written} frames of a reel of {count}")
        publish(partial, target)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()
    return target


def _write(
    out: gzip.GzipFile,
    signals: Iterable[Signal],
    picture: PictureFormat,
    rate: Fraction,
) -> int:
    out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(f'<ffprobe:ffprobe xmlns:ffprobe="{_NAMESPACE}">\n<frames>\n'.encode())
    number = 0
    for signal in signals:
        out.write(_frame(number, signal, picture, rate).encode())
        number += 1
    stream = {
        "index": 0,
        "codec_type": "video",
        "width": picture.width,
        "height": picture.height,
        "pix_fmt": picture.pixel_format,
        "bits_per_raw_sample": picture.depth,
        "r_frame_rate": f"{rate.numerator}/{rate.denominator}",
        "avg_frame_rate": f"{rate.numerator}/{rate.denominator}",
        "time_base": f"{rate.denominator}/{rate.numerator}",
    }
    out.write(f"</frames>\n<streams>\n<stream{_attributes(stream)}/>\n</streams>\n".encode())
    out.write(b"</ffprobe:ffprobe>\n")
    return number


def _frame(number: int, signal: Signal, picture: PictureFormat, rate: Fraction) -> str:
    at, length = f"{float(number / rate):.7f}", f"{float(1 / rate):.7f}"
    facts = {
        "media_type": "video",
        "stream_index": 0,
        "key_frame": 1,
        "pkt_pts": number,
        "pkt_pts_time": at,
        "pts_time": at,
        "pkt_duration_time": length,
        "width": picture.width,
        "height": picture.height,
        "pix_fmt": picture.pixel_format,
        "pict_type": "I",
    }
    tags = "".join(
        f"<tag{_attributes({'key': PREFIX + name, 'value': value})}/>\n"
        for name, value in signal.items()
    )
    return f"<frame{_attributes(facts)}>\n{tags}</frame>\n"


def _attributes(facts: dict[str, object]) -> str:
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in facts.items())
