"""Ffprobe's answer about a source, field by field."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from catalogs.errors import SourceError
from catalogs.picture import WITH_ALPHA, PictureFormat
from catalogs.source import PICTURE_TAGS, AudioHeader, ColourTags, Header

_FASTEST = 1000  # frames per second that a header may claim

_NANOSECONDS = Fraction(1, 5_000_000)

# Looked at (cropping, rotation), or a matter of the coding alone.
_SIDE_DATA_HEEDED = {"Frame Cropping", "Display Matrix", "CPB properties"}

_UNTAGGED = (None, "unknown", "unspecified", "reserved")


def header_of(found: dict[str, Any], path: Path) -> Header:
    """The header of a source, from ffprobe's JSON with streams and format.

    Raises:
        SourceError: there is no picture in it, or one that cannot be kept as it is.
    """
    streams = found.get("streams", [])
    videos = [s for s in streams if s.get("codec_type") == "video" and not _is_cover(s)]
    if len(videos) != 1:
        raise SourceError(f"{path.name}: holds {len(videos)} picture streams; exactly one is read")
    video = videos[0]
    if _rotation(video):
        raise SourceError(f"{path.name}: asks to be shown rotated; re-wrap it without rotation")
    if "pix_fmt" not in video:
        raise SourceError(f"{path.name}: no picture can be decoded; restore it from a copy")
    picture = PictureFormat.decoded_as(video["width"], video["height"], str(video["pix_fmt"]))
    return Header(
        container=found["format"]["format_name"],
        codec=video.get("codec_name", "unknown"),
        picture=picture,
        claimed_frames=_claimed_frames(video, found["format"]["format_name"]),
        frame_rate=_rate(video),
        time_base=Fraction(video["time_base"]),
        start_seconds=_start(video),
        sample_aspect=_ratio(video.get("sample_aspect_ratio")),
        field_order=_field_order(video),
        alpha=str(video["pix_fmt"]) in WITH_ALPHA,
        shown=_shown(video),
        claimed_seconds=float(found["format"].get("duration", 0)) or None,
        left_out=(
            *(_name(s) for s in streams if s is not video and _is_left_out(s)),
            *_side_data(video),
        ),
        colour=ColourTags(
            range=_tag(video, "color_range"),
            matrix=_tag(video, "color_space"),
            primaries=_tag(video, "color_primaries"),
            transfer=_tag(video, "color_transfer"),
            siting=_tag(video, "chroma_location") if picture.is_subsampled else None,
        ),
        timecode=_said(found, video, "timecode"),
        picture_tags=tuple(_picture_tags(found, video)),
        audio=audio_of(found),
    )


def audio_of(found: dict[str, Any]) -> tuple[AudioHeader, ...]:
    """The sound of a source, from ffprobe's JSON with streams."""
    streams = found.get("streams", [])
    return tuple(_audio(stream) for stream in streams if stream.get("codec_type") == "audio")


def _is_cover(stream: dict[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _is_left_out(stream: dict[str, Any]) -> bool:
    """Sound is carried, and timecode as data; nothing else is."""
    is_timecode = stream.get("codec_tag_string") == "tmcd"
    return stream.get("codec_type") != "audio" and not is_timecode


def _name(stream: dict[str, Any]) -> str:
    kind = "cover picture" if _is_cover(stream) else stream.get("codec_type", "unknown")
    codec = stream.get("codec_name") or stream.get("codec_tag_string", "")
    return f"{kind} {codec}".strip()


def _side_data(video: dict[str, Any]) -> Iterator[str]:
    """What the picture stream says in a way that FFV1 has no words for, as HDR mastering."""
    for side in video.get("side_data_list", []):
        kind = str(side.get("side_data_type", "unknown"))
        if kind not in _SIDE_DATA_HEEDED:
            yield f"side data {kind}"


def _rotation(stream: dict[str, Any]) -> bool:
    return any(side.get("rotation") for side in stream.get("side_data_list", []))


def _field_order(video: dict[str, Any]) -> str:
    """As the header says; DV has two fields, the lower first, whether it says so or not."""
    said = str(video.get("field_order", "unknown"))
    return "bb" if (video.get("codec_name"), said) == ("dvvideo", "unknown") else said


def _shown(video: dict[str, Any]) -> tuple[int, int] | None:
    """What a clean aperture leaves of the picture; every coded sample is read all the same."""
    for side in video.get("side_data_list", []):
        if side.get("side_data_type") == "Frame Cropping":
            width = video["width"] - side["crop_left"] - side["crop_right"]
            return width, video["height"] - side["crop_top"] - side["crop_bottom"]
    return None


def _ratio(text: str | None) -> Fraction | None:
    """`16:15` or `24000/1001` as a fraction; None for `0:1`, `0/0` and `N/A`."""
    numerator, _, denominator = (text or "").replace(":", "/").partition("/")
    if not numerator.isdigit() or not denominator.isdigit():
        return None
    if int(numerator) == 0 or int(denominator) == 0:
        return None
    return Fraction(int(numerator), int(denominator))


def _rate(video: dict[str, Any]) -> Fraction | None:
    """The average rate; of raw streams it is nonsense (60000/1 for DV) and the base rate holds."""
    average, base = _ratio(video.get("avg_frame_rate")), _ratio(video.get("r_frame_rate"))
    rate = base if average is None or average > _FASTEST else average
    return rate if rate is None else _snapped(rate)


def _snapped(rate: Fraction) -> Fraction:
    """Matroska counts nanoseconds a frame, which ffprobe turns into 19001/317 for 60000/1001."""
    television = Fraction(round(rate * Fraction(1001, 1000)) * 1000, 1001)
    return television if abs(rate / television - 1) < _NANOSECONDS else rate


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


def _said(found: dict[str, Any], video: dict[str, Any], name: str) -> str | None:
    """A tag of the picture stream, a timecode stream or the container."""
    others = [s for s in found["streams"] if s is not video]
    for holder in (video, *others, found["format"]):
        if said := _tags(holder).get(name):
            return said
    return None


def _tags(holder: dict[str, Any]) -> dict[str, str]:
    return {key.lower(): str(value) for key, value in holder.get("tags", {}).items()}


def _picture_tags(found: dict[str, Any], video: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What stands in the picture stream; a reel name may stand in the timecode's instead."""
    said = _tags(video) | {"reel_name": _said(found, video, "reel_name") or ""}
    for name in PICTURE_TAGS:
        if said.get(name, "") not in ("", "und"):
            yield name, said[name]


def _audio(stream: dict[str, Any]) -> AudioHeader:
    return AudioHeader(
        index=stream["index"],
        codec=stream.get("codec_name", "unknown"),
        sample_rate=int(stream.get("sample_rate", 0)),
        channels=int(stream.get("channels", 0)),
        start_seconds=_start(stream),
        sample_format=stream.get("sample_fmt", ""),
        bits=int(stream.get("bits_per_raw_sample") or stream.get("bits_per_sample") or 0),
    )
