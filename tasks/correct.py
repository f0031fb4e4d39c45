"""Correct: the shot list of a reel, written for a person to edit and read back."""

from pathlib import Path

from catalogs.durable import write_whole
from catalogs.errors import CatalogError, StoreError
from catalogs.exports.shot_reading import MOST_BYTES, read_shot_list
from catalogs.exports.subject import ListedShot
from catalogs.records import Reel
from catalogs.rows import known_reels
from catalogs.shot_list import check_cover, current_shots, ranges_of, record_correction
from catalogs.store import Store
from catalogs.store_lock import hold_store
from tasks.export.formats import ListKind, list_text
from tasks.split import DETECTOR


def ingested_reel(store: Store, name: str) -> Reel:
    """A reel that was ingested, by its id or by the identifier of an item of one reel.

    Raises:
        StoreError: the store has no such reel, or the identifier means several.
    """
    known = known_reels(store.ledger())
    if name in known:
        return known[name]
    named = [reel for reel in known.values() if reel.catalog.identifier == name]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(sorted(reel.reel_id for reel in named))
        raise StoreError(f"{name} has {len(named)} reels; name one of: {ids}")
    ids = ", ".join(sorted(known)) or "none"
    raise StoreError(f"{store.root}: no reel {name!r} was ingested; there are: {ids}")


def write_shot_list(store: Store, reel: Reel, kind: ListKind, target: Path) -> int:
    """Write the shots that hold now, replacing an older file; returns how many there are.

    Raises:
        StoreError: the reel's shots were never looked for.
        VerificationError: an EDL cannot express the reel's rate.
    """
    ranges = ranges_of(current_shots(store.ledger(), reel, DETECTOR))
    if not ranges:
        raise StoreError(f"{reel.reel_id}: its shots were not looked for yet; run a night first")
    shots = [ListedShot(start, stop) for start, stop in ranges]
    write_whole(target, list_text(kind, reel, shots).encode())
    return len(shots)


def correct_shots(store: Store, reel: Reel, file: Path, person: str, why: str = "") -> int:
    """Read a corrected list and record it; the next night follows it.

    The store is held meanwhile, so that no night sees one list at its beginning and another
    at its end.

    Returns:
        How many shots of the list are new; 0 when it is the list that holds already.

    Raises:
        CatalogError: the list cannot be read, or does not hold every frame once.
        StoreError: a night is running in the store.
    """
    if not person.strip():
        raise CatalogError("a correction needs the name of the person who made it")
    with file.open("rb") as stream:
        data = stream.read(MOST_BYTES + 1)
    ranges = read_shot_list(file.name, data, reel)
    try:
        check_cover(ranges, reel.content.frame_count)
    except CatalogError as error:
        raise CatalogError(f"{file}: {error}") from error
    with hold_store(store):
        ledger = store.ledger()
        return record_correction(ledger, reel, ranges, person.strip(), why, DETECTOR)
