"""What the header of a source claims, by ffprobe."""

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

from catalogs.errors import MediaError, SourceError
from catalogs.picture import PictureFormat
from catalogs.records import AudioHeader, ColourTags, Header
from tasks.media.program import failure, ffprobe_program, file_url

# Files that name other files, which nobody confined to the archive or hashed.
_PLAYLISTS = {"concat", "hls", "applehttp", "dash", "imf", "sdp", "rtsp", "image2", "lavfi"}

_UNTAGGED = (None, "unknown", "unspecified", "reserved")


def probe(path: Path) -> Header:
    """Read a source's header.

    Raises:
        SourceError: there is no picture in it, or one that cannot be kept as it is.
        MediaError: ffprobe cannot read it at all.
    """
    found = probe_json(path)
    container = found["format"]["format_name"]
    if _PLAYLISTS & set(container.split(",")):
        raise SourceError(f"{path.name}: a list of other files ({container}); name one of those")
    streams = found.get("streams", [])
    videos = [s for s in streams if s.get("codec_type") == "video" and not _is_cover(s)]
    if len(videos) != 1:
        raise SourceError(f"{path.name}: holds {len(videos)} picture streams; exactly one is read")
    video = videos[0]
    if _rotation(video):
        raise SourceError(f"{path.name}: asks to be shown rotated; re-wrap it without rotation")
    if "pix_fmt" not in video:
        raise SourceError(f"{path.name}: no picture can be decoded; restore it from a copy")
    return Header(
        container=container,
        codec=video.get("codec_name", "unknown"),
        picture=PictureFormat(video["width"], video["height"], _pixel_format(video)),
        claimed_frames=_claimed_frames(video, container),
        frame_rate=_rate(video),
        time_base=Fraction(video["time_base"]),
        start_seconds=_start(video),
        sample_aspect=_ratio(video.get("sample_aspect_ratio")),
        interlaced=video.get("field_order", "progressive") not in ("progressive", "unknown"),
        colour=ColourTags(
            range=_tag(video, "color_range"),
            matrix=_tag(video, "color_space"),
            primaries=_tag(video, "color_primaries"),
            transfer=_tag(video, "color_transfer"),
        ),
        timecode=_timecode(found, video),
        audio=tuple(_audio(s) for s in streams if s.get("codec_type") == "audio"),
    )


def probe_json(path: Path, *wanted: str) -> dict[str, Any]:
    """Ffprobe's answer as parsed JSON; streams and format unless told otherwise.

    Raises:
        MediaError: ffprobe failed or answered with nothing.
    """
    show = wanted or ("-show_streams", "-show_format")
    line = [ffprobe_program(), "-v", "error", "-of", "json", *show, file_url(path)]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    stderr = done.stderr.decode(errors="replace")
    if done.returncode != 0:
        raise MediaError(failure(line, done.returncode, stderr))
    answer: dict[str, Any] = json.loads(done.stdout or b"{}")
    if "format" not in answer and not wanted:
        raise MediaError(failure(line, done.returncode, stderr or "no answer"))
    return answer


def _is_cover(stream: dict[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _rotation(stream: dict[str, Any]) -> bool:
    return any(side.get("rotation") for side in stream.get("side_data_list", []))


def _ratio(text: str | None) -> Fraction | None:
    """`16:15` or `24000/1001` as a fraction; None for `0:1`, `0/0` and `N/A`."""
    numerator, _, denominator = (text or "").replace(":", "/").partition("/")
    if not numerator.isdigit() or not denominator.isdigit():
        return None
    if int(numerator) == 0 or int(denominator) == 0:
        return None
    return Fraction(int(numerator), int(denominator))


def _rate(video: dict[str, Any]) -> Fraction | None:
    return _ratio(video.get("avg_frame_rate")) or _ratio(video.get("r_frame_rate"))


def _pixel_format(video: dict[str, Any]) -> str:
    """The planes' format; 8-bit RGB in FFV1 is decoded as `bgr0`, which is `gbrp` in one plane."""
    name = str(video["pix_fmt"])
    return "gbrp" if (video.get("codec_name"), name) == ("ffv1", "bgr0") else name


def _claimed_frames(video: dict[str, Any], container: str) -> int | None:
    """The header's count of frames. MXF states a duration, in frames."""
    if video.get("nb_frames", "").isdigit():
        return int(video["nb_frames"])
    if container == "mxf" and _rate(video) == 1 / Fraction(video["time_base"]):
        return video.get("duration_ts")
    return None


def _start(stream: dict[str, Any]) -> Fraction:
    """Start time, exactly, from ticks rather than from the rounded decimal."""
    ticks = stream.get("start_pts")
    return Fraction(stream["time_base"]) * ticks if ticks is not None else Fraction(0)


def _tag(stream: dict[str, Any], name: str) -> str | None:
    value = stream.get(name)
    return None if value in _UNTAGGED else str(value)


def _timecode(found: dict[str, Any], video: dict[str, Any]) -> str | None:
    """Timecode from the picture stream, a timecode stream or the container."""
    others = [s for s in found["streams"] if s is not video]
    for holder in (video, *others, found["format"]):
        tags = {key.lower(): value for key, value in holder.get("tags", {}).items()}
        if "timecode" in tags:
            return str(tags["timecode"])
    return None


def _audio(stream: dict[str, Any]) -> AudioHeader:
    return AudioHeader(
        index=stream["index"],
        codec=stream.get("codec_name", "unknown"),
        sample_rate=int(stream.get("sample_rate", 0)),
        channels=int(stream.get("channels", 0)),
        start_seconds=_start(stream),
    )
