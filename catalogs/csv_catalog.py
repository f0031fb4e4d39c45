"""Reader for CSV catalogs: one row a reel.

    identifier,title,reel,path,frame_rate,gauge,colour,sound,checksum
    AFA-0012,A Trip Down Market Street,1 of 1,market.mkv,18,35mm,black and white,silent,

UTF-8 (with or without BOM) or Latin-1, `,` or `;`. `identifier`, `title`, `reel` and
`path` are required. A row that cannot be used is held with its line, field and remedy;
the other rows go on.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from catalogs.errors import CatalogError
from catalogs.fixity import parse_checksum
from catalogs.records import CatalogReel, HeldRow

REQUIRED = ("identifier", "title", "reel", "path")
OPTIONAL = ("frame_rate", "gauge", "colour", "sound", "checksum")
GAUGES = ("8mm", "super 8", "9.5mm", "16mm", "super 16", "28mm", "35mm", "65mm", "70mm")
COLOURS = ("black and white", "tinted", "toned", "colour")
SOUNDS = ("silent", "sound")

_REEL = re.compile(r"^(\d{1,4})\s*(?:of|/)\s*(\d{1,4})$")
_RATE = re.compile(r"^(\d{1,6}(?:\.\d{1,6})?)(?:/(\d{1,6}))?(?:\s*fps)?$")
_NTSC = {Fraction(n): Fraction(d * 1000, 1001) for n, d in (("23.976", 24), ("29.97", 30))}
_NTSC |= {Fraction("23.98"): Fraction(24000, 1001), Fraction("59.94"): Fraction(60000, 1001)}


@dataclass(frozen=True)
class Catalog:
    """What was read: usable reels in file order, held rows, and remarks for the report."""

    path: Path
    reels: tuple[CatalogReel, ...]
    held: tuple[HeldRow, ...]
    remarks: tuple[str, ...]


def read_csv_catalog(path: Path) -> Catalog:
    """Read a catalog.

    Raises:
        CatalogError: the file cannot be read as a catalog at all (missing, empty, or a
            required column is not there).
    """
    text, encoding = _decode(path)
    rows, unknown = _rows(path, text)
    remarks = [f"column {name!r} is not known and was not used" for name in unknown]
    if encoding != "utf-8":
        remarks.append(f"read as {encoding}")
    reels: list[CatalogReel] = []
    held: list[HeldRow] = []
    for line, row in rows:
        try:
            reels.append(_reel(row, line))
        except CatalogError as error:
            written = "" if isinstance(row, str) else row.get("identifier", "").strip()
            identifier = written or f"line {line}"
            held.append(
                HeldRow(identifier, f"line-{line}", line, f"{path.name} line {line}: {error}")
            )
    unique, doubled = _refuse_doubles(path, reels)
    return Catalog(
        path, unique, tuple(sorted((*held, *doubled), key=lambda r: r.line)), tuple(remarks)
    )


def parse_frame_rate(text: str) -> Fraction:
    """A positive rational frame rate: `18`, `24000/1001`, `23.976`, `16 fps`.

    Raises:
        CatalogError: not a rate between 1 and 240 frames per second.
    """
    match = _RATE.match(text.strip())
    rate = Fraction(0)
    if match and Fraction(match[2] or 1) > 0:
        rate = Fraction(match[1]) / Fraction(match[2] or 1)
        rate = _NTSC.get(rate, rate)
    if not 1 <= rate <= 240:
        raise CatalogError(
            f"field frame_rate {text!r} is not a rate; write for instance 18 or 24000/1001"
        )
    return rate


def _decode(path: Path) -> tuple[str, str]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def _rows(path: Path, text: str) -> tuple[list[tuple[int, dict[str, str] | str]], list[str]]:
    """Line and content of every row (a text where it is not CSV: why), and unknown columns."""
    lines = list(io.StringIO(text, newline=""))
    first_line = lines[0] if lines else ""
    delimiter = ";" if first_line.count(";") > first_line.count(",") else ","
    records = _records(lines, delimiter)
    _, head = next(records, (1, []))
    names = [name.strip().lower() for name in head] if isinstance(head, list) else []
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise CatalogError(
            f"{path}: no column {', '.join(missing)}; the first line must name the columns "
            f"{', '.join((*REQUIRED, *OPTIONAL))}"
        )
    for name in (*REQUIRED, *OPTIONAL):
        if names.count(name) > 1:
            raise CatalogError(f"{path}: column {name} stands twice; keep one")
    rows = [(line, _row(names, fields)) for line, fields in records if fields]
    return rows, [name for name in names if name and name not in (*REQUIRED, *OPTIONAL)]


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """The line a record starts on and its fields, or why it is none.

    After a record that is none, reading goes on with the very next line: a quote that is
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


def _row(names: list[str], fields: list[str] | str) -> dict[str, str] | str:
    if isinstance(fields, str):
        return fields
    if len(fields) > len(names):
        return "more fields than columns; quote fields that hold the delimiter"
    return dict(zip(names, fields, strict=False))


def _reel(row: dict[str, str] | str, line: int) -> CatalogReel:
    if isinstance(row, str):
        raise CatalogError(row)
    values = {name: (row.get(name) or "").strip() for name in (*REQUIRED, *OPTIONAL)}
    for name in REQUIRED:
        if not values[name]:
            raise CatalogError(f"field {name} is empty; fill it in")
    number, count = _reel_number(values["reel"])
    return CatalogReel(
        identifier=values["identifier"],
        title=values["title"],
        reel_number=number,
        reel_count=count,
        path=values["path"],
        line=line,
        frame_rate=parse_frame_rate(values["frame_rate"]) if values["frame_rate"] else None,
        gauge=_term("gauge", values["gauge"], GAUGES),
        colour=_term("colour", values["colour"], COLOURS),
        sound=_term("sound", values["sound"], SOUNDS),
        checksum=parse_checksum(values["checksum"]) if values["checksum"] else None,
    )


def _reel_number(text: str) -> tuple[int, int]:
    match = _REEL.match(text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise CatalogError(f"field reel {text!r} is not 'N of M'; write for instance '1 of 3'")
    return int(match[1]), int(match[2])


def _term(field: str, text: str, known: tuple[str, ...]) -> str | None:
    if not text:
        return None
    term = text.lower().replace(" mm", "mm")
    if term not in known:
        raise CatalogError(f"field {field} {text!r} is not known; use one of: {', '.join(known)}")
    return term


def _refuse_doubles(
    path: Path, reels: list[CatalogReel]
) -> tuple[tuple[CatalogReel, ...], list[HeldRow]]:
    """Two rows of one reel contradict each other, whichever is right: hold both.

    Upper and lower case count as one: a store may lie on a share that does not tell them apart.
    """
    counts = Counter(reel.reel_id.lower() for reel in reels)
    unique = tuple(reel for reel in reels if counts[reel.reel_id.lower()] == 1)
    held = [
        HeldRow.of(
            reel,
            f"{path.name} line {reel.line}: {reel.identifier} reel {reel.reel_number} is "
            f"listed {counts[reel.reel_id.lower()]} times; keep one row",
        )
        for reel in reels
        if counts[reel.reel_id.lower()] > 1
    ]
    return unique, held
