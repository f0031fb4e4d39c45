"""Numbers and times as people read them."""

from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from dashboard.timecode import timecode


def number(value: float | None) -> str:
    """Three significant digits, no exponent."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    if size < 0.001:
        return f"{value:.1g}" if size >= 0.00001 else ("<0.00001" if value > 0 else ">-0.00001")
    return f"{value:,.{digits}f}"


def count(value: int | None) -> str:
    """A whole number with its thousands set apart."""
    return "–" if value is None else f"{int(value):,}"


def percent(share: float | None) -> str:
    """A share as per cent."""
    if share is None:
        return "–"
    value = 100 * share
    if value == 0:
        return "0 %"
    return "< 0.01 %" if value < 0.01 else f"{value:.2f} %" if value < 1 else f"{value:.1f} %"


def hours(seconds: float | None) -> str:
    """Hours and minutes, or less."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    whole, minutes = divmod(minutes, 60)
    return f"{whole} h {minutes:02d} min" if whole else f"{minutes} min {rest:02d} s"


def size(octets: float | None) -> str:
    """Bytes in decimal units, as disks are sold."""
    if octets is None:
        return "–"
    value = float(octets)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.2f} TB" if value < 1000 else f"{value / 1000:.2f} PB"


def moment(value: datetime | str | None) -> str:
    """A time, UTC, to the minute."""
    if value is None:
        return "–"
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return str(value)
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def short(digest: str | None) -> str:
    """The start of a hash."""
    return "–" if not digest else digest[:12]


def rate(value: str | None) -> str:
    """A rational rate with what it comes to."""
    if not value:
        return "–"
    exact = Fraction(value)
    return f"{value} ({float(exact):.3f})" if exact.denominator > 1 else f"{exact}"


def counted(value: int, noun: str) -> str:
    """A number of things, "1 shot" or "2 shots"."""
    return f"{count(value)} {noun}" + ("" if value == 1 else "s")


FILTERS: dict[str, Callable[..., Any]] = {
    "number": number, "count": count, "percent": percent, "hours": hours, "size": size,
    "moment": moment, "short": short, "rate": rate, "timecode": timecode, "counted": counted,
}  # fmt: skip
