"""Whether sound still lies where it lay beside the picture."""

from collections.abc import Sequence
from itertools import zip_longest

from catalogs.source import AudioContent

_TICK_SECONDS = 0.002  # Matroska counts in milliseconds


def out_of_sync(planned: Sequence[AudioContent], found: Sequence[AudioContent]) -> list[str]:
    """What moved, in words: streams that begin elsewhere, holes that opened or closed."""
    moved = []
    for number, (before, after) in enumerate(zip(planned, found, strict=False), start=1):
        if abs(before.offset_seconds - after.offset_seconds) > _TICK_SECONDS:
            moved.append(
                f"stream {number} begins at {after.offset_seconds:.3f} s, not "
                f"{before.offset_seconds:.3f} s"
            )
        for old, new in zip_longest(before.holes, after.holes, fillvalue=(0.0, 0.0)):
            if any(abs(a - b) > _TICK_SECONDS for a, b in zip(old, new, strict=True)):
                moved.append(f"stream {number} has a hole of {new[1]} s, not {old[1]} s")
    return moved


def streams_heard(audio: Sequence[AudioContent]) -> list[int]:
    """Numbers of the streams that hold a sample at all."""
    return [number for number, content in enumerate(audio) if content.samples]


def describe_holes(audio: Sequence[AudioContent]) -> list[str]:
    """Holes in words, a sentence a stream."""
    said = []
    for number, content in enumerate(audio, start=1):
        if content.holes:
            second, missing = content.holes[0]
            more = f" and {len(content.holes) - 1} more holes" if len(content.holes) > 1 else ""
            said.append(
                f"sound stream {number} is interrupted: {missing:.2f} s are missing at "
                f"{second:.2f} s{more}; the restored reel keeps the time stamps"
            )
    return said
