"""What every importer makes of a file: records of texts, not yet understood."""

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as with_default
from pathlib import Path

from catalogs.errors import CatalogError

MOST_BYTES = 64 << 20  # takes about two gigabytes and half a minute to read
DEEPEST = 60  # levels within a record; real catalogs have about ten


@dataclass(frozen=True)
class Found:
    """One text of a record.

    Attributes:
        field: where it stands, in lower case: a column, the names of XML elements from the
            record inward (`title/text`, `duration@framerate`), or the keys of JSON
            (`source.object.format`).
        text: never empty.
        marks: attributes of its XML element, which qualify it; names in lower case.
    """

    field: str
    text: str
    marks: Mapping[str, str] = with_default(default_factory=dict)


@dataclass(frozen=True)
class RawRecord:
    """One record.

    Attributes:
        place: for people: `line 3`, or `record 7 (line 120)`.
        line: of the file; in JSON the number of the record.
        problem: why it is no record; empty when it is one.
    """

    place: str
    line: int
    found: tuple[Found, ...]
    problem: str = ""

    @property
    def key(self) -> str:
        """Its place, as a name."""
        return self.place.partition(" (")[0].replace(" ", "-")


@dataclass(frozen=True)
class RawCatalog:
    """All records of a file.

    Attributes:
        columns: names in the first line, where the format has one.
        remarks: on how the file was read.
    """

    records: tuple[RawRecord, ...]
    remarks: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def read_bytes(path: Path) -> bytes:
    """A catalog file's content.

    Raises:
        CatalogError: missing, not a plain file (a pipe could block for ever), or too large.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise CatalogError(f"{path}: not a plain file; name the catalog's file")
        if found.st_size > MOST_BYTES:
            raise CatalogError(
                f"{path}: {found.st_size:,} bytes, and a catalog may have {MOST_BYTES:,}; split it"
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CatalogError(f"{path}: cannot be read ({why}); check the path") from error


def decode(path: Path, data: bytes, encoding: str | None) -> tuple[str, str]:
    """The text and the encoding it was read in.

    Without a given encoding: by byte order mark, else UTF-8, else cp1252 (what is called
    Latin-1 on most desks), else Latin-1.

    Raises:
        CatalogError: it is not in the given encoding.
    """
    if encoding is None and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    for name in (encoding,) if encoding else ("utf-8-sig", "cp1252", "latin-1"):
        try:
            return data.decode(name), name.removesuffix("-sig")
        except UnicodeDecodeError as error:
            if name == "utf-8-sig" and _is_nearly_utf8(data):
                line = data.count(b"\n", 0, error.start) + 1
                raise CatalogError(
                    f"{path}: line {line} has a byte that is not UTF-8, as the rest is; correct "
                    "it, or name the encoding in a profile"
                ) from error
            if encoding:
                raise CatalogError(
                    f"{path}: not {encoding} (byte {error.start}); name the right encoding"
                ) from error
    raise AssertionError("Latin-1 decodes everything")  # pragma: no cover


def _is_nearly_utf8(data: bytes) -> bool:
    """True where most characters beyond ASCII are UTF-8: no other encoding looks like that."""
    text = data.decode("utf-8", errors="replace")
    wrong = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) > 2 * wrong
