"""What one field of ours is in one record, by a profile.

The first of the profile's sources that is filled decides; then what a note says inside a
sentence; then the default.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from catalogs.errors import CatalogError
from catalogs.field_readers import find_value, read_value, says_nothing
from catalogs.importers.raw import Found, RawRecord
from catalogs.profile import Profile, Selector, fill_path, path_blanks
from catalogs.quantities import split_doubt

Status = Literal["mapped", "defaulted", "uncertain", "unmapped", "conflicting"]

# Of these a record may well hold several (translated titles, dates of broadcast); the first
# is taken. Of all others, two different values contradict each other.
_FIRST_OF_SEVERAL = ("identifier", "title", "date")
_STEERS_NOTHING = ("date", "duration")
_OF_OURS = ("identifier", "title", "reel")  # as blanks of a path


@dataclass(frozen=True)
class Reading:
    """What became of a field.

    Attributes:
        source: their field, as the profile writes it; empty for a default.
        taken: the texts it rests on.
        value: None where there is none.
        problem: why its reel is held.
    """

    status: Status
    source: str = ""
    taken: tuple[Found, ...] = ()
    value: Any = None
    problem: str = ""

    @property
    def found(self) -> str:
        """The texts as they stand in the catalog."""
        return " | ".join(dict.fromkeys(found.text for found in self.taken))


def read_field(name: str, raw: RawRecord, profile: Profile) -> Reading | None:
    """One of our fields; None where neither record nor profile say anything."""
    for selector in profile.fields.get(name, ()):
        found = [f for f in filled(name, raw, selector) if _term(name, f.text, profile) != ""]
        if found:
            return _of_source(name, selector, found, profile)
    for selector in profile.notes.get(name, ()):
        found = [f for f in filled(name, raw, selector) if find_value(name, f.text) is not None]
        if found:
            return _of_notes(name, selector, found)
    if name in profile.defaults:
        return Reading("defaulted", value=read_value(name, profile.defaults[name])[0])
    return None


def read_path(
    raw: RawRecord, profile: Profile, readings: Mapping[str, Reading | None]
) -> Reading | None:
    """A path by the profile's pattern, filled from our fields or theirs.

    None where one of our own is missing, which is a problem already.
    """
    pattern = profile.path or ""
    known = {name: reading.value for name, reading in readings.items() if reading}
    if any(name in _OF_OURS and not known.get(name) for name, _ in path_blanks(pattern)):
        return None
    values = {found.field: found.text for found in reversed(raw.found)}
    values |= {name: known[name] for name in ("identifier", "title") if known.get(name)}
    number, count = known.get("reel") or (None, None)
    values |= {name: str(n) for name, n in (("reel", number), ("reels", count)) if n}
    try:
        return Reading("mapped", pattern, value=fill_path(pattern, values, profile.path_spaces))
    except CatalogError as error:
        return Reading("conflicting", pattern, problem=str(error))


def filled(name: str, raw: RawRecord, selector: Selector) -> Iterator[Found]:
    """The texts that are meant and say something."""
    return (f for f in raw.found if selector.takes(f) and not says_nothing(name, f.text))


def _of_source(name: str, selector: Selector, found: list[Found], profile: Profile) -> Reading:
    if name in _FIRST_OF_SEVERAL:
        found = found[:1]
    taken = tuple(found)
    try:
        read = [_value(name, text, profile) for text in dict.fromkeys(f.text for f in found)]
    except CatalogError as error:
        if name in _STEERS_NOTHING:  # what cannot be read of them holds no reel
            return Reading("unmapped", selector.written, taken)
        problem = _naming_source(str(error), name, selector)
        return Reading("conflicting", selector.written, taken, problem=problem)
    unsure = any(doubt for _, doubt in read)
    return _agreed(name, selector, taken, [value for value, _ in read], unsure)


def _of_notes(name: str, selector: Selector, found: list[Found]) -> Reading:
    values = [find_value(name, f.text) for f in found]
    return _agreed(name, selector, tuple(found), values, unsure=True)


def _agreed(
    name: str, selector: Selector, taken: tuple[Found, ...], values: Iterable[Any], unsure: bool
) -> Reading:
    """The one value, or a contradiction."""
    distinct = set(values)
    if len(distinct) == 1:
        status: Status = "uncertain" if unsure else "mapped"
        return Reading(status, selector.written, taken, distinct.pop())
    texts = Reading("conflicting", taken=taken).found[:200]
    problem = f"field {name} says different things in one record ({texts}); keep one"
    problem = _naming_source(problem, name, selector)
    return Reading("conflicting", selector.written, taken, problem=problem)


def _value(name: str, text: str, profile: Profile) -> tuple[Any, bool]:
    """A value and whether it is in doubt; the profile's terms come before ours."""
    if term := _term(name, text, profile):
        return term, False
    if name in profile.vocabulary and (term := _term(name, split_doubt(text)[0], profile)):
        return term, True
    return read_value(name, text)


def _term(name: str, text: str, profile: Profile) -> str | None:
    """Our term for theirs; empty where theirs says nothing, None where it is not listed."""
    terms = profile.vocabulary.get(name)
    return terms.get(" ".join(text.lower().split())) if terms else None


def _naming_source(problem: str, name: str, selector: Selector) -> str:
    theirs = "" if selector.field == name else f" ({selector.written})"
    return problem.replace(f"field {name}", f"field {name}{theirs}", 1)
