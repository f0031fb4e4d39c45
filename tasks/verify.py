"""Verify: an assembled reel on disk against its plan, field by field."""

from collections.abc import Sequence

from catalogs.errors import VerificationError
from catalogs.records import AssembledReel, Reel, RestoredShot
from tasks.media.check import check_audio, index_frames
from tasks.media.probe import probe
from tasks.media.write import count_packets, written_colour, written_picture

_SYNC_SECONDS = 0.002  # Matroska counts in milliseconds

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
    index = index_frames(built.master, header)
    frame_md5 = tuple(md5 for shot in restored for md5 in shot.frame_md5)
    sound, planned = check_audio(built.master, header), reel.content.audio
    apart = [abs(p.offset_seconds - f.offset_seconds) for p, f in zip(planned, sound, strict=False)]
    return [
        ("frame count", len(frame_md5), len(index)),
        ("frame hashes", frame_md5, index.md5),
        ("picture", written_picture(reel.header.picture), header.picture),
        ("frame rate", reel.frame_rate, header.frame_rate),
        ("colour tags", written_colour(reel.header), header.colour),
        ("aspect ratio", reel.header.sample_aspect or 1, header.sample_aspect or 1),
        ("timecode", reel.header.timecode, header.timecode),
        ("audio samples", [a.samples for a in planned], [a.samples for a in sound]),
        ("audio hashes", [a.md5 for a in planned], [a.md5 for a in sound]),
        ("sound offset", [], [seconds for seconds in apart if seconds > _SYNC_SECONDS]),
    ]


def _copy_facts(reel: Reel, built: AssembledReel) -> list[Fact]:
    """The change map and the access copy, frame for frame."""
    header = probe(built.access_copy)
    frames = reel.content.frame_count
    return [
        ("change map frames", frames, count_packets(built.change_map)),
        ("access copy frames", frames, len(index_frames(built.access_copy, header))),
        ("access copy audio streams", min(len(reel.content.audio), 1), len(header.audio)),
    ]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:200] + "..."
