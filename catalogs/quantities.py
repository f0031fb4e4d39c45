"""Dates, durations, reel numbers and frame numbers as catalogs write them.

A parser returns the value and whether it is in doubt; what it cannot read is an error.
"""

import re
from datetime import date
from fractions import Fraction

from catalogs.errors import CatalogError
from catalogs.sequence import Runs
from catalogs.vocabulary import only_one

ReelNumber = tuple[int, int | None]  # N of M; M is None where only N is written

ANY_FRAME: Runs = ((0, 10**9 - 1),)

_ABOUT = r"(?:ca?\.?|circa|approx\.?|approximately|about|around|etwa|um|env\.?|vers|noin|n\.)\s+"
_ABOUT_BEFORE = re.compile(rf"^(?:{_ABOUT}|ca?\.(?=[0-9])|~\s*)", re.IGNORECASE)
_GUESS_BEFORE = re.compile(r"^(?:probably|possibly|presumably|vermutlich|wohl)\s+", re.IGNORECASE)
_GUESS_AFTER = re.compile(r"(?:\s|\?|\(\?\)|\[\?\])*$")

_OF = r"(?:(?:out\s+)?of|/|von|de|sur|av)"
_REEL = re.compile(rf"^([0-9]{{1,4}})(?:\s*{_OF}\s*([0-9]{{1,4}}))?$")
_REEL_INSIDE = re.compile(
    r"(?<![^\W_])(?:reel|roll|rl\.?|r|part|pt\.?|rolle|akt|teil|bobine|rulla|osa)[ .#_-]*"
    r"([0-9]{1,4})(?![0-9a-z])"
    r"(?!\s*(?:[-\u2013,;&+]|and|und|et|to|bis)\s*[0-9])"  # "Reels 1-3" is no one reel
    rf"(?:\s*\(?{_OF}\s*([0-9]{{1,4}})(?![0-9]))?",
    re.IGNORECASE,
)

_YEAR = re.compile(r"^([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?([?~%]?)$")
_DAY_FIRST = re.compile(r"^([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})$")
_YEARS = re.compile(r"^([0-9]{4}[?~%]?)\s*[-/\u2013]\s*([0-9]{4}[?~%]?)$")
_CHOICE = re.compile(r"^([0-9]{4})(?:\s*(?:,|;|or|oder|ou|tai)\s*([0-9]{4}))+$")
_DECADE = re.compile(r"^(?:(?:late|early|mid)[ -])?([0-9]{3})(?:0s|0er|0er jahre|[xX]|-)$")

_CLOCK = re.compile(
    r"^(?:([0-9]{1,3}):)?([0-9]{1,3}):([0-9]{1,2})(\.[0-9]{1,6})?([:;][0-9]{1,2})?$"
)
_ISO = re.compile(r"^PT(?:([0-9]{1,3})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,6}(?:\.[0-9]{1,6})?)S)?$")
_UNITS = re.compile(
    r"^(?:([0-9]{1,3})\s*(?:h|hrs?|hours?|std)\.?)?"
    r"\s*(?:([0-9]{1,5})\s*(?:min(?:utes|uten|s)?|')\.?)?"
    r"\s*(?:([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*(?:seconds|sec|sek|s|\"|'')\.?)?$"
)
# "300 m" is a length: m are minutes only between hours and seconds.
_LETTERS = re.compile(
    r"^(?:([0-9]{1,3})\s*h\s*([0-9]{1,2})(?:\s*m)?(?:\s*([0-9]{1,2})\s*s)?|"
    r"([0-9]{1,5})\s*m\s*([0-9]{1,2})\s*s)$"
)
_MILLISECONDS = re.compile(r"^([0-9]{1,12})(?:\.0)?\s*ms$")
_NUMBERS = re.compile(r"^([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?$")


def split_doubt(text: str) -> tuple[str, bool]:
    """A text without its `?`, `ca.` and `[ ]`, and whether it had any."""
    bare = _GUESS_AFTER.sub("", text.strip())
    if bare.startswith("[") and bare.endswith("]"):
        bare = _GUESS_AFTER.sub("", bare[1:-1].strip())
    bare = _GUESS_BEFORE.sub("", _ABOUT_BEFORE.sub("", bare)).strip()
    return bare, bare != text.strip()


def parse_reel(text: str) -> tuple[ReelNumber, bool]:
    """`1 of 3`, `1/3`, or `1` where the catalog does not say how many there are."""
    match = _REEL.match(text.strip())
    if not match or not _is_reel(match[1], match[2]):
        raise CatalogError(f"field reel {text!r} is not 'N of M'; write for instance '1 of 3'")
    return (int(match[1]), int(match[2]) if match[2] else None), False


