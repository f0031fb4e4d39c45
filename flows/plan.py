"""What a night would do: read catalog and headers, decode nothing, change nothing."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from catalogs.catalog import Catalog
from catalogs.errors import MediaError, SourceError
from catalogs.recipe import Treatment
from catalogs.records import CatalogReel, HeldRow, Reel
from catalogs.rows import reels_at_hand
from catalogs.shot_list import current_shots
from catalogs.store import Store
from tasks.agree import agree
from tasks.find import find_source, is_unchanged
from tasks.manifest import is_assembled
from tasks.split import DETECTOR

# Files written per byte of uncompressed picture, measured on grainy film: the restored
# shots and the reel joined from them (0.6 each), change maps (0.2 each), access copy.
DISK_SHARE = 1.7


@dataclass(frozen=True)
class PlannedReel:
    """One reel that would be restored.

    Attributes:
        frames: as the header claims or the time stamps suggest; None when unknown.
        picture_bytes: of all frames uncompressed; 0 when finished already.
    """

    reel_id: str
    title: str
    frames: int | None
    megapixels: float
    picture_bytes: int
    finished: bool


@dataclass(frozen=True)
class Plan:
    """What would be done, held and why, and what it takes."""

    reels: tuple[PlannedReel, ...]
    held: tuple[HeldRow, ...]
    remarks: tuple[str, ...]
    disk_bytes: int
    free_bytes: int
    hours: float | None


def plan_night(
    read: Catalog,
    archive: Path,
    treatment: Treatment,
    store: Store | None,
    root: Path,
    notice: str | None = None,
) -> Plan:
    """Plan a night.

    Args:
        read: the catalog.
        archive: archive root.
        treatment: what would be done.
        store: the store if it exists, for what is finished and how fast it went.
        root: folder the store is or would be in, for free space.
        notice: text that access copies would carry.
    """
    known = reels_at_hand(store.ledger()) if store else {}
    planned: list[PlannedReel] = []
    held = list(read.held)
    for entry in read.reels:
        try:
            planned.append(
                _plan_reel(entry, archive, treatment, store,
                           known.get(entry.reel_id), notice)
            )  # fmt: skip
        except (SourceError, MediaError) as error:
            held.append(HeldRow.of(entry, str(error)))
    return Plan(
        reels=tuple(planned),
        held=tuple(held),
        remarks=read.remarks,
        disk_bytes=int(sum(reel.picture_bytes for reel in planned) * DISK_SHARE),
        free_bytes=shutil.disk_usage(_existing(root)).free,
        hours=_hours(planned, treatment, store),
    )


def _plan_reel(
    entry: CatalogReel,
    archive: Path,
    treatment: Treatment,
    store: Store | None,
    known: Reel | None,
    notice: str | None,
) -> PlannedReel:
    source = find_source(entry, archive)
    if known and store and known.catalog == entry and is_unchanged(known, archive):
        picture, frames = known.header.picture, known.content.frame_count
        shots = current_shots(store.ledger(), known, DETECTOR)
        finished = is_assembled(known, shots, treatment, store, notice)
    else:
        header = agree(entry, source).header
        picture, frames, finished = header.picture, header.claimed_frames or 0, False
    return PlannedReel(
        reel_id=entry.reel_id,
        title=entry.title,
        frames=frames or None,
        megapixels=picture.width * picture.height / 1e6,
        picture_bytes=0 if finished else frames * picture.frame_bytes,
        finished=finished,
    )


def _hours(planned: list[PlannedReel], treatment: Treatment, store: Store | None) -> float | None:
    """Worker hours, from the speed that this store has seen under this treatment."""
    if store is None:
        return None
    rows = store.ledger().newest("restorations")
    rows = rows[(rows["treatment_id"] == treatment.treatment_id) & (rows["seconds"] > 0)]
    if rows.empty:
        return None
    sizes = store.ledger().newest("reels").set_index("reel_id")
    megapixels = rows["reel_id"].map(sizes["width"] * sizes["height"] / 1e6)
    work = ((rows["stop_frame"] - rows["start_frame"]) * megapixels).sum()
    if not work > 0:
        return None
    ahead = sum((r.frames or 0) * r.megapixels for r in planned if not r.finished)
    return float(rows["seconds"].sum() / work * ahead / 3600)


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
