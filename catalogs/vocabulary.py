"""The terms of the catalog, and how a catalog writes them.

A term that is not known is an error: it is reported and its reel held, never passed
silently. What a profile adds (`[vocabulary.colour]`) is looked up first.
"""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import TypeVar, get_args

from catalogs.errors import CatalogError
from catalogs.records import Scan

Term = TypeVar("Term")

GAUGES = (
    "8mm", "super 8", "9.5mm", "16mm", "super 16", "17.5mm", "22mm", "28mm", "35mm", "65mm",
    "68mm", "70mm",
)  # fmt: skip
COLOURS = (
    "black and white", "tinted", "toned", "tinted and toned", "hand-coloured",
    "stencil-coloured", "colour", "colour and black and white",
)  # fmt: skip
SOUNDS = ("silent", "sound")
SCANS: tuple[str, ...] = get_args(Scan)

TERMS: dict[str, tuple[str, ...]] = {
    "gauge": GAUGES, "colour": COLOURS, "sound": SOUNDS, "scan": SCANS,
}  # fmt: skip

# Only what is beyond doubt: "sepia" may be a toned print or a faded one, "mono" is a
# number of channels; such words need the profile of an archive that knows.
_SAME = {
    "colour": {
        "b/w": "black and white", "b&w": "black and white", "bw": "black and white",
        "b & w": "black and white", "black & white": "black and white",
        "black-and-white": "black and white", "black/white": "black and white",
        "color": "colour", "colour tinted": "tinted", "color tinted": "tinted",
        "tinted & toned": "tinted and toned", "toned and tinted": "tinted and toned",
        "hand coloured": "hand-coloured", "hand-colored": "hand-coloured",
        "hand colored": "hand-coloured", "stencil": "stencil-coloured",
        "stencil coloured": "stencil-coloured", "stencil colored": "stencil-coloured",
        "stencil-colored": "stencil-coloured",
        "color and black and white": "colour and black and white",
        "color & b/w": "colour and black and white",
        "black and white and colour": "colour and black and white",
    },
    "sound": {"with sound": "sound", "without sound": "silent"},
    "gauge": {
        "super 8mm": "super 8", "super8": "super 8", "super8mm": "super 8", "s8": "super 8",
        "super 16mm": "super 16", "super16": "super 16", "super16mm": "super 16",
        "s16": "super 16", "double 8mm": "8mm", "regular 8mm": "8mm", "standard 8mm": "8mm",
        "normal 8mm": "8mm",
    },
}  # fmt: skip

_SPACES = re.compile(r"[\s_]+")
_MILLIMETRES = re.compile(r"(?<=[0-9])[ -]?mm\b")
_DECIMAL_COMMA = re.compile(r"(?<=[0-9]),(?=5)")
_GAUGE = re.compile(
    r"(?<![\w.,])(?:(?:super|double|regular|standard|normal)[ -]?)?"
    r"(?:8|9[.,]5|16|17[.,]5|22|28|35|65|68|70)[ -]?mm\b|(?<!\w)super[ -]?(?:8|16)\b"
)
_RATE = re.compile(r"^([0-9]{1,6}(?:\.[0-9]{1,6})?)(?:/([0-9]{1,6}))?(?:\s*fps)?$")
_UNIT = re.compile(r"\s*(?:frames per second|frames/s|f/s|b/s|bilder/s|bps|i/s|im/s)$")
_RATE_INSIDE = re.compile(
    r"(?<![\w.,/-])([0-9]{1,3}(?:[.,][0-9]{1,3})?)\s?(?:fps|f/s|b/s|bilder/s|i/s|im/s)\b"
)
_ALTERNATIVE = re.compile(r"[0-9]\s*(?:or|oder|ou|and|und|et|to|bis|[-/\u2013])\s*$")
_NTSC = {
    Fraction(written): Fraction(whole * 1000, 1001)
    for written, whole in (("23.976", 24), ("23.98", 24), ("29.97", 30), ("59.94", 60))
}


def parse_term(field: str, text: str) -> str:
    """One of `TERMS[field]`, whatever its case, spacing and common spelling.

    Raises:
        CatalogError: the term is not known.
    """
    term = _plain(text)
    if field == "gauge":
        term = _plain_gauge(term)
    term = _SAME.get(field, {}).get(term, term)
    if term not in TERMS[field]:
        known = ", ".join(TERMS[field])
        raise CatalogError(
            f"field {field} {text!r} is not known; use one of: {known}; or let the profile's "
            f"[vocabulary.{field}] say which it is"
        )
    return term


def find_gauge(text: str) -> str | None:
    """The one gauge that a sentence speaks of, as in `Safety Film; Gauge: 16mm`."""
    found = (_plain_gauge(match[0]) for match in _GAUGE.finditer(_plain(text)))
    return only_one(_SAME["gauge"].get(term, term) for term in found)


def parse_frame_rate(text: str) -> Fraction:
    """A positive rational frame rate: `18`, `24000/1001`, `23.976`, `16 fps`.

    Raises:
        CatalogError: not a rate between 1 and 240 frames per second.
    """
    match = _RATE.match(_UNIT.sub("", text.strip().lower()).replace(",", "."))
    rate = Fraction(0)
    if match and Fraction(match[2] or 1) > 0:
        rate = Fraction(match[1]) / Fraction(match[2] or 1)
        rate = _NTSC.get(rate, rate)
    if not 1 <= rate <= 240:
        raise CatalogError(
            f"field frame_rate {text!r} is not a rate; write for instance 18 or 24000/1001"
        )
    return rate


def find_frame_rate(text: str) -> Fraction | None:
    """The one rate with a unit that a sentence speaks of, as in `shot at 18 fps`."""
    plain = _plain(text)
    matches = list(_RATE_INSIDE.finditer(plain))
    if any(_ALTERNATIVE.search(plain[: match.start()]) for match in matches):
        return None  # "18 or 24 fps" says neither
    found = (match[1] for match in matches)
    rates = (Fraction(rate.replace(",", ".")) for rate in found)
    return only_one(_NTSC.get(rate, rate) for rate in rates if 1 <= rate <= 240)


def only_one(found: Iterable[Term]) -> Term | None:
    """What was found, unless it was nothing or different things."""
    distinct = set(found)
    return distinct.pop() if len(distinct) == 1 else None


def _plain(text: str) -> str:
    return _SPACES.sub(" ", text).strip().lower()


def _plain_gauge(term: str) -> str:
    term = _DECIMAL_COMMA.sub(".", _MILLIMETRES.sub("mm", term))
    return term.removesuffix(" film").replace("super-", "super ")
