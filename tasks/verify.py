"""Verify: an assembled reel on disk against its plan, field by field."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalogs.errors import VerificationError
from catalogs.picture import PictureFormat
from catalogs.records import AssembledReel, Reel, RestoredShot
from catalogs.source import Header
from tasks.media.check import Survey, index_frames, survey
from tasks.media.probe import probe
from tasks.media.sync import out_of_sync, streams_heard
from tasks.media.write import count_packets, written_colour, written_picture
from tasks.metrics.timing import TIME
from tasks.reel_time import TimePart, differences, rate_meant, reel_time

Fact = tuple[str, object, object]  # field, planned, found


@dataclass(frozen=True)
class Verified:
    """A reel that is on disk as it was planned.

    Attributes:
        checks: what was compared, in words.
        time: TIME of its parts: no differences, or not measurable.
    """

    checks: tuple[str, ...]
    time: tuple[TimePart, ...]


def verify_reel(
    reel: Reel,
    restored: Sequence[RestoredShot],
    built: AssembledReel,
    found: Survey | None = None,
) -> Verified:
    """Compare the files on disk with the plan; everything is decoded to its end.

    Args:
        reel: the reel.
        restored: its shots, in order.
        built: its files.
        found: what decoding the master on disk has found, where that was just done.

    Raises:
        VerificationError: field, planned and found, and all that TIME sees.
    """
    header = probe(built.master)
    found = found or survey(built.master, header)
    time = reel_time(reel, header, found)
    late = differences(time)
    facts = [
        *_master_facts(reel, restored, header, found),
        (TIME, [], late),  # the last word: none of the others may have seen it
        *_copy_facts(reel, built),
    ]
    for field, planned, seen in facts:
        if planned != seen:
            also = f" ({TIME}: {', '.join(late)})" if late and field != TIME else ""
            raise VerificationError(
                f"{built.derivative_id}: {field}: planned {_short(planned)}, found {_short(seen)}"
                f"{also}"
            )
    return Verified(tuple(field for field, _, _ in facts), time)


def _master_facts(
    reel: Reel, restored: Sequence[RestoredShot], header: Header, found: Survey
) -> list[Fact]:
    frame_md5 = tuple(md5 for shot in restored for md5 in shot.frame_md5)
    index, sound, planned = found.index, found.audio, reel.content.audio
    return [
        ("frame count", len(frame_md5), len(index)),
        ("frame hashes", frame_md5, index.md5),
        ("picture", written_picture(reel.header.picture), header.picture),
        ("frame rate", reel.frame_rate, rate_meant(reel.frame_rate, header.frame_rate)),
        ("colour tags", written_colour(reel.header), header.colour),
        ("aspect ratio", reel.header.sample_aspect or 1, header.sample_aspect or 1),
        ("timecode", reel.header.timecode, header.timecode),
        ("tags of the picture", dict(reel.header.picture_tags), dict(header.picture_tags)),
        ("audio samples", [a.samples for a in planned], [a.samples for a in sound]),
        ("audio hashes", [a.md5 for a in planned], [a.md5 for a in sound]),
        ("sound in sync", [], out_of_sync(planned, sound)),
    ]


def _copy_facts(reel: Reel, built: AssembledReel) -> list[Fact]:
    """The change map and the access copy, frame for frame."""
    header = probe(built.access_copy)
    frames, picture = reel.content.frame_count, reel.header.picture
    heard = streams_heard(reel.content.audio)
    even = PictureFormat(picture.width + picture.width % 2, picture.height + picture.height % 2,
                         "yuv420p")  # fmt: skip
    return [
        ("change map frames", frames, count_packets(built.change_map)),
        ("access copy picture", even, header.picture),
        ("access copy aspect ratio", reel.header.sample_aspect or 1, header.sample_aspect or 1),
        ("access copy frames", frames, len(index_frames(built.access_copy, header))),
        ("access copy audio streams", min(len(heard), 1), len(header.audio)),
    ]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:200] + "..."
