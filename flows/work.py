"""What a Dask worker is asked to do: plain functions that record before they return.

Each writes its outcome to the ledger, durable, before it answers; the answer itself is
small and could be lost. Finished work is found in the ledger and not done again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from catalogs.errors import SourceError, StoreError
from catalogs.fixity import sha256_file
from catalogs.ledger import Ledger
from catalogs.mixtures import read_restored_reel_shots
from catalogs.policy import Policy
from catalogs.recipe import Treatment
from catalogs.records import CatalogReel, Measurement, Reel, RestoredShot, Shot
from catalogs.rows import (
    event_row,
    frame_rows,
    known_reels,
    measurement_rows,
    read_frame_index,
    reel_row,
    restored_row,
    shot_rows,
)
from catalogs.shot_list import current_shots
from catalogs.source import FrameIndex
from catalogs.store import Store
from flows.hard_limit import hard_limit
from flows.software import software
from tasks.assemble import assemble_reel
from tasks.ingest import ingest_reel
from tasks.licence import licence_remarks
from tasks.manifest import derivative_id, digest_of, read_manifest
from tasks.measure import Truth, measure_shot
from tasks.media.check import index_frames
from tasks.media.probe import probe
from tasks.permit import allowances
from tasks.restore import keep_original, restore_shot
from tasks.sidecar import LEFT_OFF
from tasks.split import DETECTOR, ShotFinder, detect_shots

NETWORK_SECONDS = 3000  # for a frame of a megapixel; Real-ESRGAN takes one core 400


@dataclass(frozen=True)
class Order:
    """What all the work of one night has in common.

    Attributes:
        treatment: of every reel that has none of its own.
        notice: for access copies; what the version before has when None.
        sidecar: whether masters get one; as the version before when None.
        treatments: of reels that have one of their own, by reel_id: those that are reprocessed,
            and those that a night finds reprocessed and goes on with; see `for_reel`.
        bases: what the versions of such reels come from; see `catalogs.mixtures`.
        base: of the one reel that an order is for.
    """

    store: Store
    archive: Path
    treatment: Treatment
    batch_id: str
    truth: Path | None = None
    notice: str | None = None
    sidecar: bool | None = True
    policy: Policy = field(default_factory=Policy)
    treatments: dict[str, Treatment] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    base: str = ""

    @property
    def ledger(self) -> Ledger:
        """The ledger, writing for this night."""
        return self.store.ledger(self.batch_id)

    def for_reel(self, reel_id: str) -> "Order":
        """The order for one reel, with its own treatment and nobody else's."""
        if not self.treatments:
            return self
        own = self.treatments.get(reel_id, self.treatment)
        base = self.bases.get(reel_id, "")
        return replace(self, treatment=own, base=base, treatments={}, bases={})

    def record(
        self, event: str, subject: str, outcome: str, detail: str = "", agent: str = ""
    ) -> None:
        """Write an event, of this software unless a person is its agent."""
        row = event_row(event, subject, outcome, detail, agent or software())
        self.ledger.append("events", self.batch_id, [row])

    def named(self, label: str) -> str:
        """What a piece of work of this night is called in the logs of workers."""
        return f"{self.batch_id} {label}"

    def record_policy(self) -> None:
        """Say under which policy the work is done."""
        if self.policy.path:
            self.record("policy", str(self.policy.path), "success", f"sha256 {self.policy.sha256}")


@dataclass(frozen=True)
class ShotDone:
    """The short answer about one shot."""

    shot: Shot
    status: str
    reason: str
    seconds: float


def ingest(order: Order, catalog: CatalogReel) -> tuple[Reel, tuple[Shot, ...]]:
    """Check one reel to its last frame, find its shots, and record both."""
    finder = ShotFinder()
    reel, index = ingest_reel(catalog, order.archive, watch=finder.watch)
    ledger = order.ledger
    _refuse_changed(known_reels(ledger, reel.reel_id).get(reel.reel_id), reel)
    if read_frame_index(ledger, reel.digest) is None:
        ledger.append("frames", reel.digest, frame_rows(reel.digest, index), name="index")
    order.record(
        "ingestion", reel.reel_id, "success", f"{len(index)} frames, sha256 {reel.content.sha256}"
    )
    for disclosure in reel.disclosures:
        order.record("disclosure", reel.reel_id, "warning", disclosure)
    shots = split(order, reel, finder)
    ledger.append("reels", reel.reel_id, [reel_row(reel, "ingested", order.treatment)])
    return reel, shots


