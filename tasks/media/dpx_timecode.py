"""SMPTE timecode as DPX headers hold it, and whether it runs on from frame to frame."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple


class Timecode(NamedTuple):
    """A time address, SMPTE ST 12-1; `drop` where frame numbers are dropped."""

    hours: int
    minutes: int
    seconds: int
    frames: int
    drop: bool = False

    def __str__(self) -> str:
        separator = ";" if self.drop else ":"
        clock = f"{self.hours:02d}:{self.minutes:02d}:{self.seconds:02d}"
        return f"{clock}{separator}{self.frames:02d}"

    def count(self, base: int) -> int:
        """Frames since 00:00:00:00, at `base` frame numbers a second.

        Drop-frame skips two numbers at 30 a second, four at 60, on every minute that is not
        a multiple of ten (ST 12-1, section 5.2.2).
        """
        minutes = 60 * self.hours + self.minutes
        dropped = (minutes - minutes // 10) * (base // 15) if self.drop else 0
        return (60 * minutes + self.seconds) * base + self.frames - dropped


def parse_timecode(word: int) -> Timecode | None:
    """Four BCD pairs HHMMSSFF in a 32-bit word, flag bits of ST 12-1 masked out.

    Returns:
        None where the word is undefined (all ones) or is not a time of day.
    """
    if word == 0xFFFFFFFF:
        return None
    masks = ((24, 0x3F), (16, 0x7F), (8, 0x7F), (0, 0x3F))
    pairs = [(word >> shift) & mask for shift, mask in masks]
    if any(pair & 15 > 9 for pair in pairs):
        return None
    hours, minutes, seconds, frames = ((pair >> 4) * 10 + (pair & 15) for pair in pairs)
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return Timecode(hours, minutes, seconds, frames, bool(word & 0x40))


def timecode_breaks(
    codes: Sequence[Timecode], numbers: Sequence[int], rates: Iterable[Fraction | None]
) -> list[int]:
    """Places where the timecode does not run on: indices of the frames after the break.

    It runs on when it advances by one, or by as much as the file numbers do (a gap in the
    files is a gap in time). The count of frames in a second is the one, of the header's
    rates and the usual ones, that leaves the fewest breaks.
    """
    seen = max(code.frames for code in codes) + 1
    stated = {round(rate) for rate in rates if rate is not None}
    bases = sorted({base for base in stated | {seen, 24, 25, 30} if base >= seen})
    return min((_breaks(codes, numbers, base) for base in bases), key=len)


def _breaks(codes: Sequence[Timecode], numbers: Sequence[int], base: int) -> list[int]:
    counts = [code.count(base) for code in codes]
    steps = zip(counts, counts[1:], numbers, numbers[1:], strict=False)
    return [
        index
        for index, (before, after, first, second) in enumerate(steps, start=1)
        if after - before not in (1, second - first)
    ]
