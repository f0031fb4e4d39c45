"""Export: a restored reel as others keep it: PREMIS, OpenTimelineIO, EDL, CSV.

Files appear whole or not at all; an older one is replaced. See `tasks.export.bag` for bags.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from catalogs.durable import write_whole
from catalogs.exports.catalog_csv import catalog_csv
from catalogs.exports.premis import premis_document
from catalogs.exports.recorded import APPROVAL, approval_of
from catalogs.exports.shot_csv import shots_csv
from catalogs.exports.subject import ListedShot, RestoredReel
from catalogs.exports.timeline import edl_text, otio_text, shots_timeline
from catalogs.records import Reel
from catalogs.rows import event_row
from catalogs.store import Store
from tasks.export.gather import with_newest_events

ListKind = Literal["otio", "edl", "csv"]
ExportKind = Literal["premis", "otio", "edl", "csv"]

LIST_KINDS: tuple[ListKind, ...] = get_args(ListKind)


def export_content(kind: ExportKind, subject: RestoredReel) -> tuple[str, bytes]:
    """Name and content of one export of a reel.

    Raises:
        VerificationError: an EDL cannot express the reel's rate.
    """
    if kind == "premis":
        return "premis.xml", premis_document(subject)
    if kind == "csv":
        return "catalog.csv", catalog_csv([subject]).encode()
    master = subject.file("restored master").name
    text = list_text(kind, subject.reel, subject.listed_shots, master, subject.derivative_id)
    return f"shots.{kind}", text.encode()


def list_text(
    kind: ListKind,
    reel: Reel,
    shots: Sequence[ListedShot],
    master: str = "",
    derivative_id: str = "",
) -> str:
    """A shot list as text; `master` is the file it stands beside, the source if none is named.

    Raises:
        VerificationError: an EDL cannot express the reel's rate.
    """
    film = master or reel.catalog.path
    if kind == "otio":
        return otio_text(shots_timeline(reel, shots, film, derivative_id))
    if kind == "edl":
        return edl_text(reel, shots, film, derivative_id)
    return shots_csv(shots)


def write_export(kind: ExportKind, subject: RestoredReel, folder: Path) -> Path:
    """Write one export to `<folder>/<derivative>/`, replacing an older one."""
    name, content = export_content(kind, subject)
    target = folder / subject.derivative_id / name
    write_whole(target, content)
    return target


def write_catalog(subjects: Sequence[RestoredReel], folder: Path) -> Path:
    """Write one table of several derivatives to `<folder>/catalog.csv`."""
    target = folder / "catalog.csv"
    write_whole(target, catalog_csv(subjects).encode())
    return target


def approve(store: Store, subject: RestoredReel, person: str) -> RestoredReel:
    """Record that a person approved exactly this master, unless that is recorded.

    Returns:
        The reel with its events as they are now.
    """
    if any(event.event == APPROVAL and event.agent == person for event in subject.events):
        return subject
    detail = approval_of(subject.file("restored master"))
    event = event_row(APPROVAL, subject.derivative_id, "approved", detail, person)
    store.ledger().append("events", "approvals", [event])
    return with_newest_events(store, subject)