def _refuse_changed(known: Reel | None, reel: Reel) -> None:
    """A source that is not what it was is held, unless the catalog vouches for the new one."""
    if known is None:
        return
    _refuse_changed_sound(known, reel)
    if reel.catalog.checksum is not None:
        return
    before, now = known.content.sha256, reel.content.sha256
    if before != now:
        accept = (
            "write the new checksum into the catalog to accept it"
            if reel.header.sequence is None
            else "give it another identifier to accept it as another scan"
        )
        raise SourceError(
            f"{reel.catalog.path}: the source is not the one that was ingested before (sha256 "
            f"{before}, now {now}); restore it from a copy, or {accept}"
        )


def _refuse_changed_sound(known: Reel, reel: Reel) -> None:
    before, now = known.content.sound_sha256, reel.content.sound_sha256
    if before and now and before != now and known.catalog.sound_path == reel.catalog.sound_path:
        raise SourceError(
            f"{reel.catalog.sound_path}: the sound is not the one that was ingested before (sha256 "
            f"{before}, now {now}); restore it from a copy, or name another file in sound_path to "
            "accept it"
        )


def split(order: Order, reel: Reel, finder: ShotFinder | None = None) -> tuple[Shot, ...]:
    """The shots of a reel: as recorded, as found while it was ingested, or found now."""
    ledger = order.ledger
    if known := current_shots(ledger, reel, DETECTOR):
        return known
    frames = reel.content.frame_count
    ranges = finder.ranges(frames) if finder else detect_shots(reel.source, reel.header, frames)
    shots = tuple(Shot(reel.reel_id, reel.digest, n, *r) for n, r in enumerate(ranges))
    ledger.append("shots", reel.reel_id, shot_rows(shots, DETECTOR))
    order.record("shot detection", reel.reel_id, "success", f"{len(shots)} shots by {DETECTOR}")
    return shots


def restore(order: Order, reel: Reel, shot: Shot, limit_seconds: float) -> ShotDone:
    """Restore and measure one shot and record both; every frame begins the limit anew."""
    with hard_limit(limit_seconds, order.store, order.named(shot.shot_id)) as going_on:
        index = _index(order, reel)
        treatment = order.treatment.of(shot.start_frame)
        restored = restore_shot(
            reel, index, shot, treatment, order.store, on_frame=lambda _: going_on()
        )
        return _record(order, reel, index, restored)


def keep(order: Order, reel: Reel, shot: Shot, reason: str, limit_seconds: float) -> ShotDone:
    """Write the shot's own frames where it could not be restored, and record why."""
    with hard_limit(limit_seconds, order.store, order.named(shot.shot_id)):
        index = _index(order, reel)
        treatment = order.treatment.of(shot.start_frame)
        kept = keep_original(reel, index, shot, treatment, order.store, reason)
        return _record(order, reel, index, kept)


def assemble(order: Order, reel: Reel) -> str:
    """Join and verify one reel and record it; returns the derivative's identifier."""
    ledger = order.ledger
    known = read_restored_reel_shots(ledger, reel, order.treatment)
    shots = current_shots(ledger, reel, DETECTOR)
    restored = [known[_key(shot, order.treatment)] for shot in shots]
    earlier = digest_of(order.store.reel_folder(reel.reel_id, order.treatment.label))
    allowed = allowances(order.policy, reel.catalog.collection, order.treatment)
    said = (*(a.sentence for a in allowed), *licence_remarks(order.treatment))
    disclosed = replace(reel, disclosures=(*reel.disclosures, *said))
    notice, sidecar = _as_before(order, reel)
    built = assemble_reel(disclosed, restored, order.treatment, order.store, notice, sidecar)
    if earlier not in (None, reel.digest):
        aside = f"{built.folder.name}.source-{str(earlier)[:12]}"
        detail = (
            f"what was made of the earlier source is kept aside in reels/{reel.reel_id}/{aside}*"
        )
        order.record("disclosure", reel.reel_id, "warning", detail)
    order.record("assembly", built.derivative_id, "success", "verified: " + ", ".join(built.checks))
    for table in ("restorations", "measurements"):
        ledger.compact(table, reel.reel_id)
    record_restored(order, reel)
    return built.derivative_id


