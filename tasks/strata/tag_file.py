"""The side file in which an archivist tags reels and shots.

    identifier,start_frame,stop_frame,tag,value
    NFA-1023,,,genre,newsreel
    NFA-1023,1200,1480,speaker,yes

UTF-8, one row a line, `,` `;` or tab between fields. `reel_id` or `identifier` says which reels,
`shot` (from 1, as in the shot list) or `start_frame` and `stop_frame` (the first frame after)
which part; neither means all of it. A row that cannot be used costs itself only.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path

from catalogs.errors import CatalogError
from catalogs.exports.shot_csv import plain
from catalogs.importers.raw import decode, read_bytes
from tasks.strata.tags import Tag, TagFile

LONGEST = 60  # characters of a tag or value; it heads a column and a row
COLUMNS = ("reel_id", "identifier", "shot", "start_frame", "stop_frame", "tag", "value")

_NAME = re.compile(r"[^\x00-\x1f\x7f]+")
_NUMBER = re.compile(r"[0-9]{1,9}")


def read_tags(path: Path) -> TagFile:
    """Read a side file of tags.

    Raises:
        CatalogError: the file cannot be read, or lacks a column.
    """
    text, _ = decode(path, read_bytes(path), None)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    head = lines[0]
    delimiter = max(",;\t", key=head.count)
    columns = [name.strip().lower() for name in head.split(delimiter)]
    _check_columns(path, columns)
    tags: dict[tuple[object, ...], Tag] = {}
    problems = []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip(" \t,;"):
            continue
        try:
            tag = _read_row(number, _cells(columns, line, delimiter))
            if (other := tags.setdefault(tag.target, tag)).value != tag.value:
                raise CatalogError(
                    f"field value: {tag.value!r} contradicts {other.value!r} of line {other.line}; "
                    "keep one"
                )
        except CatalogError as error:
            problems.append(f"{path}: line {number}: {error}")
    return TagFile(tuple(tags.values()), tuple(problems))


def _check_columns(path: Path, columns: list[str]) -> None:
    missing = [name for name in ("tag", "value") if name not in columns]
    if not {"reel_id", "identifier"} & set(columns):
        missing.append("reel_id or identifier")
    twice = sorted({name for name in columns if name in COLUMNS and columns.count(name) > 1})
    if missing or twice:
        what = f"no column {', '.join(missing)}" if missing else f"column {twice[0]} stands twice"
        known = ", ".join(COLUMNS)
        raise CatalogError(f"{path}: line 1: {what}; the first line names columns of {known}")


def _cells(columns: list[str], line: str, delimiter: str) -> Mapping[str, str]:
    try:
        (cells,) = csv.reader([line], delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise CatalogError(f"not CSV ({error}); close quotes within the line") from error
    if len(cells) > len(columns):
        raise CatalogError(
            f"{len(cells)} fields for {len(columns)} columns; quote fields that hold a delimiter"
        )
    return {name: plain(cell.strip()) for name, cell in zip(columns, cells, strict=False)}


def _read_row(line: int, cells: Mapping[str, str]) -> Tag:
    reel_id, identifier = cells.get("reel_id", ""), cells.get("identifier", "")
    if not reel_id and not identifier:
        raise CatalogError("field identifier: empty; name the reel_id or the identifier")
    shot = _number(cells, "shot")
    if shot == 0:
        raise CatalogError("field shot: 0; shots are counted from 1")
    frames = _frames(cells)
    if shot is not None and frames:
        raise CatalogError("field shot: beside start_frame; give the shot or the frames")
    name, value = (_text(cells, field) for field in ("tag", "value"))
    return Tag(line, reel_id, identifier, shot, frames, name, value)


def _frames(cells: Mapping[str, str]) -> tuple[int, int] | None:
    start, stop = _number(cells, "start_frame"), _number(cells, "stop_frame")
    if start is None and stop is None:
        return None
    if start is None or stop is None:
        field = "start_frame" if start is None else "stop_frame"
        raise CatalogError(f"field {field}: empty; give both frames, or none for the whole reel")
    if start >= stop:
        raise CatalogError(
            f"field stop_frame: {stop} is not after start_frame {start}; give the first frame "
            "after the range"
        )
    return start, stop


def _number(cells: Mapping[str, str], field: str) -> int | None:
    text = cells.get(field, "")
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise CatalogError(f"field {field}: {text[:LONGEST]!r} is no number; write for instance 12")
    return int(text)


def _text(cells: Mapping[str, str], field: str) -> str:
    text = " ".join(cells.get(field, "").split())
    if not text:
        raise CatalogError(f"field {field}: empty; write one, or delete the row")
    if len(text) > LONGEST or not _NAME.fullmatch(text):
        raise CatalogError(
            f"field {field}: {text[:LONGEST]!r}; write at most {LONGEST} plain characters"
        )
    return text
