"""How the text of each field becomes its value, and how sure that is."""

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from catalogs.errors import CatalogError
from catalogs.fixity import parse_checksum
from catalogs.quantities import (
    find_reel,
    parse_date,
    parse_duration,
    parse_missing_frames,
    parse_reel,
    split_doubt,
)
from catalogs.vocabulary import find_frame_rate, find_gauge, parse_frame_rate, parse_term

LONGEST_FACT = 300  # characters; what is longer is prose
LONGEST_NOTE = 4000

# A film may be called "Unknown"; no gauge is.
_NO_TEXT = re.compile(r"^(?:[-\u2013?.]*|[(\[](?:not assigned|unknown|n/?a)[)\]])$", re.IGNORECASE)
_NO_FACT = re.compile(
    r"^[(\[]?(?:not (?:assigned|applicable|specified)|unknown|unbekannt|n/?a|none|null)[)\]]?$",
    re.IGNORECASE,
)
_ARTICLES = (
    "the", "a", "an", "der", "die", "das", "ein", "eine", "le", "la", "les", "un", "une", "il",
    "lo", "gli", "el", "los", "las", "o", "os", "as", "de", "het", "een", "den", "det", "en", "et",
)  # fmt: skip
_INVERTED = re.compile(rf"^(.+), ({'|'.join(_ARTICLES)}|l')$", re.IGNORECASE | re.DOTALL)

Read = Callable[[str], tuple[Any, bool]]


def says_nothing(field: str, text: str) -> bool:
    """True for what catalogs write into a field that is not filled: `(not assigned)`, `-`."""
    if _NO_TEXT.match(text.strip()):
        return True
    return field not in _TEXTS and bool(_NO_FACT.match(text.strip()))


def plain_title(text: str) -> str:
    """A title with its article in front again: `Kid, The` is `The Kid`."""
    text = " ".join(text.split())
    match = _INVERTED.match(text)
    if not match:
        return text
    return f"{match[2]}{'' if match[2].endswith(chr(39)) else ' '}{match[1]}"


def plain_name(text: str) -> str:
    """A name as it is written, every run of white space one space."""
    return " ".join(text.split())


def read_value(field: str, text: str) -> tuple[Any, bool]:
    """The value of a field and whether it is in doubt.

    Raises:
        CatalogError: the text is no value of this field.
    """
    if field in _TEXTS:
        return _TEXTS[field](text), False
    if len(text) > LONGEST_FACT:
        raise CatalogError(f"field {field} is {len(text)} characters long; write the value alone")
    return _read_fact(field, text)


@lru_cache(maxsize=4096)  # a catalog says the same few things over and over
def _read_fact(field: str, text: str) -> tuple[Any, bool]:
    if field in _OWN_DOUBT:
        return _OWN_DOUBT[field](text)
    bare, doubted = split_doubt(text)
    try:
        value, unsure = _EXACT[field](bare)
    except CatalogError:
        value = INSIDE[field](text) if field in INSIDE else None
        if value is None:
            raise
        return value, True
    return value, doubted or unsure


def find_value(field: str, note: str) -> Any | None:
    """The value of a field that stands inside a note, or None."""
    return INSIDE[field](note[:LONGEST_NOTE])


def _term(field: str) -> Read:
    return lambda text: (parse_term(field, text), False)


def _checksum(text: str) -> tuple[tuple[str, str], bool]:
    try:
        return parse_checksum(text), False
    except CatalogError as error:
        raise CatalogError(f"field {error}") from error


def _frame_rate(text: str) -> tuple[Fraction, bool]:
    return parse_frame_rate(text), False


_TEXTS: dict[str, Callable[[str], str]] = {
    "identifier": str, "title": plain_title, "path": str, "sound_path": str,
    "collection": plain_name,
}  # fmt: skip
_OWN_DOUBT: dict[str, Read] = {
    "date": parse_date, "checksum": _checksum, "missing_frames": parse_missing_frames,
}  # fmt: skip
_EXACT: dict[str, Read] = {
    "reel": parse_reel, "frame_rate": _frame_rate, "duration": parse_duration,
    "gauge": _term("gauge"), "colour": _term("colour"), "sound": _term("sound"),
    "scan": _term("scan"),
}  # fmt: skip
INSIDE: dict[str, Callable[[str], Any | None]] = {
    "reel": find_reel, "gauge": find_gauge, "frame_rate": find_frame_rate,
}  # fmt: skip
