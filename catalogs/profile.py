"""Profiles: how one institution writes its catalog.

A TOML file, of which only `format` (or `base`) is needed:

    format = "csv"                     # csv, pbcore, en15907 or ami
    base = "csv"                       # a shipped profile that is built upon; or none
    encoding = "cp1252"                # found out when not given
    delimiter = ";"                    # likewise
    path = "{identifier}/{identifier}_r{reel:02}.mkv"   # where no field names the file
    path_spaces = "_"                  # what spaces become in that path
    incomplete_sets = "allow"          # or "hold", which is usual

    [fields]                           # our field = their field; of several, the first filled
    identifier = "Objektnummer"
    title = ["Titel", "Titel (Arbeitstitel)"]

    [notes]                            # where a reel, gauge or rate may stand in a sentence
    reel = "Bemerkung"

    [vocabulary.colour]                # their term = ours; "" says nothing
    "viragiert" = "tinted"

    [defaults]
    reel = "1 of 1"

    [only]                             # records that have this field are read only with these
    "Objektart" = ["Film"]

A field of XML or JSON is a path (`title/text`, `duration@frameRate`, `source.object.type`);
`pbcoreIdentifier[source=NOLA]` takes the elements whose attribute says so. Upper and lower
case count as one.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

from catalogs.errors import CatalogError
from catalogs.importers.raw import Found

Format = Literal["csv", "pbcore", "en15907", "ami"]

FORMATS: tuple[str, ...] = get_args(Format)
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = (
    "utf-8", "utf-16", "cp1252", "latin-1", "iso-8859-15", "cp1250", "iso-8859-2", "cp1251",
    "cp437", "cp850", "mac-roman",
)  # fmt: skip
REQUIRED = ("identifier", "title", "reel", "path")
FIELDS = (
    *REQUIRED, "frame_rate", "gauge", "colour", "sound", "date", "duration", "checksum", "scan",
    "missing_frames", "sound_path", "collection",
)  # fmt: skip

_SELECTOR = re.compile(r"^([^\[\]]+)(?:\[([^\[\]=]+)=([^\[\]]*)\])?$")
_BLANK = re.compile(r"\{([^{}:]+)(?::0([1-9]))?\}")


@dataclass(frozen=True)
class Selector:
    """Which texts of a record are meant: those of a field, perhaps with a mark."""

    written: str
    field: str
    mark: tuple[str, str] | None = None

    def takes(self, found: Found) -> bool:
        """True when a text is meant."""
        if found.field != self.field:
            return False
        return self.mark is None or found.marks.get(self.mark[0], "").lower() == self.mark[1]


@dataclass(frozen=True)
class Profile:
    """How one institution writes its catalog; every table as in the file."""

    name: str
    format: Format
    encoding: str | None = None
    delimiter: str | None = None
    path: str | None = None
    path_spaces: str = " "
    incomplete_sets: Literal["hold", "allow"] = "hold"
    fields: Mapping[str, tuple[Selector, ...]] = field(default_factory=dict)
    notes: Mapping[str, tuple[Selector, ...]] = field(default_factory=dict)
    vocabulary: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    only: tuple[tuple[Selector, tuple[str, ...]], ...] = ()

    @cached_property
    def used_fields(self) -> frozenset[str]:
        """Every field of the catalog that is looked at."""
        return self.guiding_fields | {selector.field for selector in self._selectors()}

    @cached_property
    def guiding_fields(self) -> frozenset[str]:
        """Fields that are not read but choose records, elements or the path."""
        marked = {f"{s.field}@{s.mark[0]}" for s in self._selectors() if s.mark}
        chosen = {selector.field for selector, _ in self.only}
        return frozenset(marked | chosen | {name for name, _ in path_blanks(self.path or "")})

    def can_do_without(self, name: str) -> bool:
        """True when one of our fields need not stand in the catalog."""
        return name in self.defaults or name in self.notes or (name == "path" and bool(self.path))

    def written_source(self, name: str) -> str:
        """Where one of our fields stands, as the profile writes it."""
        return " or ".join(s.written for s in self.fields.get(name, ())) or name

    def _selectors(self) -> Iterator[Selector]:
        for table in (self.fields, self.notes):
            for selectors in table.values():
                yield from selectors


def parse_selector(written: str) -> Selector:
    """Read `field`, `field@attribute` or `field[attribute=value]`.

    Raises:
        CatalogError: it is neither.
    """
    match = _SELECTOR.match(written.strip())
    if not match:
        raise CatalogError(f"{written!r} names no field; write name or name[attribute=value]")
    mark = (match[2].strip().lower(), match[3].strip().lower()) if match[2] else None
    return Selector(written.strip(), match[1].strip().lower(), mark)


def path_blanks(path: str) -> list[tuple[str, str]]:
    """What stands in braces in a path: the field, and the digits it is padded to."""
    return [(match[1].strip().lower(), match[2] or "") for match in _BLANK.finditer(path)]


def fill_path(path: str, values: Mapping[str, str], spaces: str) -> str:
    """A path with its blanks filled in.

    Raises:
        CatalogError: there is no value for one of them.
    """

    def fill(match: re.Match[str]) -> str:
        name = match[1].strip().lower()
        if name not in values:
            raise CatalogError(f"field path needs {name}, which is empty; fill it in")
        return re.sub(r"\s+", spaces, values[name]).zfill(int(match[2] or 0))

    return _BLANK.sub(fill, path)
