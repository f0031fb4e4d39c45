"""CSV: one row a reel, the first line names the columns.

Any of `,` `;` tab and `|` between fields. A row that is not CSV costs itself only.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from catalogs.errors import CatalogError
from catalogs.importers.raw import Found, RawCatalog, RawRecord, decode
from catalogs.profile import DELIMITERS, REQUIRED, Profile


def import_csv(path: Path, data: bytes, profile: Profile) -> RawCatalog:
    """Every row of a CSV catalog.

    Raises:
        CatalogError: a required column is not there, or a column that is used stands twice.
    """
    text, encoding = decode(path, data, profile.encoding)
    lines = list(io.StringIO(text, newline=""))
    rows = _rows(lines, profile.delimiter or _delimiter(lines[0] if lines else ""))
    _, head = next(rows, (1, []))
    columns = [name.strip().lower() for name in head] if isinstance(head, list) else []
    _check(path, columns, profile)
    read_as = () if encoding == "utf-8" or profile.encoding else (f"read as {encoding}",)
    return RawCatalog(
        tuple(_record(columns, line, fields) for line, fields in rows if fields),
        read_as,
        tuple(name for name in columns if name),
    )


def _delimiter(first_line: str) -> str:
    return max(DELIMITERS, key=first_line.count)


def _rows(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """The line a row starts on and its fields, or why it is none.

    After a row that is none, reading goes on with the very next line: a quote that is
    never closed costs its own row and not the rest of the catalog.
    """
    at = 0
    while at < len(lines):
        rest = (lines[n] for n in range(at, len(lines)))
        reader = csv.reader(rest, delimiter=delimiter, strict=True)
        try:
            fields = next(reader)
        except csv.Error as error:
            why = str(error).replace("unexpected end of data", "a quote is never closed")
            yield at + 1, f"not CSV: {why}; close quotes, double those within a field"
            at += 1
        else:
            yield at + 1, fields
            at += reader.line_num


def _check(path: Path, columns: list[str], profile: Profile) -> None:
    missing = [
        name
        for name in REQUIRED
        if not profile.can_do_without(name)
        and not any(selector.field in columns for selector in profile.fields.get(name, ()))
    ]
    if missing:
        wanted = [profile.written_source(name) for name in missing]
        known = [profile.written_source(name) for name in profile.fields]
        raise CatalogError(
            f"{path}: no column {', '.join(wanted)}; the first line must name the columns "
            f"{', '.join(known)}"
        )
    for name in sorted(profile.used_fields):
        if columns.count(name) > 1:
            raise CatalogError(f"{path}: column {name} stands twice; keep one")


def _record(columns: list[str], line: int, fields: list[str] | str) -> RawRecord:
    place = f"line {line}"
    if isinstance(fields, str):
        return RawRecord(place, line, (), fields)
    if len(fields) > len(columns):
        found = _found(columns, fields)
        why = "more fields than columns; quote fields that hold the delimiter"
        return RawRecord(place, line, found, why)
    return RawRecord(place, line, _found(columns, fields))


def _found(columns: list[str], fields: list[str]) -> tuple[Found, ...]:
    pairs = zip(columns, fields, strict=False)
    return tuple(Found(name, text.strip()) for name, text in pairs if name and text.strip())
