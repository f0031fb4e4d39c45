"""The shot list as a table (RFC 4180, UTF-8), and cells that a spreadsheet cannot run.

A cell that begins with `=`, `+`, `-`, `@`, a tab or a line break is a formula to a
spreadsheet, and what a catalog says comes from outside. Such text is written with an
apostrophe before it, as OWASP advises; `plain` takes it away again.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from catalogs.exports.subject import ListedShot

HEADER = ("shot", "start_frame", "stop_frame", "status", "changed_share", "reason")

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def guarded(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


def plain(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


def csv_text(header: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """A table with one header line; None becomes an empty cell.

    Raises:
        ValueError: a row has a column that the header does not.
    """
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, header, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: guarded(value) for name, value in row.items()})
    return stream.getvalue()


def shots_csv(shots: Sequence[ListedShot]) -> str:
    """One row a shot; `stop_frame` is the first frame after it, so that rows join up."""
    return csv_text(HEADER, (_row(number, shot) for number, shot in enumerate(shots, 1)))


def _row(number: int, shot: ListedShot) -> dict[str, object]:
    return {
        "shot": number,
        "start_frame": shot.start_frame,
        "stop_frame": shot.stop_frame,
        "status": shot.status or "",
        "changed_share": f"{shot.changed_share:.6f}" if shot.status else "",
        "reason": shot.reason,
    }
