"""TIME: whether picture and sound are exactly as long, as fast and as far apart as they were.

Of a whole reel, `compare` counts the fields in which the two differ: number of frames, the time
of each frame, rate, offset of the sound, number of samples of sound and their hash. Of a stretch,
the metric counts frames. Any difference is a fault: unit "differences", 0 is exact.

Source: own; it catches the commonest real cause of lips that leave the sound, a fault in joining
picture and sound, which no picture shows. Blind to: sound that was out of step in the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair


@dataclass(frozen=True)
class Timing:
    """When the picture and the sound of a reel are heard and seen.

    Attributes:
        frames: number of frames.
        times: seconds of each frame after the first.
        rate: frames a second.
        sound_offset: seconds by which the sound begins after the picture; None without sound.
        sound_samples: per channel; None without sound.
        sound_hash: of the samples as they decode; None without sound.
    """

    frames: int
    times: tuple[Fraction, ...]
    rate: Fraction
    sound_offset: Fraction | None = None
    sound_samples: int | None = None
    sound_hash: str | None = None


def compare(source: Timing, restored: Timing) -> Value:
    """The fields in which two reels differ, named in the note with what was and what is."""
    found = list(_differences(source, restored))
    return Value(float(len(found)), note="; ".join(found))


def _differences(source: Timing, restored: Timing) -> Iterator[str]:
    if source.frames != restored.frames:
        yield f"{source.frames} frames became {restored.frames}"
    if source.times != restored.times:
        yield f"frame {_first(source.times, restored.times)} is not at its time"
    if source.rate != restored.rate:
        yield f"{source.rate} frames a second became {restored.rate}"
    if source.sound_offset != restored.sound_offset:
        yield f"the sound began at {_seconds(source)} and begins at {_seconds(restored)}"
    if source.sound_samples != restored.sound_samples:
        yield f"{source.sound_samples} samples of sound became {restored.sound_samples}"
    if source.sound_hash != restored.sound_hash:
        yield "the sound is not the source's own, sample by sample"


def _first(before: tuple[Fraction, ...], after: tuple[Fraction, ...]) -> int:
    same = (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b)
    return next(same, min(len(before), len(after)))


def _seconds(timing: Timing) -> str:
    return "nothing" if timing.sound_offset is None else f"{float(timing.sound_offset):.4f} s"


def measure_time(pair: Pair) -> Value:
    """TIME of a pair: frames that one side has and the other has not."""
    return Value(float(abs(pair.source.shape[0] - pair.restored.shape[0])))


METRICS = (
    Metric(
        identifier="TIME",
        name="Picture and sound exactly in time",
        unit="differences",
        worse="higher",
        floor=0.0,
        formula="fields that differ: frames, time of each frame, rate, offset of the sound, its "
        "samples and their hash; of a shot, frames",
        source="own",
        blind="sound that was out of step in the source",
        measure=measure_time,
    ),
)
