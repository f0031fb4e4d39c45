"""The catalog of an archive, read: the one door to every format.

    catalog = read_catalog(Path("catalog.csv"))
    catalog = read_catalog(Path("export.xml"), "finna")

Nothing but the catalog's file and the profile's is opened. What cannot be used is held
with its place, field and remedy; everything else goes on.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from catalogs.errors import CatalogError
from catalogs.importers.ami import import_ami
from catalogs.importers.delimited import import_csv
from catalogs.importers.en15907 import import_en15907
from catalogs.importers.pbcore import import_pbcore
from catalogs.importers.raw import RawCatalog, read_bytes
from catalogs.importers.xml_records import decode_xml
from catalogs.mapping import MappedRecord, MappingEntry, is_wanted, map_record
from catalogs.profile import Profile
from catalogs.profile_file import read_profile
from catalogs.records import CatalogReel, HeldRow
from catalogs.reel_sets import Listed, Sets, check_sets

Import = Callable[[Path, bytes, Profile], RawCatalog]

IMPORTERS: dict[str, Import] = {
    "csv": import_csv, "pbcore": import_pbcore, "en15907": import_en15907, "ami": import_ami,
}  # fmt: skip

_XML_FORMAT = re.compile(
    r"<(?:[\w.-]{1,40}:)?(?:(pbcore\w{0,40})|(efgentity|avcreation|exchangeset|cinematographicwork))"
    r"[\s>/]",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Catalog:
    """What was read.

    Attributes:
        reels: usable, in the order of the file.
        held: rows and reels that go no further, in the order of the file.
        remarks: for the report.
        mapping: what became of every field of every record.
    """

    path: Path
    reels: tuple[CatalogReel, ...]
    held: tuple[HeldRow, ...]
    remarks: tuple[str, ...]
    mapping: tuple[MappingEntry, ...] = ()


def read_catalog(path: Path, profile: Profile | str | None = None) -> Catalog:
    """Read a catalog.

    Args:
        path: a CSV, PBCore, EN 15907 or AMI file.
        profile: how it is written, or a shipped profile's name or a profile's file; the
            shipped profile of the file's format when None.

    Raises:
        CatalogError: the file cannot be read as a catalog at all, or the profile is wrong.
    """
    if isinstance(profile, str):
        profile = read_profile(profile)
    data = read_bytes(path)
    profile = profile or read_profile(_format(path, data))
    raw = IMPORTERS[profile.format](path, data, profile)
    wanted = [record for record in raw.records if is_wanted(record, profile)]
    if raw.records and not wanted:
        raise CatalogError(
            f"{path}: [only] of profile {profile.name} leaves out all {len(raw.records)} records; "
            "correct it, or name another profile"
        )
    mapped = [map_record(record, profile) for record in wanted]
    sets = check_sets(mapped, profile.incomplete_sets == "allow")
    held = [_hold(path, record) for record in mapped if record.problems]
    held += [_hold_listed(path, entry, reason) for entry, reason in sets.held]
    return Catalog(
        path=path,
        reels=tuple(entry.reel for entry in sets.reels),
        held=tuple(sorted(held, key=lambda row: row.line)),
        remarks=(*_remarks(raw, len(wanted), profile), *sets.remarks),
        mapping=tuple(_mapping(mapped, sets)),
    )


def _format(path: Path, data: bytes) -> str:
    """The format that a file has, by its content where that tells, else by its name."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")
    if path.suffix.lower() == ".xml" or head.startswith((b"<?xml", b"<?\0")):
        text, _ = decode_xml(path, data, None)
        match = _XML_FORMAT.search(text)
        if not match:
            raise CatalogError(
                f"{path}: neither PBCore nor EN 15907; export it as one of them, or name a profile"
            )
        return "pbcore" if match[1] else "en15907"
    return "ami" if path.suffix.lower() in (".json", ".jsonl") else "csv"


def _mapping(records: list[MappedRecord], sets: Sets) -> Iterator[MappingEntry]:
    """What became of every field; the reel number of a set that is not right is conflicting."""
    wrong = {entry.record.raw.place for entry, _ in sets.held}
    for record in records:
        for entry in record.entries:
            conflicting = entry.field == "reel" and entry.record in wrong
            yield replace(entry, status="conflicting") if conflicting else entry


def _remarks(raw: RawCatalog, wanted: int, profile: Profile) -> Iterator[str]:
    for name in raw.columns:
        if name not in profile.used_fields:
            yield f"column {name!r} is not known and was not used"
    yield from raw.remarks
    if wanted < len(raw.records):
        yield f"left out, as the profile asks: {len(raw.records) - wanted} records of another kind"


def _hold(path: Path, record: MappedRecord) -> HeldRow:
    place, reel = record.raw.place, record.reel or (None, None)
    return HeldRow(
        record.identifier or place, record.raw.key, record.raw.line,
        f"{path.name} {place}: {'; '.join(record.problems)}",
        record.values.get("title"), *reel,
    )  # fmt: skip


def _hold_listed(path: Path, entry: Listed, reason: str) -> HeldRow:
    return HeldRow.of(entry.reel, f"{path.name} {entry.record.raw.place}: {reason}")
