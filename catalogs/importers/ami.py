"""The film record of NYPL's AMI metadata: JSON, one object a file.

Written to the published schema `digitized_motionpicturefilm` of versions 2.x and its
sample; records of older versions and of vendors were not at hand. A catalog is one record,
a list of records, or one record a line.

Fields are named by their keys (`source.object.format`). `{"measure": 24, "unit": "fps"}`
reads as `24 fps`. Numbers stay as they are written. A key that stands twice with
different values holds its record.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalogs.errors import CatalogError
from catalogs.importers.raw import DEEPEST, Found, RawCatalog, RawRecord, decode
from catalogs.profile import Profile

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its keys as they are written, doubled ones too."""


_READ = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str
)


def import_ami(path: Path, data: bytes, profile: Profile) -> RawCatalog:
    """Every record of a JSON file.

    Raises:
        CatalogError: not JSON, or no record in it.
    """
    text, encoding = decode(path, data, profile.encoding)
    remarks = () if encoding == "utf-8" or profile.encoding else (f"read as {encoding}",)
    records = [_record(n, value) for n, value in enumerate(_values(path, text), start=1)]
    if not records:
        raise CatalogError(f"{path}: no record in it; check the file")
    return RawCatalog(tuple(records), remarks)


def _values(path: Path, text: str) -> list[Any]:
    try:
        value = _READ.decode(text)
    except RecursionError as error:
        raise CatalogError(f"{path}: nested too deeply; this is no catalog") from error
    except ValueError as error:
        lines = _lines(text)
        if lines is None:
            raise CatalogError(f"{path}: not JSON: {error}; export it again") from error
        return lines
    return value if isinstance(value, list) and not isinstance(value, _Pairs) else [value]


def _lines(text: str) -> list[Any] | None:
    """One value a line; None where the very first line is none."""
    values: list[Any] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        try:
            values.append(_READ.decode(line))
        except (ValueError, RecursionError) as error:
            if not values:
                return None
            values.append(error)
    return values or None


def _record(number: int, value: Any) -> RawRecord:
    place = f"record {number}"
    if not isinstance(value, _Pairs):
        why = f"not JSON: {value}" if isinstance(value, Exception) else "not an object"
        return RawRecord(place, number, (), f"{why}; a record is {{...}} with its keys")
    try:
        found = tuple(_found(value, "", 0))
    except CatalogError as error:
        return RawRecord(place, number, (), str(error))
    if any(_HALF_CHARACTER.search(one.field + one.text) for one in found):
        return RawRecord(place, number, (), "a \\ud... escape is half a character; write it whole")
    doubled = ", ".join(dict.fromkeys(_doubled_keys(value)))
    problem = f"key {doubled} stands twice with different values; keep one" if doubled else ""
    return RawRecord(place, number, found, problem)


def _found(value: Any, path: str, depth: int) -> Iterator[Found]:
    if depth > DEEPEST:
        raise CatalogError(f"nested more than {DEEPEST} deep; this is no film record")
    if isinstance(value, _Pairs):
        yield from _of_object(value, path, depth)
    elif isinstance(value, list):
        for item in value:
            yield from _found(item, path, depth + 1)
    elif value is not None:
        text = str(value).strip() if not isinstance(value, bool) else str(value).lower()
        if text:
            yield Found(path, text)


def _doubled_keys(value: Any) -> Iterator[str]:
    if isinstance(value, list) and not isinstance(value, _Pairs):
        for item in value:
            yield from _doubled_keys(item)
    elif isinstance(value, _Pairs):
        last: dict[str, Any] = {}
        for key, item in value:
            if last.setdefault(key, item) != item:
                yield key
            yield from _doubled_keys(item)


def _of_object(value: _Pairs, path: str, depth: int) -> Iterator[Found]:
    measured = dict(value)
    if len(value) == 2 and measured.keys() == {"measure", "unit"}:
        measure, unit = measured["measure"], measured["unit"]
        if isinstance(measure, str) and isinstance(unit, str):
            yield Found(path, f"{measure} {unit}")
            return
    for key, item in value:
        inner = f"{path}.{key}" if path else key
        yield from _found(item, inner.strip().lower(), depth + 1)