def _as_before(order: Order, reel: Reel) -> tuple[str, bool]:
    """Notice and sidecar as ordered, else as the version has them whose place is taken."""
    rows = order.ledger.read("reels", reel.reel_id)
    rows = rows[rows["status"] == "restored"]
    labels = rows["derivative_id"].str.removeprefix(f"{reel.reel_id}.")
    folders = (
        order.store.reel_folder(reel.reel_id, label)
        for label in (order.treatment.label, *labels.tail(1))
    )
    before = next(filter(None, map(read_manifest, folders)), {})
    notice, sidecar = order.notice, order.sidecar
    return (
        str(before.get("notice", "")) if notice is None else notice,
        before.get("sidecar") != LEFT_OFF if sidecar is None else sidecar,
    )


def record_allowances(order: Order, reel: Reel) -> None:
    """Say who allowed what is about to be invented in a reel, before it is."""
    for allowed in allowances(order.policy, reel.catalog.collection, order.treatment):
        order.record(
            "allowance", reel.reel_id, "success", allowed.sentence, agent=allowed.allowed_by
        )


def record_restored(order: Order, reel: Reel) -> None:
    """Say in the ledger that a reel stands complete, unless that is the last word on it."""
    ledger = order.ledger
    derivative = derivative_id(reel, order.treatment)
    newest = ledger.newest("reels", reel.reel_id)
    said = newest[
        (newest["status"] == "restored")
        & (newest["derivative_id"] == derivative)
        & (newest["base_treatment_id"].fillna("") == order.base)
    ]
    if said.empty:
        row = reel_row(reel, "restored", order.treatment, derivative=derivative, base=order.base)
        ledger.append("reels", reel.reel_id, [row])


def finished_shots(order: Order, reel: Reel, shots: tuple[Shot, ...]) -> dict[Shot, RestoredShot]:
    """Shots that are recorded under the treatment and whose files are as recorded."""
    known = read_restored_reel_shots(order.ledger, reel, order.treatment)
    found = {shot: known.get(_key(shot, order.treatment)) for shot in shots}
    return {s: r for s, r in found.items() if r is not None and _files_verify(order.store, r)}


def _key(shot: Shot, treatment: Treatment) -> str:
    return shot.key(treatment.of(shot.start_frame).treatment_id)


def limit_seconds(reel: Reel, shot: Shot, treatment: Treatment | None = None) -> float:
    """How long a worker may be at a shot and answer nothing before it is ended.

    Far longer than the whole shot should take the steps of the engine; where a treatment has a
    network, besides, far longer than one frame should take a large one without a GPU.
    """
    picture = reel.header.picture
    megapixels = picture.width * picture.height / 1e6
    limit = 300 + shot.frame_count * (2 + 20 * megapixels)
    steps = treatment.of(shot.start_frame).steps if treatment else ()
    return limit + (NETWORK_SECONDS * megapixels if any(s.weights_sha256 for s in steps) else 0)


def _record(order: Order, reel: Reel, index: FrameIndex, restored: RestoredShot) -> ShotDone:
    declared = order.treatment.of(restored.shot.start_frame).declared
    measured = measure_shot(reel, index, restored, order.store, _truth(order, reel), declared)
    return record_shot(order, restored, measured)


def record_shot(order: Order, restored: RestoredShot, measured: Iterable[Measurement]) -> ShotDone:
    """Write what became of a shot; its restoration last, which says that it is done."""
    ledger, shot = order.ledger, restored.shot
    ledger.append("measurements", shot.reel_id, measurement_rows(restored, measured))
    ledger.append("restorations", shot.reel_id, [restored_row(restored, software())])
    order.record("restoration", shot.shot_id, restored.status, restored.reason)
    return ShotDone(shot, restored.status, restored.reason, restored.seconds)


def _files_verify(store: Store, restored: RestoredShot) -> bool:
    files = ((restored.picture_file, restored.picture_sha256),
             (restored.change_file, restored.change_sha256))  # fmt: skip
    return all(
        (store.root / name).is_file() and sha256_file(store.root / name) == sha256
        for name, sha256 in files
    )


def _index(order: Order, reel: Reel) -> FrameIndex:
    return _cached_index(order.store.tables, reel.digest)


@lru_cache(maxsize=4)
def _cached_index(tables: Path, digest: str) -> FrameIndex:
    index = read_frame_index(Ledger(tables), digest)
    if index is None:
        raise StoreError(f"{tables}: no frames are recorded of {digest}; ingest the reel again")
    return index


def _truth(order: Order, reel: Reel) -> Truth | None:
    if order.truth is None or not (path := order.truth / f"{reel.reel_id}.mkv").is_file():
        return None
    return _cached_truth(path)


@lru_cache(maxsize=4)
def _cached_truth(path: Path) -> Truth:
    header = probe(path)
    return path, header, index_frames(path, header)
