"""EN 15907, in the two dialects that archives export.

EFG, the European Film Gateway: `efgEntity/avcreation` with `avManifestation`. Checked
against a published record and an institution's written mapping to the schema; the schema
itself was not at hand, so an element that neither of them uses is reported as unmapped.

Forward, as Finna takes it from Finland's KAVI: `ExchangeSet/CinematographicWork`, many
facts of which are attributes of `ProductionEvent/ProductionEventType`. Names were checked
against a published record and the programs that read it; which words its attributes hold
(`elokuva-alkupvari`, `elokuva-alkupaani`) was not, and the profile `finna` guesses few.

Every manifestation becomes a record, with the facts of its work; a work without any
becomes one. A `partDesignation` reads as one text, `Part 02`. Neither dialect names files:
a profile says what the path is.
"""

from collections.abc import Iterator
from pathlib import Path

from catalogs.importers.raw import Found, RawCatalog, RawRecord
from catalogs.importers.xml_records import Element, read_records
from catalogs.profile import Profile

_WORKS = ("avcreation", "cinematographicwork")
_MANIFESTATIONS = ("avmanifestation", "manifestation")


def import_en15907(path: Path, data: bytes, profile: Profile) -> RawCatalog:
    """Every manifestation of an EN 15907 file.

    Raises:
        CatalogError: not XML, or no work in it.
    """
    works, remarks = read_records(path, data, _WORKS, profile.encoding)
    for work in works:
        _join_designations(work)
    reels = [reel for work in works for reel in _reels(work)]
    records = (
        RawRecord(f"record {n} (line {line})", line, tuple(found))
        for n, (line, found) in enumerate(reels, start=1)
    )
    return RawCatalog(tuple(records), remarks)


def _reels(work: Element) -> Iterator[tuple[int, list[Found]]]:
    facts = list(work.found(but=_MANIFESTATIONS))
    manifestations = [child for child in work.children if child.name in _MANIFESTATIONS]
    for one in manifestations:
        yield one.line, facts + list(one.found(f"{one.name}/"))
    if not manifestations:
        yield work.line, facts


def _join_designations(element: Element) -> None:
    """`<unit>Part</unit><value>02</value>` becomes the text `Part 02`."""
    for child in element.children:
        units, values = child.named("unit"), child.named("value")
        if child.name == "partdesignation" and units and values:
            child.parts = [f"{units[0].text} {values[0].text}"]
            child.children = []
        _join_designations(child)