def find_reel(text: str) -> ReelNumber | None:
    """The one reel that a note speaks of: `r1 of 1`, `Part 1`; "of M" wins over a bare number."""
    found = [
        (int(match[1]), int(match[2]) if match[2] else None)
        for match in _REEL_INSIDE.finditer(text)
        if _is_reel(match[1], match[2])
    ]
    return only_one(r for r in found if r[1]) or only_one(found)


def parse_date(text: str) -> tuple[str, bool]:
    """A date as EDTF: `ca. 1950` is `1950~`, `1910-1912` is `1910/1912`, `1970s` is `197X`."""
    bare, doubted = split_doubt(text)
    about = bool(_ABOUT_BEFORE.match(text.strip().lstrip("[").strip()))
    mark = ("~" if about else "?") if doubted else ""
    lower = bare.lower()
    if match := _YEAR.match(bare):
        plain = bare.rstrip("?~%")
        if _is_date(match[1], match[2], match[3]):
            return plain + (match[4] or mark), doubted or bool(match[4])
    elif match := _DAY_FIRST.match(bare):
        day, month = match[1].zfill(2), match[2].zfill(2)
        if _is_date(match[3], month, day):
            return f"{match[3]}-{month}-{day}{mark}", doubted
    elif match := _YEARS.match(bare):
        if match[1][:4] <= match[2][:4]:
            both = about or text.strip().startswith("[")  # "1910-1912?" doubts only the end
            first = match[1] if match[1][4:] or not both else match[1] + mark
            last = match[2] if match[2][4:] else match[2] + mark
            return f"{first}/{last}", doubted or not (match[1] + match[2]).isdigit()
    elif _CHOICE.match(lower):
        return f"[{','.join(re.findall('[0-9]{4}', bare))}]", True
    elif match := _DECADE.match(lower):
        return f"{match[1]}X", True
    raise CatalogError(f"field date {text!r} is not a date; write for instance 1906 or 1950?")


def parse_duration(text: str) -> tuple[Fraction, bool]:
    """Seconds from `0:29:09`, `29 min`, `29' 9"`, `PT29M9S` or `1749000 ms`.

    In doubt where digits are missing (`0:29:9`) or frames are left out (`00:29:09:12`).
    """
    plain = text.strip()
    if match := _CLOCK.match(plain):
        hours, minutes, seconds = (int(part or 0) for part in match.groups()[:3])
        if seconds < 60 and (minutes < 60 or not match[1]):
            total = 3600 * hours + 60 * minutes + seconds + Fraction(match[4] or 0)
            return _positive(text, total), len(match[3]) < 2 or bool(match[5])
    elif match := _MILLISECONDS.match(plain):
        return _positive(text, Fraction(int(match[1]), 1000)), False
    elif match := _LETTERS.match(plain.lower()):
        hours, minutes, seconds = (int(match[n] or 0) for n in (1, 2, 3))
        minutes, seconds = minutes + int(match[4] or 0), seconds + int(match[5] or 0)
        return _positive(text, Fraction(3600 * hours + 60 * minutes + seconds)), False
    elif match := _ISO.match(plain) or _UNITS.match(plain.lower()):
        hours, minutes = int(match[1] or 0), int(match[2] or 0)
        return _positive(text, 3600 * hours + 60 * minutes + Fraction(match[3] or 0)), False
    raise _no_duration(text)


def parse_missing_frames(text: str) -> tuple[Runs, bool]:
    """File numbers: `100-104, 220`, or `any` where gaps are known of but not which."""
    if text.strip().lower() == "any":
        return ANY_FRAME, False
    runs: list[tuple[int, int]] = []
    for part in re.split("[,;]", text):
        match = _NUMBERS.match(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise CatalogError(
                f"field missing_frames {text!r} is not a list of file numbers; write for "
                "instance 100-104, 220 or any"
            )
        runs.append((first, last))
    return _joined(sorted(runs)), False


def _joined(runs: list[tuple[int, int]]) -> Runs:
    joined = runs[:1]
    for first, last in runs[1:]:
        if first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def _is_reel(number: str, count: str | None) -> bool:
    return 1 <= int(number) <= int(count or number)


def _is_date(year: str, month: str | None, day: str | None) -> bool:
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return False
    return True


def _positive(text: str, seconds: Fraction) -> Fraction:
    if seconds <= 0:
        raise _no_duration(text)
    return Fraction(seconds)


def _no_duration(text: str) -> CatalogError:
    return CatalogError(
        f"field duration {text!r} is not a duration; write for instance 0:29:09 or 29 min"
    )
