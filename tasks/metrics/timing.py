"""TIME: whether picture and sound are exactly as long, as fast and as far apart as they were.

Of a whole reel, `compare` counts the fields in which the two differ: number of frames, the time
of each frame, rate, offset of the sound, its sampling rate, number of samples and their hash. Of a
stretch, the metric counts frames. Any difference is a fault: unit "differences", 0 is exact.

A container counts time in ticks (Matroska usually in milliseconds), so a time that was written
again may be rounded: times, each the distance of two written ones, that differ by no more than a
tick of each side are equal. All else is compared exactly.

Source: own; it catches the commonest real cause of lips that leave the sound, a fault in joining
picture and sound, which no picture shows. Blind to: sound that was out of step in the source;
picture and sound that begin later together, which nobody sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

TIME = "TIME"  # the metric's identifier


@dataclass(frozen=True)
class Timing:
    """When the picture and the sound of a reel are heard and seen.

    Attributes:
        frames: number of frames.
        times: seconds of each frame after the first.
        rate: frames a second.
        tick: seconds per tick in which the times were written; 0 where they are exact.
        sound_offset: seconds by which the sound begins after the picture; None without sound.
        sound_rate: samples a second; None without sound.
        sound_samples: per channel; None without sound.
        sound_hash: of the samples as they decode; None without sound.
    """

    frames: int
    times: tuple[Fraction, ...]
    rate: Fraction
    tick: Fraction = Fraction(0)
    sound_offset: Fraction | None = None
    sound_rate: int | None = None
    sound_samples: int | None = None
    sound_hash: str | None = None


def compare(source: Timing, restored: Timing) -> Value:
    """The fields in which two reels differ, named in the note with what was and what is.

    Returns:
        Their number; `where` is the first frame that is not at its time.
    """
    found = list(_differences(source, restored))
    late = _first_away(source, restored)
    return Value(float(len(found)), note="; ".join(found), where=late)


def _differences(source: Timing, restored: Timing) -> Iterator[str]:
    if source.frames != restored.frames:
        yield f"{source.frames} frames became {restored.frames}"
    late = _first_away(source, restored)
    if late is not None:
        yield f"frame {late} is {_away(source, restored, late)}"
    if source.rate != restored.rate:
        yield f"{source.rate} frames a second became {restored.rate}"
    if _sound_moved(source, restored):
        yield f"the sound began at {_seconds(source)} and begins at {_seconds(restored)}"
    if source.sound_rate != restored.sound_rate:
        yield f"{source.sound_rate} samples of sound a second became {restored.sound_rate}"
    if source.sound_samples != restored.sound_samples:
        yield f"{source.sound_samples} samples of sound became {restored.sound_samples}"
    if source.sound_hash != restored.sound_hash:
        yield "the sound is not the source's own, sample by sample"


def _rounding(source: Timing, restored: Timing) -> Fraction:
    """What two times may differ by because they were written in ticks.

    A time after the first is the difference of two written times, each wrong by half a tick.
    """
    return source.tick + restored.tick


def _first_away(source: Timing, restored: Timing) -> int | None:
    """The first frame that is not at its time; None when all are."""
    allowed = _rounding(source, restored)
    pairs = zip(source.times, restored.times, strict=False)
    away = (n for n, (before, after) in enumerate(pairs) if abs(before - after) > allowed)
    fewer = min(len(source.times), len(restored.times))
    return next(away, None if len(source.times) == len(restored.times) else fewer)


def _away(source: Timing, restored: Timing, frame: int) -> str:
    if frame >= min(len(source.times), len(restored.times)):
        return "on one side only"
    return f"{1000 * float(restored.times[frame] - source.times[frame]):+.3f} ms from its time"


def _sound_moved(source: Timing, restored: Timing) -> bool:
    if source.sound_offset is None or restored.sound_offset is None:
        return source.sound_offset != restored.sound_offset
    apart = abs(source.sound_offset - restored.sound_offset)
    return apart > _rounding(source, restored)


def _seconds(timing: Timing) -> str:
    return "nothing" if timing.sound_offset is None else f"{float(timing.sound_offset):.4f} s"


def measure_time(pair: Pair) -> Value:
    """TIME of a pair: frames that one side has and the other has not."""
    lost = abs(pair.source.shape[0] - pair.restored.shape[0])
    return Value(float(lost), note="frames alone; times and sound are verified in the joined reel")


METRICS = (
    Metric(
        identifier=TIME,
        name="Picture and sound exactly in time",
        unit="differences",
        worse="higher",
        floor=0.0,
        formula="fields that differ: frames, time of each frame, rate, offset of the sound, its "
        "sampling rate, samples and their hash; of a shot, frames",
        source="own",
        blind="sound that was out of step in the source; times within the container's tick. Of a "
        "shot frames alone are counted: one with too few or too many fails before it is measured, "
        "and times and sound of a reel are verified when it is joined",
        measure=measure_time,
    ),
)
