"""Verify: an assembled reel on disk against its plan, field by field."""

from collections.abc import Sequence
from fractions import Fraction

from catalogs.errors import VerificationError
from catalogs.picture import PictureFormat
from catalogs.records import AssembledReel, Reel, RestoredShot
from catalogs.source import FrameIndex, Header
from tasks.media.check import index_frames, survey
from tasks.media.probe import probe
from tasks.media.sync import out_of_sync, streams_heard
from tasks.media.write import count_packets, written_colour, written_picture

_ROUNDING = Fraction(1, 500)  # of a rate up to 240; `_off_beat` is the sharp test

Fact = tuple[str, object, object]  # field, planned, found


def verify_reel(
    reel: Reel, restored: Sequence[RestoredShot], built: AssembledReel
) -> tuple[str, ...]:
    """Compare the files on disk with the plan; everything is decoded to its end.

    Returns:
        What was checked, in words.

    Raises:
        VerificationError: field, planned and found.
    """
    facts = _master_facts(reel, restored, built) + _copy_facts(reel, built)
    for field, planned, found in facts:
        if planned != found:
            raise VerificationError(
                f"{built.derivative_id}: {field}: planned {_short(planned)}, found {_short(found)}"
            )
    return tuple(field for field, _, _ in facts)


def _master_facts(reel: Reel, restored: Sequence[RestoredShot], built: AssembledReel) -> list[Fact]:
    header = probe(built.master)
    found = survey(built.master, header)
    frame_md5 = tuple(md5 for shot in restored for md5 in shot.frame_md5)
    index, sound, planned = found.index, found.audio, reel.content.audio
    return [
        ("frame count", len(frame_md5), len(index)),
        ("frame hashes", frame_md5, index.md5),
        ("picture", written_picture(reel.header.picture), header.picture),
        ("frame rate", reel.frame_rate, _near(reel.frame_rate, header.frame_rate)),
        ("frame times", [], _off_beat(index, header, reel.frame_rate)),
        ("colour tags", written_colour(reel.header), header.colour),
        ("aspect ratio", reel.header.sample_aspect or 1, header.sample_aspect or 1),
        ("timecode", reel.header.timecode, header.timecode),
        ("tags of the picture", dict(reel.header.picture_tags), dict(header.picture_tags)),
        ("audio samples", [a.samples for a in planned], [a.samples for a in sound]),
        ("audio hashes", [a.md5 for a in planned], [a.md5 for a in sound]),
        ("sound in sync", [], out_of_sync(planned, sound)),
    ]


def _near(planned: Fraction, found: Fraction | None) -> Fraction | None:
    """The planned rate where Matroska, which counts nanoseconds, can be read as meaning it."""
    return planned if found is not None and abs(found / planned - 1) < _ROUNDING else found


def _off_beat(index: FrameIndex, header: Header, rate: Fraction) -> list[int]:
    """Frames that are not presented at their number over the rate, to the tick of a millisecond."""
    start, tick = index.pts[0], header.time_base
    return [n for n, pts in enumerate(index.pts) if abs((pts - start) * tick - n / rate) > tick]


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
