"""Timecode of a reel's frames (SMPTE ST 12-1), as the player counts it (static/player/timecode.js).

In whole frames at the nearest whole rate, from the reel's first timecode; with dropped numbers
where that has a semicolon or a point and the rate is near 30 or 60.
"""

import re
from fractions import Fraction

from tasks.media.dpx_timecode import Timecode

_WRITTEN = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})[:;.](\d{1,3})")


def timecode(frame: int, rate: str | None, first: str | None) -> str:
    """The timecode of a frame.

    Args:
        frame: of the reel, from 0.
        rate: frames a second, as a rational number; nothing is said without it.
        first: timecode of the reel's first frame; zero where it has none.
    """
    if not rate:
        return ""
    base = max(1, round(float(Fraction(rate))))
    is_dropped = bool(re.search("[;.]", first or "")) and base % 30 == 0
    number = _first(first or "", base, is_dropped) + frame
    if is_dropped:
        number += _dropped(number, base)
    seconds, frames = divmod(number, base)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return str(Timecode(hours % 24, minutes, seconds, frames, is_dropped))


def _first(text: str, base: int, is_dropped: bool) -> int:
    """Count of the first frame; 0 where its timecode is none."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return 0
    hours, minutes, seconds, frames = map(int, found.groups())
    if minutes > 59 or seconds > 59 or frames >= base:
        return 0
    return Timecode(hours, minutes, seconds, frames, is_dropped).count(base)


def _dropped(frame: int, base: int) -> int:
    """Numbers that are left out up to a frame."""
    drop = base // 15
    tens, rest = divmod(frame, base * 600 - 9 * drop)
    minutes = (rest - drop) // (base * 60 - drop) if rest >= drop else 0
    return drop * (9 * tens + minutes)
