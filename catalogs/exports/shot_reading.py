"""A corrected shot list, read back: `.otio`, `.edl` or `.csv` to frame ranges.

The list comes from outside and is not believed: its size and depth are bounded before it is
parsed, no file, link or entity that it names is opened, and every range is checked against
the reel. What it says beside the ranges (names, reasons, media) is not used.

Limits: one video track; a clip that is retimed keeps its own range; transitions between
clips are ignored, because a shot is whole frames of the reel.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import opentimelineio as otio  # type: ignore[import-untyped]

from catalogs.errors import CatalogError
from catalogs.exports.shot_csv import plain
from catalogs.exports.timeline import EDL_RATES, METADATA, first_frame
from catalogs.records import Reel

MOST_BYTES = 16 << 20
MOST_EDL_BYTES = 2 << 20  # 999 events, with room for comments
MOST_DEPTH = 40

# What OpenTimelineIO raises for JSON that is not what it expects, sometimes only when used.
_NOT_OTIO = (ValueError, RuntimeError, TypeError, AttributeError, LookupError)

Range = tuple[int, int]


def read_shot_list(name: str, data: bytes, reel: Reel) -> tuple[Range, ...]:
    """Half-open ranges of the reel's frames, ascending; whether they cover it is not checked.

    Args:
        name: of the file; its suffix says what it is.
        data: its content.
        reel: whose shots they should be.

    Raises:
        CatalogError: not such a list, too large, or of another reel or rate.
    """
    if len(data) > MOST_BYTES:
        raise CatalogError(f"{name}: {len(data)} bytes; a shot list has at most {MOST_BYTES}")
    readers = {"otio": _read_otio, "edl": _read_edl, "csv": _read_csv}
    suffix = name.rpartition(".")[2].lower()
    if suffix not in readers:
        raise CatalogError(f"{name}: a shot list is an .otio, .edl or .csv file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CatalogError(f"{name}: not UTF-8 text ({error}); save it as UTF-8") from error
    ranges = sorted(readers[suffix](name, text, reel))
    if not ranges:
        raise CatalogError(f"{name}: holds no shots; export a list and correct that one")
    return tuple(ranges)


def _read_csv(name: str, text: str, reel: Reel) -> list[Range]:
    head = text.partition("\n")[0]
    stream = io.StringIO(text, newline="")  # the csv module knows every kind of line end
    rows = csv.DictReader(stream, delimiter=";" if head.count(";") else ",")
    wanted = ("start_frame", "stop_frame")
    if missing := [column for column in wanted if column not in (rows.fieldnames or ())]:
        raise CatalogError(
            f"{name}: has no column {', '.join(missing)}; separate columns by , or ; and name them "
            "as `wetgate shots export` does"
        )
    try:
        return [
            _range(
                f"{name} line {rows.line_num}",
                _count(row["start_frame"]),
                _count(row["stop_frame"]),
                reel,
            )
            for row in rows
            if any(cell for cell in row.values() if cell)
        ]
    except (csv.Error, ValueError) as error:
        raise CatalogError(f"{name} line {rows.line_num}: {error}") from error


def _count(cell: str | None) -> int:
    text = plain((cell or "").strip())
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise ValueError(f"{text[:40]!r} is not a frame number")
    return int(text)


def _read_otio(name: str, text: str, reel: Reel) -> list[Range]:
    _check_depth(name, text)
    try:
        timeline = otio.core.deserialize_json_from_string(text)
        if not isinstance(timeline, otio.schema.Timeline):
            raise CatalogError(f"{name}: holds no timeline")
        _check_reel(name, timeline, reel)
        return _clip_ranges(name, timeline, reel)
    except (*_NOT_OTIO, otio.exceptions.OTIOError) as error:
        raise CatalogError(f"{name}: not an OpenTimelineIO file: {_short(error)}") from error


def _check_reel(name: str, timeline: otio.schema.Timeline, reel: Reel) -> None:
    stated = timeline.metadata.get(METADATA, {})
    other = stated.get("reel_id", reel.reel_id)
    if other != reel.reel_id:
        raise CatalogError(f"{name}: is the list of reel {str(other)[:80]}, not of {reel.reel_id}")
    if (source := stated.get("source_sha256", reel.content.sha256)) != reel.content.sha256:
        raise CatalogError(
            f"{name}: was made of another source of {reel.reel_id} (sha256 {str(source)[:64]}); "
            "export the list again and correct that one"
        )


def _check_depth(name: str, text: str) -> None:
    """A parser that follows every bracket inwards can be led past the end of its stack."""
    try:
        _measure(json.loads(text), MOST_DEPTH)
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"{name}: not an OpenTimelineIO file: {_short(error)}") from error


def _measure(value: Any, depth: int) -> None:
    if depth == 0:
        raise ValueError(f"nested more than {MOST_DEPTH} deep")
    inner: Iterable[Any] = ()
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, list):
        inner = value
    for part in inner:
        _measure(part, depth - 1)


def _read_edl(name: str, text: str, reel: Reel) -> list[Range]:
    if reel.frame_rate not in EDL_RATES:
        raise CatalogError(
            f"{name}: an EDL cannot count {reel.frame_rate} frames a second; correct an .otio "
            "or .csv list"
        )
    if len(text) > MOST_EDL_BYTES:
        raise CatalogError(f"{name}: larger than an EDL of 999 events can be")
    adapter = otio.adapters.from_name("cmx_3600")
    try:
        timeline = adapter.read_from_string(
            text,
            media_linker_name=otio.media_linker.MediaLinkingPolicy.DoNotLinkMedia,
            rate=float(reel.frame_rate),
        )
    except Exception as error:  # the adapter lets any error of its parsing through
        raise CatalogError(f"{name}: not an EDL of this reel: {_short(error)}") from error
    return _clip_ranges(name, timeline, reel)


def _clip_ranges(name: str, timeline: otio.schema.Timeline, reel: Reel) -> list[Range]:
    tracks = [t for t in timeline.tracks if getattr(t, "kind", "") == otio.schema.TrackKind.Video]
    if len(tracks) != 1:
        raise CatalogError(f"{name}: has {len(tracks)} video tracks; a shot list has one")
    clips: Sequence[Any] = [c for c in tracks[0] if not isinstance(c, otio.schema.Gap)]
    ranges = []
    for number, clip in enumerate(clips, 1):
        place = f"{name} clip {number}"
        if isinstance(clip, otio.schema.Transition):
            continue
        if not isinstance(clip, otio.schema.Clip) or clip.source_range is None:
            raise CatalogError(f"{place}: is no clip with a range of its own")
        start, length = clip.source_range.start_time, clip.source_range.duration
        _check_rate(place, (start.rate, length.rate), reel.frame_rate)
        begin = _whole(place, start.value) - first_frame(reel)
        ranges.append(_range(place, begin, begin + _whole(place, length.value), reel))
    return ranges


def _check_rate(place: str, rates: Sequence[float], rate: Fraction) -> None:
    for found in rates:
        if not abs(found - float(rate)) <= 1e-6 * float(rate):
            raise CatalogError(f"{place}: counts {found:g} frames a second, the reel has {rate}")


def _whole(place: str, value: float) -> int:
    if not abs(value) < 1e12 or value != round(value):
        raise CatalogError(f"{place}: {value:g} is not a whole number of frames")
    return round(value)


def _range(place: str, start: int, stop: int, reel: Reel) -> Range:
    if not 0 <= start < stop <= reel.content.frame_count:
        raise CatalogError(
            f"{place}: frames {start} to {stop} (the first after it) are no part of the reel's "
            f"{reel.content.frame_count}"
        )
    return start, stop


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
