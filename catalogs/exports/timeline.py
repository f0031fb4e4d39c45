"""The shot list as OpenTimelineIO, and as an EDL for rates that an EDL can express.

One timeline, one video track, a clip a shot. Ranges are in frames of the reel, counted from
the reel's first timecode where it has one, so that an editing program finds the frames in
the file by their timecode. Positions are whole numbers in a double and exact; the rate is a
double too, which no fraction like 24000/1001 is, so the exact rate stands in the metadata
and reading compares with the reel's own.

A CMX 3600 EDL knows frames only as hh:mm:ss:ff. There is no such count at 16 or 18 frames a
second, and no field that would name the rate: those reels have no EDL.
"""

from collections.abc import Sequence
from fractions import Fraction

import opentimelineio as otio  # type: ignore[import-untyped]
from opentimelineio.opentime import RationalTime, TimeRange  # type: ignore[import-untyped]

from catalogs.errors import VerificationError
from catalogs.exports.subject import ListedShot
from catalogs.records import Reel

EDL_RATES = tuple(
    Fraction(rate) for rate in ("24000/1001", "24", "25", "30000/1001", "30")
)  # what CMX 3600 was made for; its timecode has no sign for others

METADATA = "wetgate"

_DROPPING = Fraction(30000, 1001)
_DROPPED_IN_A_DAY = 2 * 54 * 24  # two numbers a minute, but for every tenth


def first_frame(reel: Reel) -> int:
    """Number of the reel's first frame by its timecode; 0 where it has none or none that counts."""
    timecode = reel.header.timecode
    if not timecode or reel.frame_rate not in EDL_RATES:
        return 0
    try:
        start = otio.opentime.from_timecode(timecode, float(reel.frame_rate))
    except ValueError:
        return 0
    return round(float(start.value))


def shots_timeline(
    reel: Reel, shots: Sequence[ListedShot], master: str, derivative_id: str = ""
) -> otio.schema.Timeline:
    """The timeline.

    Args:
        reel: whose shots they are.
        shots: in order, covering the reel once.
        master: name of the restored master, to stand beside the list; the source's if there
            is none yet.
        derivative_id: of the restored reel; empty if there is none yet.
    """
    return _timeline(reel, shots, master, derivative_id, float(reel.frame_rate))


def otio_text(timeline: otio.schema.Timeline) -> str:
    """The timeline as an `.otio` file."""
    return str(otio.adapters.write_to_string(timeline, "otio_json")) + "\n"


def edl_text(reel: Reel, shots: Sequence[ListedShot], master: str, derivative_id: str = "") -> str:
    """The shots as a CMX 3600 EDL, in the kind of timecode that the reel has.

    30000/1001 frames a second count in drop-frame timecode only where the reel's own does;
    otherwise as 30 do, which is what non-drop means. The arguments are `shots_timeline`'s.

    Raises:
        VerificationError: an EDL cannot express the rate, that many shots, or a reel whose
            timecode passes midnight.
    """
    name, rate = derivative_id or reel.reel_id, reel.frame_rate
    if rate not in EDL_RATES:
        known = ", ".join(map(str, EDL_RATES))
        raise VerificationError(
            f"{name}: an EDL counts frames as timecode, which has no {rate} frames a "
            f"second (it has {known}); export otio, which has"
        )
    if len(shots) > 999:
        raise VerificationError(f"{name}: {len(shots)} shots, an EDL numbers 999; export otio")
    drop = rate == _DROPPING and ";" in (reel.header.timecode or "")
    day = 86400 * round(rate) - (_DROPPED_IN_A_DAY if drop else 0)
    if first_frame(reel) + reel.content.frame_count >= day:
        raise VerificationError(
            f"{name}: the timecode from {reel.header.timecode} on passes midnight, where an EDL "
            "begins again; export otio"
        )
    counted = 30.0 if rate == _DROPPING and not drop else float(rate)
    timeline = _timeline(reel, shots, master, derivative_id, counted)
    text = str(otio.adapters.from_name("cmx_3600").write_to_string(timeline, rate=counted))
    title, _, events = text.partition("\n")
    return f"{title}\nFCM: {'' if drop else 'NON-'}DROP FRAME\n{events.rstrip()}\n"


def _timeline(
    reel: Reel, shots: Sequence[ListedShot], master: str, derivative_id: str, rate: float
) -> otio.schema.Timeline:
    timeline = otio.schema.Timeline(derivative_id or reel.reel_id)
    timeline.metadata[METADATA] = {
        "reel_id": reel.reel_id,
        "identifier": reel.catalog.identifier,
        "frame_rate": str(reel.frame_rate),
        "frame_count": reel.content.frame_count,
        "timecode": reel.header.timecode or "",
        "source": reel.catalog.path,
        "source_sha256": reel.content.sha256,
        "derivative_id": derivative_id,
    }
    timeline.global_start_time = RationalTime(first_frame(reel), rate)
    track = otio.schema.Track("picture", kind=otio.schema.TrackKind.Video)
    track.extend([_clip(reel, number, shot, master, rate) for number, shot in enumerate(shots)])
    timeline.tracks.append(track)
    return timeline


def _clip(reel: Reel, number: int, shot: ListedShot, master: str, rate: float) -> otio.schema.Clip:
    begin = first_frame(reel)
    available = TimeRange(RationalTime(begin, rate), RationalTime(reel.content.frame_count, rate))
    clip = otio.schema.Clip(
        name=f"shot {number + 1}",
        source_range=TimeRange(
            RationalTime(begin + shot.start_frame, rate), RationalTime(shot.frame_count, rate)
        ),
        metadata={
            METADATA: {
                "shot_id": shot.shot_id(reel.reel_id),
                "start_frame": shot.start_frame,
                "stop_frame": shot.stop_frame,
                "status": shot.status or "",
                "changed_share": shot.changed_share,
                "reason": shot.reason,
            }
        },
    )
    restored = otio.schema.ExternalReference(master, available)
    source = otio.schema.ExternalReference(reel.catalog.path, available)
    clip.set_media_references({"DEFAULT_MEDIA": restored, "source": source}, "DEFAULT_MEDIA")
    if shot.status == "original kept":
        clip.markers.append(_marker(clip.source_range, shot.reason))
    return clip


def _marker(marked: TimeRange, reason: str) -> otio.schema.Marker:
    return otio.schema.Marker(
        name="original kept",
        marked_range=marked,
        color=otio.schema.MarkerColor.RED,
        metadata={METADATA: {"reason": reason}},
    )
