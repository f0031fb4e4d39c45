"""Reels N of M: sets that are whole, said once and without contradiction.

A set that is incomplete, doubled or contradictory is held, with the list of what is wrong.
A record that is held for another reason still counts as listed: its set is not incomplete.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from catalogs.mapping import MappedRecord
from catalogs.records import CatalogReel

# Names that differ between the catalog's fields and the record's.
_ATTRIBUTE = {"reel": "reel_number", "duration": "duration_seconds"}
_MOST_NAMED = 20


@dataclass(frozen=True)
class Listed:
    """A usable record and the reel it is."""

    record: MappedRecord
    reel: CatalogReel


@dataclass(frozen=True)
class Sets:
    """What is left when every set was looked at.

    Attributes:
        reels: usable, in the order of the file.
        held: with the reason.
        remarks: for the report.
    """

    reels: tuple[Listed, ...]
    held: tuple[tuple[Listed, str], ...]
    remarks: tuple[str, ...]


def check_sets(records: Sequence[MappedRecord], allow_incomplete: bool) -> Sets:
    """Hold every reel whose set is not right."""
    members: dict[str, list[MappedRecord]] = defaultdict(list)
    for record in records:
        if record.identifier and record.reel:
            members[record.identifier].append(record)
    counts = {identifier: _count(group) for identifier, group in members.items()}
    listed = [_listed(r, counts) for r in records if not r.problems]
    unique, remarks = _without_repetitions(listed)
    wrong: dict[str, str] = {}
    for identifier, group in members.items():
        contradiction, missing = _contradiction(group), _missing(group, counts[identifier])
        if missing and allow_incomplete and not contradiction:
            remarks.append(f"{identifier}: {missing}; the others are used")
        elif contradiction or missing:
            what = contradiction or f"{missing}; add what is missing, or correct the count"
            wrong[identifier] = f"{identifier}: {what}"
    reasons = {id(e): wrong[e.reel.identifier] for e in unique if e.reel.identifier in wrong}
    reasons |= dict(_doubles(unique)) | dict(_of_one_file(unique))
    remarks += _titles(unique)
    return Sets(
        tuple(entry for entry in unique if id(entry) not in reasons),
        tuple((entry, reasons[id(entry)]) for entry in unique if id(entry) in reasons),
        tuple(remarks),
    )


def _count(group: list[MappedRecord]) -> int:
    """M: as it is said, else the largest N."""
    reels = [record.reel for record in group if record.reel]
    return max([m for _, m in reels if m] or [n for n, _ in reels])


def _listed(record: MappedRecord, counts: dict[str, int]) -> Listed:
    values: dict[str, Any] = {_ATTRIBUTE.get(n, n): v for n, v in record.values.items()}
    number, count = values.pop("reel_number")
    uncertain = [_ATTRIBUTE.get(name, name) for name in record.uncertain]
    if count is None:
        uncertain.append("reel_count")
    reel = CatalogReel(
        **values,
        reel_number=number,
        reel_count=count or max(counts[values["identifier"]], number),
        line=record.raw.line,
        uncertain=tuple(uncertain),
    )
    return Listed(record, reel)


def _without_repetitions(listed: list[Listed]) -> tuple[list[Listed], list[str]]:
    """Records that say the very same of the same reel are one record."""
    first: dict[CatalogReel, Listed] = {}
    remarks = []
    for entry in listed:
        known = first.setdefault(entry.reel, entry)
        if known is not entry:
            remarks.append(
                f"{entry.record.raw.place} repeats {known.record.raw.place} "
                f"({entry.reel.identifier} reel {entry.reel.reel_number}); read once"
            )
    return list(first.values()), remarks


def _doubles(listed: list[Listed]) -> Iterator[tuple[int, str]]:
    """Two records of one reel contradict each other, whichever is right: hold all.

    Upper and lower case count as one: a store may lie on a share that does not tell them apart.
    """
    by_id: dict[str, list[Listed]] = defaultdict(list)
    for entry in listed:
        by_id[entry.reel.reel_id.lower()].append(entry)
    for group in by_id.values():
        if len(group) > 1:
            reel = group[0].reel
            reason = (
                f"{reel.identifier} reel {reel.reel_number} is listed {len(group)} times; keep "
                f"one row: {_differences(group)}"
            )
            yield from ((id(entry), reason) for entry in group)


def _of_one_file(listed: list[Listed]) -> Iterator[tuple[int, str]]:
    """Two reels of one item in one file: a row was copied and its path forgotten."""
    by_path: dict[tuple[str, str], list[Listed]] = defaultdict(list)
    for entry in listed:
        by_path[entry.reel.identifier, entry.reel.path].append(entry)
    for (identifier, path), group in by_path.items():
        numbers = list(dict.fromkeys(str(entry.reel.reel_number) for entry in group))
        if len(numbers) > 1:
            reason = f"{identifier}: reels {_some(numbers)} name one file, {path}; correct the path"
            yield from ((id(entry), reason) for entry in group)


def _titles(listed: list[Listed]) -> Iterator[str]:
    """Reels of one item with different titles, which may be right."""
    by_identifier: dict[str, dict[str, None]] = defaultdict(dict)
    for entry in listed:
        by_identifier[entry.reel.identifier][entry.reel.title] = None
    for identifier, titles in by_identifier.items():
        if len(titles) > 1:
            yield f"{identifier}: its reels have different titles: {_some(titles)}"


def _differences(group: list[Listed]) -> str:
    differing = [
        field.name
        for field in fields(CatalogReel)
        if field.compare and len({getattr(entry.reel, field.name) for entry in group}) > 1
    ]
    return "; ".join(
        f"{entry.record.raw.place} has "
        + ", ".join(f"{name} {_shown(getattr(entry.reel, name))}" for name in differing)
        for entry in group[:_MOST_NAMED]
    )


def _shown(value: object) -> str:
    return "nothing" if value in (None, ()) else str(value)


def _contradiction(group: list[MappedRecord]) -> str:
    counts = {record.reel[1] for record in group if record.reel} - {None}
    numbers = {record.reel[0] for record in group if record.reel}
    if len(counts) <= 1 and (not counts or max(numbers) <= max(c for c in counts if c)):
        return ""
    said = [
        f"{' of '.join(str(part) for part in record.reel if part)} ({record.raw.place})"
        for record in group
        if record.reel
    ]
    return f"the reels contradict each other: {_some(said)}; make the count the same"


def _missing(group: list[MappedRecord], count: int) -> str:
    numbers = {record.reel[0] for record in group if record.reel}
    missing = [str(number) for number in range(1, count + 1) if number not in numbers]
    if not missing:
        return ""
    reels = "reels" if len(missing) > 1 else "reel"
    return f"{reels} {_some(missing)} of {count} {'are' if len(missing) > 1 else 'is'} missing"


def _some(words: Iterable[str]) -> str:
    every = list(words)
    more = f" and {len(every) - _MOST_NAMED} more" if len(every) > _MOST_NAMED else ""
    return ", ".join(every[:_MOST_NAMED]) + more
