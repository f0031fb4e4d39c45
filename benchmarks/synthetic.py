"""Nights whose work is a stand-in: reels, shots and outcomes of the true form, and no picture.

What the benchmarks of orchestration share. Sources, restored shots and joined reels are files of
a few bytes whose sizes and hashes are as recorded; rows have the full schema.
"""

import hashlib
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from catalogs.fixity import sha256_file
from catalogs.mixtures import read_restored_reel_shots
from catalogs.picture import PictureFormat
from catalogs.recipe import Treatment
from catalogs.records import CatalogReel, Measurement, Reel, RestoredShot, Shot, StepOutcome
from catalogs.rows import measurement_rows, reel_row, restored_row, shot_rows
from catalogs.source import ColourTags, Content, Header
from flows.night import work
from flows.night.order import Ingested, Order, ShotDone
from flows.night.software import software
from tasks.manifest import assembled_files, write_manifest
from tasks.metrics.registry import METRICS
from tasks.split import DETECTOR

CHECKS = ("frames", "time", "sound", "colour")


def write_catalog(folder: Path, reels: int) -> Path:
    """An archive of sources of a few bytes, and its catalog."""
    lines = ["identifier,title,reel,path,frame_rate"]
    for n in range(reels):
        (folder / f"film-{n:05d}.mkv").write_text(f"source of film {n}")
        lines.append(f"F-{n:05d},Film {n},1 of 1,film-{n:05d}.mkv,24")
    catalog = folder / "catalog.csv"
    catalog.write_text("\n".join(lines) + "\n")
    return catalog


def make_reel(entry: CatalogReel, archive: Path, shots: int, frames: int) -> Reel:
    """What ingest would say of a source of that many shots."""
    source = archive / entry.path
    facts = source.stat()
    header = Header(
        "matroska,webm", "ffv1", PictureFormat(64, 48, "gray"), None, Fraction(24),
        Fraction(1, 1000), Fraction(0), None, "progressive", ColourTags(), None, (),
    )  # fmt: skip
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    content = Content(digest, facts.st_size, facts.st_mtime_ns, shots * frames, ())
    return Reel(entry, source.resolve(), header, content, Fraction(24), "catalog")


def make_shots(reel: Reel, frames: int) -> tuple[Shot, ...]:
    """Shots of one length that cover a reel."""
    starts = range(0, reel.content.frame_count, frames)
    return tuple(
        Shot(reel.reel_id, reel.digest, n, start, start + frames) for n, start in enumerate(starts)
    )


def outcome(order: Order, shot: Shot, seconds: float, write_files: bool = True) -> RestoredShot:
    """A restored shot with the parameters and hashes of each frame; its files say its key."""
    treatment = order.treatment.of(shot.start_frame)
    chance = random.Random(shot.shot_id)
    key = shot.key(treatment.treatment_id)
    folder = order.store.shot_folder(shot.reel_id)
    names = [f"{key}.mkv", f"{key}.change.mkv"]
    for name in names if write_files else ():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    hashes = [hashlib.sha256(name.encode()).hexdigest() for name in names]
    files = [str((folder / name).relative_to(order.store.root)) for name in names]
    steps = tuple(
        StepOutcome(step.name, step.version, "damage", chance.random() / 50,
                    tuple({"share": chance.random()} for _ in range(shot.frame_count)))
        for step in treatment.steps
    )  # fmt: skip
    md5 = tuple(f"{chance.getrandbits(128):032x}" for _ in range(shot.frame_count))
    return RestoredShot(
        shot, treatment.treatment_id, "restored", "", files[0], hashes[0], files[1], hashes[1],
        md5, chance.random() / 20, steps, seconds, "cpu",
    )  # fmt: skip


def measured(shot: Shot) -> list[Measurement]:
    """A value of every metric of the registry."""
    chance = random.Random(shot.shot_id)
    return [
        Measurement(m.identifier, chance.random(), chance.random(), m.unit, verdict="ok",
                    threshold=1.0, calibration_id="0" * 64, seconds=0.01)
        for m in METRICS
    ]  # fmt: skip


