"""The mapping report: what became of every field, as a table and in a sentence."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path
from typing import get_args

from catalogs.durable import write_whole
from catalogs.mapping import MappingEntry
from catalogs.reading import Status

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_mapping_report(mapping: Iterable[MappingEntry], path: Path) -> None:
    """Write the report as CSV, whole or not at all.

    What a spreadsheet would take for a formula gets an apostrophe in front: the texts come
    from outside.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(field.name for field in fields(MappingEntry))
    for entry in mapping:
        writer.writerow(_plain(cell) for cell in astuple(entry))
    write_whole(path, text.getvalue().encode("utf-8-sig", errors="backslashreplace"))


def mapping_summary(mapping: Iterable[MappingEntry]) -> str:
    """The report in a sentence, for instance `12 fields of 2 records: 10 mapped, ...`."""
    entries = list(mapping)
    counts = Counter(entry.status for entry in entries)
    records = len({entry.record for entry in entries})
    said = [_words(status, counts[status], entries) for status in get_args(Status)]
    return f"{len(entries)} fields of {records} records: {', '.join(said)}."


def _words(status: Status, count: int, entries: list[MappingEntry]) -> str:
    """A status with its count; where it matters, the fields as well."""
    fields_of = Counter(e.field or "record" for e in entries if e.status == status)
    named = status in ("uncertain", "conflicting", "defaulted") and fields_of
    inner = ", ".join(f"{name} {number}" for name, number in fields_of.most_common())
    return f"{count} {status} ({inner})" if named else f"{count} {status}"


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
