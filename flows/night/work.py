"""What a Dask worker is asked to do: plain functions that record before they return.

Each writes its outcome to the ledger, durable, before it answers; the answer itself is
small and could be lost. Finished work is found in the ledger and not done again.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from catalogs.errors import StoreError
from catalogs.ledger import Ledger
from catalogs.mixtures import read_restored_reel_shots
from catalogs.records import CatalogReel, Measurement, Reel, RestoredShot, Shot
from catalogs.rows import (
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
from flows.night.changed_source import refuse_changed
from flows.night.hard_limit import hard_limit
from flows.night.limits import ingest_limit_seconds, joining_limit_seconds
from flows.night.order import Ingested, Order, ShotDone
from flows.night.recorded import as_before, merge, record_restored, shot_key
from flows.night.software import software
from flows.night.source_at_hand import archive_at_hand, at_hand, frames_of
from tasks.assemble import assemble_reel
from tasks.ingest import ingest_reel
from tasks.manifest import derivative_id, digest_of, is_assembled
from tasks.measure import Truth, measure_shot
from tasks.media.check import index_frames
from tasks.media.probe import probe
from tasks.permit import allowances
from tasks.registry.licence import licence_remarks
from tasks.restore import keep_original, restore_shot
from tasks.split import DETECTOR, ShotFinder
from tasks.storage.listed import Part

_FRAMES_A_SIGN = 25  # each sign of life costs a thread


def ingest(order: Order, catalog: CatalogReel) -> Ingested:
    """Check one reel to its last frame, find its shots, and record both.

    Frames that decode begin the time limit anew.
    """
    began, finder = time.monotonic(), ShotFinder()
    known = _standing(order.ledger, catalog.reel_id)
    with archive_at_hand(order, catalog) as (archive, in_its_place, waited):
        limit = ingest_limit_seconds(catalog, archive)
        with hard_limit(limit, order.store, order.named(catalog.reel_id)) as going_on:
            found, index = ingest_reel(catalog, archive, _now_and_then(going_on), finder.watch)
        reel, ledger = in_its_place(found), order.ledger
        refuse_changed(known_reels(ledger, reel.reel_id).get(reel.reel_id), reel)
    if read_frame_index(ledger, reel.digest) is None:
        ledger.append("frames", reel.digest, frame_rows(reel.digest, index), name="index")
    order.record(
        "ingestion", reel.reel_id, "success", f"{len(index)} frames, sha256 {reel.content.sha256}"
    )
    for disclosure in reel.disclosures:
        order.record("disclosure", reel.reel_id, "warning", disclosure)
    shots = split(order, reel, finder)
    if not _was_recorded_since(ledger, reel, known):
        ledger.append("reels", reel.reel_id, [reel_row(reel, "ingested", order.treatment)])
    return Ingested(reel, shots, time.monotonic() - began - waited)


def _standing(ledger: Ledger, reel_id: str) -> tuple[str, str]:
    """The last word on a reel: the record, and the digest of its source; "" where there is none."""
    rows = ledger.read("reels", reel_id, ["reel_digest"])
    if rows.empty:
        return "", ""
    return str(rows["record_id"].iloc[-1]), str(rows["reel_digest"].iloc[-1])


def _was_recorded_since(ledger: Ledger, reel: Reel, before: tuple[str, str]) -> bool:
    """Whether another host ingested the reel meanwhile: this one had been given up."""
    now = _standing(ledger, reel.reel_id)
    return now != before and now[1] == reel.digest


def _now_and_then(going_on: Callable[[], None]) -> Callable[[int], None]:
    def on_frame(frames: int) -> None:
        if frames % _FRAMES_A_SIGN == 0:
            going_on()

    return on_frame


def split(order: Order, reel: Reel, finder: ShotFinder) -> tuple[Shot, ...]:
    """The shots of a reel: as recorded, else as found while it was ingested."""
    ledger = order.ledger
    if known := current_shots(ledger, reel, DETECTOR):
        return known
    ranges = finder.ranges(reel.content.frame_count)
    shots = tuple(Shot(reel.reel_id, reel.digest, n, *r) for n, r in enumerate(ranges))
    ledger.append("shots", reel.reel_id, shot_rows(shots, DETECTOR))
    order.record("shot detection", reel.reel_id, "success", f"{len(shots)} shots by {DETECTOR}")
    return shots


def restore(order: Order, reel: Reel, shot: Shot, limit_seconds: float) -> ShotDone:
    """Restore and measure one shot and record both; every frame begins the limit anew."""
    with (
        at_hand(order, reel, frames_of(shot)) as here,
        hard_limit(limit_seconds, order.store, order.named(shot.shot_id)) as going_on,
    ):
        began = time.monotonic()
        index = _index(order, reel)
        treatment = order.treatment.of(shot.start_frame)
        restored = restore_shot(
            here, index, shot, treatment, order.store, on_frame=lambda _: going_on()
        )
        return _record(order, here, index, restored, began)


def keep(order: Order, reel: Reel, shot: Shot, reason: str, limit_seconds: float) -> ShotDone:
    """Write the shot's own frames where it could not be restored, and record why."""
    with (
        at_hand(order, reel, frames_of(shot)) as here,
        hard_limit(limit_seconds, order.store, order.named(shot.shot_id)),
    ):
        began = time.monotonic()
        index = _index(order, reel)
        treatment = order.treatment.of(shot.start_frame)
        kept = keep_original(here, index, shot, treatment, order.store, reason)
        return _record(order, here, index, kept, began)