SPENT = {"stand-in": 0.0, "ledger": 0.0}  # processor seconds of this worker


@dataclass(frozen=True)
class StandIn:
    """What workers do in such a night: nothing to a picture, and all that is recorded.

    Attributes:
        shots: of every reel.
        frames: of every shot.
        seconds: that the restoration of a shot sleeps.
    """

    shots: int
    frames: int
    seconds: float

    def put_in_place(self) -> None:
        """Let a night hand out these in the place of the real ones."""
        for name in ("ingest", "restore", "assemble"):
            setattr(work, name, getattr(self, name))

    def ingest(self, order: Order, catalog: CatalogReel) -> Ingested:
        """Record a reel and its shots."""
        began = time.monotonic()
        reel = make_reel(catalog, order.archive, self.shots, self.frames)
        order.record("ingestion", reel.reel_id, "success", f"{reel.content.frame_count} frames")
        found = make_shots(reel, self.frames)
        order.ledger.append("shots", reel.reel_id, shot_rows(found, DETECTOR))
        order.ledger.append("reels", reel.reel_id, [reel_row(reel, "ingested", order.treatment)])
        return Ingested(reel, found, time.monotonic() - began)

    def restore(self, order: Order, reel: Reel, shot: Shot, limit_seconds: float) -> ShotDone:
        """Sleep, and record a shot with all its measurements."""
        time.sleep(self.seconds)
        began = time.thread_time()
        restored, values = outcome(order, shot, self.seconds), measured(shot)
        SPENT["stand-in"] += time.thread_time() - began
        began = time.thread_time()
        done = work.record_shot(order, restored, values)
        SPENT["ledger"] += time.thread_time() - began
        return done

    def assemble(self, order: Order, reel: Reel) -> str:
        """Join nothing; record the reel, and compact its tables."""
        known = read_restored_reel_shots(order.ledger, reel, order.treatment)
        derivative = join(order, reel, sorted(known.values(), key=lambda r: r.shot.start_frame))
        order.record("assembly", derivative, "success", "verified: " + ", ".join(CHECKS))
        for table in ("restorations", "measurements"):
            order.ledger.compact(table, reel.reel_id)
        work.record_restored(order, reel)
        return derivative


def join(order: Order, reel: Reel, restored: Iterable[RestoredShot]) -> str:
    """The folder of a restored reel: films of a few bytes and a true manifest."""
    folder = order.store.reel_folder(reel.reel_id, order.treatment.label)
    folder.mkdir(parents=True, exist_ok=True)
    built = assembled_files(reel, order.treatment, folder, CHECKS)
    for film in (built.master, built.access_copy, built.change_map):
        film.write_text(film.name)
    write_manifest(reel, list(restored), order.treatment, built, CHECKS)
    return built.derivative_id


def write_reel(order: Order, entry: CatalogReel, shots: int, frames: int) -> Reel:
    """A finished reel: all its rows, a file a table as after compaction, and its films."""
    reel = make_reel(entry, order.archive, shots, frames)
    found = make_shots(reel, frames)
    ledger = order.ledger
    ledger.append("shots", reel.reel_id, shot_rows(found, DETECTOR))
    done = [outcome(order, shot, 2.0) for shot in found]
    rows = (restored_row(one, software()) for one in done)
    ledger.append("restorations", reel.reel_id, rows)
    values = (row for one in done for row in measurement_rows(one, measured(one.shot)))
    ledger.append("measurements", reel.reel_id, values)
    join(order, reel, done)
    work.record_restored(order, reel)
    assert sha256_file(order.store.root / done[0].picture_file) == done[0].picture_sha256
    return reel


def recipe_treatment(store: Path) -> Treatment:
    """The conservative recipe's treatment."""
    from flows.registry.treatment import resolve_treatment

    return resolve_treatment("conservative", store).treatment
