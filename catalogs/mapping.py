"""From a raw record to the facts of a reel, by a profile, with a note on every field.

Each field ends as one of

    mapped        read as it stands
    defaulted     not in the record; the profile's default
    uncertain     a value that the catalog doubts, or that was found inside a sentence
    unmapped      there, but not used: no field takes it, or it says nothing
    conflicting   no usable value: not known, or different ones in one record; held
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalogs.importers.raw import Found, RawRecord
from catalogs.profile import FIELDS, REQUIRED, Profile
from catalogs.quantities import ReelNumber
from catalogs.reading import Reading, Status, filled, read_field, read_path

_REMEDY = dict.fromkeys(REQUIRED, "fill it in") | {
    "path": "fill it in, or let the profile's path say how files are named"
}


@dataclass(frozen=True)
class MappingEntry:
    """What became of one field of one record.

    Attributes:
        record: its place in the catalog, for instance `line 3`.
        identifier: the item's, where it could be read.
        field: ours; empty where no field of ours takes it.
        source: theirs; empty for a default.
        found: the text as it stands in the catalog.
        value: what was made of it; empty when nothing was.
    """

    record: str
    identifier: str
    field: str
    status: Status
    source: str
    found: str
    value: str


@dataclass(frozen=True)
class MappedRecord:
    """The facts of one record, by field, and what keeps it from being used."""

    raw: RawRecord
    values: Mapping[str, Any]
    uncertain: tuple[str, ...]
    problems: tuple[str, ...]
    entries: tuple[MappingEntry, ...]

    @property
    def identifier(self) -> str | None:
        """The item's identifier, when it could be read."""
        return self.values.get("identifier")

    @property
    def reel(self) -> ReelNumber | None:
        """N of M, when it could be read."""
        return self.values.get("reel")


def is_wanted(raw: RawRecord, profile: Profile) -> bool:
    """True unless `[only]` of the profile leaves the record out."""
    for selector, wanted in profile.only:
        texts = [found.text.lower() for found in raw.found if selector.takes(found)]
        if texts and not any(text in wanted for text in texts):
            return False
    return True


def map_record(raw: RawRecord, profile: Profile) -> MappedRecord:
    """Read every field of a record; what cannot be read becomes a problem, never an error."""
    if raw.problem:
        return _unreadable(raw, profile)
    readings = {name: read_field(name, raw, profile) for name in FIELDS}
    if profile.path and not readings["path"]:
        readings["path"] = read_path(raw, profile, readings)
    known = {name: reading for name, reading in readings.items() if reading}
    wanted = REQUIRED if not profile.path else [name for name in REQUIRED if name != "path"]
    empty = tuple(f"field {name} is empty; {_REMEDY[name]}" for name in wanted if name not in known)
    values = {n: reading.value for n, reading in known.items() if reading.value is not None}
    return MappedRecord(
        raw=raw,
        values=values,
        uncertain=tuple(name for name, r in known.items() if r.status == "uncertain"),
        problems=tuple(reading.problem for reading in known.values() if reading.problem) + empty,
        entries=tuple(_entries(raw, profile, known, values.get("identifier", ""))),
    )


def written_value(field: str, value: Any) -> str:
    """A value as the report shows it."""
    if value is None:
        return ""
    if field == "reel":
        return " of ".join(str(part) for part in value if part)
    if field == "checksum":
        return ":".join(value)
    if field == "missing_frames":
        return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in value)
    return str(value)


def _unreadable(raw: RawRecord, profile: Profile) -> MappedRecord:
    """A record that is none, with its identifier if that can be made out."""
    selectors = profile.fields.get("identifier", ())
    texts = [found.text for s in selectors for found in filled("identifier", raw, s)]
    values = {"identifier": texts[0]} if texts else {}
    entry = MappingEntry(
        raw.place, values.get("identifier", ""), "", "conflicting", "", raw.problem, ""
    )
    return MappedRecord(raw, values, (), (raw.problem,), (entry,))


def _entries(
    raw: RawRecord, profile: Profile, known: Mapping[str, Reading], identifier: str
) -> Iterator[MappingEntry]:
    for name, reading in known.items():
        value = written_value(name, reading.value)
        yield MappingEntry(
            raw.place, identifier, name, reading.status, reading.source, reading.found, value
        )
    taken = {id(found) for reading in known.values() for found in reading.taken}
    for found in raw.found:
        if id(found) not in taken and found.field not in profile.guiding_fields:
            field = _field_of(found, profile)
            yield MappingEntry(
                raw.place, identifier, field, "unmapped", found.field, found.text, ""
            )


def _field_of(found: Found, profile: Profile) -> str:
    """The field of ours that would have taken a text, had it been the first or said something."""
    for name, selectors in profile.fields.items():
        if any(selector.takes(found) for selector in selectors):
            return name
    return ""