def assemble(order: Order, reel: Reel) -> str:
    """Join and verify one reel and record it; returns the derivative's identifier."""
    with (
        at_hand(order, reel, Part(sound=True), last=True) as here,
        hard_limit(joining_limit_seconds(reel), order.store, order.named(reel.reel_id)),
    ):
        return _assemble(order, reel, here)


def _assemble(order: Order, reel: Reel, here: Reel) -> str:
    ledger = order.ledger
    shots = current_shots(ledger, reel, DETECTOR)
    if is_assembled(reel, shots, order.treatment, order.store, order.notice):
        derivative = derivative_id(reel, order.treatment)
        order.record("assembly", derivative, "success", "joined already; the answer had been lost")
        return _joined(order, reel, derivative)
    known = read_restored_reel_shots(ledger, reel, order.treatment)
    restored = [known[shot_key(shot, order.treatment)] for shot in shots]
    earlier = digest_of(order.store.reel_folder(reel.reel_id, order.treatment.label))
    allowed = allowances(order.policy, reel.catalog.collection, order.treatment)
    said = (*(a.sentence for a in allowed), *licence_remarks(order.treatment))
    disclosed = replace(here, disclosures=(*reel.disclosures, *said))
    notice, sidecar = as_before(order, reel)
    built = assemble_reel(disclosed, restored, order.treatment, order.store, notice, sidecar)
    if earlier not in (None, reel.digest):
        aside = f"{built.folder.name}.source-{str(earlier)[:12]}"
        detail = (
            f"what was made of the earlier source is kept aside in reels/{reel.reel_id}/{aside}*"
        )
        order.record("disclosure", reel.reel_id, "warning", detail)
    order.record("assembly", built.derivative_id, "success", "verified: " + ", ".join(built.checks))
    return _joined(order, reel, built.derivative_id)


def _joined(order: Order, reel: Reel, derivative: str) -> str:
    record_restored(order, reel)
    for table in ("restorations", "measurements"):
        merge(order.ledger, table, reel.reel_id)
    return derivative


def _record(
    order: Order, reel: Reel, index: FrameIndex, restored: RestoredShot, began: float
) -> ShotDone:
    declared = order.treatment.of(restored.shot.start_frame).declared
    measured = measure_shot(reel, index, restored, order.store, _truth(order, reel), declared)
    return replace(record_shot(order, restored, measured), seconds=time.monotonic() - began)


def record_shot(order: Order, restored: RestoredShot, measured: Iterable[Measurement]) -> ShotDone:
    """Write what became of a shot; its restoration last, which says that it is done."""
    ledger, shot = order.ledger, restored.shot
    ledger.append("measurements", shot.reel_id, measurement_rows(restored, measured))
    ledger.append("restorations", shot.reel_id, [restored_row(restored, software())])
    order.record("restoration", shot.shot_id, restored.status, restored.reason)
    return ShotDone(shot, restored.status, restored.reason, restored.seconds)


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
