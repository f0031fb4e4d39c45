"""PBCore 2.1, and what calls itself so.

A `pbcoreDescriptionDocument` (alone, or many in a `pbcoreCollection`) describes one asset
with its instantiations. Every digital instantiation becomes a record: a file is a reel.
Its facts stand under `pbcoreinstantiation/`, those of the film it was made from (the
instantiations with `instantiationPhysical`) under `physical/`, those of the asset bare.
An instantiation that is divided into `instantiationPart` is as many records. Where there
is no digital instantiation, every physical one is a record; where there is none at all,
the asset is.

Written to the published 2.1 schema and to records of the kind found in its wild: a root in
the wrong case, the elements of PBCore 1.x (`pbcoreTitle/title`, `formatPhysical`), reels
and gauges in `instantiationAnnotation`. `pbcorePart` (episodes, segments) is not read.
"""

from collections.abc import Iterator
from pathlib import Path

from catalogs.importers.raw import Found, RawCatalog, RawRecord
from catalogs.importers.xml_records import Element, read_records
from catalogs.profile import Profile

_ASSET = "pbcoredescriptiondocument"
_INSTANTIATION = "pbcoreinstantiationdocument"
_PREFIX = "pbcoreinstantiation/"
_PART = "instantiationpart"
_OF_THE_WHOLE = ("instantiationduration", "instantiationfilesize", "instantiationidentifier",
                 "instantiationlocation")  # fmt: skip


def import_pbcore(path: Path, data: bytes, profile: Profile) -> RawCatalog:
    """Every reel of a PBCore file.

    Raises:
        CatalogError: not XML, or no PBCore document in it.
    """
    documents, remarks = read_records(path, data, (_ASSET, _INSTANTIATION), profile.encoding)
    reels = [reel for document in documents for reel in _reels(document)]
    records = (
        RawRecord(f"record {n} (line {line})", line, tuple(found))
        for n, (line, found) in enumerate(reels, start=1)
    )
    return RawCatalog(tuple(records), remarks)


def _reels(document: Element) -> Iterator[tuple[int, list[Found]]]:
    if document.name == _INSTANTIATION:
        yield from _parts(document)
        return
    every = document.named("pbcoreinstantiation")
    asset = list(document.found(but=("pbcoreinstantiation",)))
    physical = [one for one in every if _is_physical(one)]
    digital = [one for one in every if not _is_physical(one)]
    film = [found for one in physical for found in one.found("physical/")]
    for one in digital or physical:
        for line, found in _parts(one):
            yield line, asset + found + (film if digital else [])
    if not every:
        yield document.line, asset


def _is_physical(instantiation: Element) -> bool:
    names = {child.name for child in instantiation.children}
    return bool(names & {"instantiationphysical", "formatphysical"}) and not names & {
        "instantiationdigital", "formatdigital",
    }  # fmt: skip


def _parts(instantiation: Element) -> Iterator[tuple[int, list[Found]]]:
    """The parts of an instantiation, or itself; a part has what it does not say from the whole."""
    parts = [part for part in instantiation.named(_PART) if part.children]
    for part in parts:
        own = {child.name for child in part.children}
        whole = instantiation.found(_PREFIX, but={_PART, *own, *_OF_THE_WHOLE})
        yield part.line, [*part.found(_PREFIX), *whole]
    if not parts:
        yield instantiation.line, list(instantiation.found(_PREFIX))
