"""TIME of a joined reel: its master beside what the source was found to be.

    source, as ingested ──> frames, rate, sound ──┐
    master, decoded     ──> frames, times, sound ─┴─> differences, a part at a time

The parts are the picture and each stream of sound. The plan of the picture is exact: as many
frames as the source decoded to, frame n at n / rate; where the stamps of the source lie apart
from that, ingest held the reel or disclosed that it was conformed.

Blind to: stamps of the source that leave an even rate by less than ingest minds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest

from catalogs.records import Reel
from catalogs.source import AudioContent, AudioHeader, Header
from tasks.media.check import Survey
from tasks.metrics.metric import Value
from tasks.metrics.timing import Timing, compare

# Matroska has whole nanoseconds a frame, which ffprobe reads as a fraction of numbers up to 30000:
# of rates from 1 to 240 that is off by 1 / 60000 at the most.
_ROUNDING = Fraction(1, 50_000)

# When sound begins is the difference of two times, here and in the source, each a millisecond wide.
_SOUND_TICK = Fraction(1, 1000)


@dataclass(frozen=True)
class TimePart:
    """One part of a reel, compared.

    Attributes:
        name: "picture", "sound", or "sound 2" where there are more.
        value: the number of differences, which the note names; None where not measurable.
        rests_on: the facts of the source that it was compared with, in words.
    """

    name: str
    value: Value
    rests_on: str


def reel_time(reel: Reel, header: Header, found: Survey) -> tuple[TimePart, ...]:
    """Compare a joined reel with its source.

    Args:
        reel: the reel as ingested.
        header: of the master.
        found: what decoding the master found.

    Returns:
        The picture and each stream of sound; of a silent film sound that is not measurable.
    """
    return (_picture(reel, header, found), *_sound(reel, header, found))


def differences(parts: Sequence[TimePart]) -> list[str]:
    """All that differs, in words; empty when a reel is in time."""
    # In the reason of a reel that failed, "; " would begin the remedy.
    notes = ((part.name, part.value) for part in parts)
    return [f"{name}: {value.note.replace('; ', ', ')}" for name, value in notes if value.value]


def rate_meant(planned: Fraction, found: Fraction | None) -> Fraction | None:
    """The planned rate where what was found is how Matroska says it, else what was found."""
    return planned if found is not None and abs(found / planned - 1) < _ROUNDING else found


def _picture(reel: Reel, header: Header, found: Survey) -> TimePart:
    frames, rate = reel.content.frame_count, reel.frame_rate
    planned = Timing(frames, tuple(n / rate for n in range(frames)), rate)
    start, tick = found.index.pts[0], header.time_base
    written = Timing(
        frames=len(found.index),
        times=tuple((pts - start) * tick for pts in found.index.pts),
        rate=rate_meant(rate, header.frame_rate) or Fraction(0),
        tick=tick / 2,  # the first time is exact, so the others are wrong by half a tick
    )
    said = f"{frames} frames decoded from the source, {rate} a second by the "
    return TimePart("picture", compare(planned, written), said + reel.frame_rate_source)


def _sound(reel: Reel, header: Header, found: Survey) -> list[TimePart]:
    planned = _heard(reel.header.audio, reel.content.audio)
    written = _heard(header.audio, found.audio)
    if not planned and not written:
        return [TimePart("sound", Value.none("the source has no sound"), "")]
    pairs = zip_longest(planned, written, fillvalue=_SILENT)
    several = max(len(planned), len(written)) > 1
    return [
        TimePart(f"sound {n}" if several else "sound", compare(before, after), _samples(before))
        for n, (before, after) in enumerate(pairs, start=1)
    ]


# Of sound alone: its picture is equal to that of every other.
_SILENT = Timing(frames=0, times=(), rate=Fraction(1), tick=_SOUND_TICK)


def _heard(headers: Sequence[AudioHeader], contents: Sequence[AudioContent]) -> list[Timing]:
    return [
        Timing(
            frames=0,
            times=(),
            rate=Fraction(1),
            tick=_SOUND_TICK,
            sound_offset=Fraction(content.offset_seconds).limit_denominator(10**9),
            sound_rate=header.sample_rate,
            sound_samples=content.samples,
            sound_hash=content.md5,
        )
        for header, content in zip(headers, contents, strict=True)
    ]


def _samples(planned: Timing) -> str:
    if planned.sound_offset is None:
        return "no such sound in the source"
    return (
        f"{planned.sound_samples} samples decoded from the source, {planned.sound_rate} a second, "
        f"md5 {planned.sound_hash}, from {float(planned.sound_offset):.4f} s after the first frame"
    )
