"""What a night would do: read catalog and headers, decode nothing, change nothing."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from catalogs.catalog import Catalog
from catalogs.errors import MediaError, NoAnswerError, SourceError
from catalogs.origin import RemoteRoot
from catalogs.picture import PictureFormat
from catalogs.policy import Policy
from catalogs.recipe import Treatment
from catalogs.records import CatalogReel, HeldRow, Reel
from catalogs.rows import reels_at_hand
from catalogs.shot_list import current_shots
from catalogs.store import Store
from catalogs.treatments import recorded_treatments
from flows.window.room import JOINED_SHARE, SHOT_SHARE
from tasks.agree import agree
from tasks.find import FoundSource, find_source
from tasks.manifest import is_assembled
from tasks.reprocess.reprocessed import standing_treatment
from tasks.split import DETECTOR
from tasks.storage.listed import is_unchanged, look_for

DISK_SHARE = SHOT_SHARE + JOINED_SHARE  # files written per byte of uncompressed picture


@dataclass(frozen=True)
class PlannedReel:
    """One reel that would be restored.

    Attributes:
        frames: as the header claims or the time stamps suggest; None when unknown.
        megapixels: 0 where the header lies in object storage and was not read.
        picture_bytes: of all frames uncompressed; 0 when finished already, or not known.
        reprocessed: True when it stands as it was reprocessed from this treatment.
    """

    reel_id: str
    title: str
    frames: int | None
    megapixels: float
    picture_bytes: int
    finished: bool
    reprocessed: bool = False


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
    archive: Path | RemoteRoot,
    treatment: Treatment,
    store: Store | None,
    root: Path,
    notice: str | None = None,
    policy: Policy | None = None,
) -> Plan:
    """Plan a night.

    Args:
        read: the catalog.
        archive: archive root.
        treatment: what would be done.
        store: the store if it exists, for what is finished and how fast it went.
        root: folder the store is or would be in, for free space.
        notice: text that access copies would carry.
        policy: what may be done to which collection; without one nothing may be invented.
    """
    known = reels_at_hand(store.ledger()) if store else {}
    recorded = recorded_treatments(store.ledger()) if store else {}
    night = Planning(archive, treatment, store, notice, policy or Policy(), recorded)
    planned: list[PlannedReel] = []
    held = list(read.held)
    for entry in read.reels:
        try:
            planned.append(night.reel(entry, known.get(entry.reel_id)))
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


@dataclass(frozen=True)
class Planning:
    """What a night is planned from, as `plan_night` takes it; `recorded` treatments by identity."""

    archive: Path | RemoteRoot
    treatment: Treatment
    store: Store | None
    notice: str | None
    policy: Policy
    recorded: Mapping[str, Treatment]

    def reel(self, entry: CatalogReel, known: Reel | None) -> PlannedReel:
        """Plan a reel: as it was ingested if its source is as it was then, else by its header."""
        here = known if known and self.store and known.catalog == entry else None
        finished = reprocessed = False
        try:
            source = self._find(entry)
            same = here is not None and is_unchanged(here, self.archive)
        except NoAnswerError:  # a night leaves what is finished as it is, and holds the others
            source, same = None, here is not None and self._finished(here)[0]
            if not same:
                raise
        if here and same:
            picture: PictureFormat | None = here.header.picture
            frames = here.content.frame_count
            finished, reprocessed = self._finished(here)
        elif source is None:
            picture, frames = None, 0
        else:
            header = agree(entry, source).header
            picture, frames = header.picture, header.claimed_frames or 0
        return PlannedReel(
            reel_id=entry.reel_id,
            title=entry.title,
            frames=frames or None,
            megapixels=picture.width * picture.height / 1e6 if picture else 0.0,
            picture_bytes=0 if finished or not picture else frames * picture.frame_bytes,
            finished=finished,
            reprocessed=reprocessed,
        )

    def _find(self, entry: CatalogReel) -> FoundSource | None:
        """A reel's source; of one in object storage no more than that it is there."""
        if isinstance(self.archive, Path):
            return find_source(entry, self.archive)
        look_for(entry, self.archive)
        return None

    def _finished(self, known: Reel) -> tuple[bool, bool]:
        """Whether a reel stands complete, and whether as it was reprocessed."""
        store = self.store
        assert store is not None  # what is known of a reel came from there
        ledger = store.ledger()
        shots = current_shots(ledger, known, DETECTOR)
        own = standing_treatment(ledger, known, shots, self.treatment, self.policy, self.recorded)
        reprocessed = isinstance(own, Treatment)
        treatment = own if isinstance(own, Treatment) else self.treatment
        return is_assembled(known, shots, treatment, store, self.notice), reprocessed


def _hours(planned: list[PlannedReel], treatment: Treatment, store: Store | None) -> float | None:
    """Worker hours, from the speed that this store has seen under this treatment."""
    if store is None:
        return None
    facts = ("treatment_id", "seconds", "start_frame", "stop_frame")
    rows = store.ledger().newest("restorations", columns=facts)
    rows = rows[(rows["treatment_id"] == treatment.treatment_id) & (rows["seconds"] > 0)]
    if rows.empty:
        return None
    sizes = store.ledger().newest("reels", columns=("width", "height")).set_index("reel_id")
    megapixels = rows["reel_id"].map(sizes["width"] * sizes["height"] / 1e6)
    seen = rows.assign(megapixels=megapixels).dropna(subset=["megapixels"])  # a held reel has none
    work = ((seen["stop_frame"] - seen["start_frame"]) * seen["megapixels"]).sum()
    if not work > 0:
        return None
    ahead = sum((r.frames or 0) * r.megapixels for r in planned if not r.finished)
    return float(seen["seconds"].sum() / work * ahead / 3600)


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
