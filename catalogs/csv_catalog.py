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
            identifier = (row.get("identifier") or "").strip() or f"line {line}"
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


def _rows(path: Path, text: str) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    first_line = text.split("\n", 1)[0]
    delimiter = ";" if first_line.count(";") > first_line.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            raise CatalogError(
                f"{path}: no column {', '.join(missing)}; the first line must name the columns "
                f"{', '.join((*REQUIRED, *OPTIONAL))}"
            )
        reader.fieldnames = names
        rows = [(reader.line_num, _whole_row(row)) for row in reader]
    except csv.Error as error:
        raise CatalogError(
            f"{path} line {reader.line_num}: {error}; save it as CSV again"
        ) from error
    return rows, [name for name in names if name and name not in (*REQUIRED, *OPTIONAL)]


def _whole_row(row: dict[str | None, str | list[str] | None]) -> dict[str, str]:
    """A row as text; surplus fields are kept under a name that is then refused."""
    whole = {
        name: value or ""
        for name, value in row.items()
        if isinstance(name, str) and not isinstance(value, list)
    }
    if None in row:
        whole["surplus"] = str(row[None])
    return whole


def _reel(row: dict[str, str], line: int) -> CatalogReel:
    if "surplus" in row:
        raise CatalogError("more fields than columns; quote fields that hold the delimiter")
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
    """Two rows of one reel contradict each other, whichever is right: hold both."""
    counts = Counter(reel.reel_id for reel in reels)
    unique = tuple(reel for reel in reels if counts[reel.reel_id] == 1)
    held = [
        HeldRow.of(
            reel,
            f"{path.name} line {reel.line}: {reel.identifier} reel {reel.reel_number} is "
            f"listed {counts[reel.reel_id]} times; keep one row",
        )
        for reel in reels
        if counts[reel.reel_id] > 1
    ]
    return unique, held
