"""A finished night run again: `wetgate run` where every shot is recorded and every reel stands.

    python benchmarks/finished_night.py [--reels 101] [--shots 100] [--folder KEPT]

One small reel is restored by a real night. The store is then filled with reels like it: their rows
as nights write them (one a shot, with every frame's MD5, one a shot and metric, one an event) and
their files on the disk under manifests of their own. The same command is given to the store with
one reel, which is what a night costs that has nothing to look through, and to the full one. Nothing
may be computed in either; the summary of the night says so.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ffmpeg

from catalogs.durable import write_whole
from catalogs.recipe import Treatment
from catalogs.records import Measurement, Reel, RestoredShot, Shot, StepOutcome
from catalogs.rows import (
    event_row,
    known_reels,
    measurement_rows,
    reel_row,
    restored_row,
    shot_rows,
)
from catalogs.store import Store, existing_store
from catalogs.treatments import recorded_treatments
from tasks.manifest import MANIFEST, assembled_files, read_manifest
from tasks.media.program import file_url
from tasks.media.program import run as run_ffmpeg
from tasks.metrics.registry import METRICS
from tasks.restore import shot_files
from tasks.split import DETECTOR

LIMIT_SECONDS = 30.0  # for 10,000 shots
FRAMES = 48  # of a shot: two seconds
FIRST = "reel-0000"


def make_reel(archive: Path) -> None:
    """The one reel that is restored."""
    archive.mkdir()
    picture = ffmpeg.input("testsrc2=size=64x48:rate=24", f="lavfi")
    target = file_url(archive / f"{FIRST}.mkv")
    run_ffmpeg(picture.output(target, vframes=FRAMES, vcodec="ffv1", level=3, pix_fmt="gray"))


def write_catalog(archive: Path, reels: int) -> Path:
    """A catalog of the first reels."""
    rows = [f"reel-{n:04d},Title {n},1,reel-{n:04d}.mkv,24" for n in range(reels)]
    catalog = archive / f"first-{reels}.csv"
    catalog.write_text("\n".join(["identifier,title,reel,path,frame_rate", *rows]) + "\n")
    return catalog


def night(catalog: Path, store: Path) -> tuple[float, dict[str, Any]]:
    """Run a night as an operator does: its seconds, and what it says of itself."""
    line = [sys.executable, "-m", "flows.cli", "run", str(catalog), "--store", str(store)]
    began = time.perf_counter()
    ran = subprocess.run([*line, "--json"], stdout=subprocess.PIPE, text=True, check=True)
    return time.perf_counter() - began, json.loads(ran.stdout.splitlines()[-1])


def fill(store: Store, archive: Path, reels: int, shots: int) -> None:
    """Reels like the first, each finished."""
    ledger = store.ledger("filled")
    first = known_reels(ledger)[f"{FIRST}.r1"]
    (treatment,) = recorded_treatments(ledger).values()
    for number in range(1, reels):
        reel = like(first, archive, number, shots)
        built = list(restored(store, reel, treatment, shots))
        ledger.append("shots", reel.reel_id, shot_rows([one.shot for one in built], DETECTOR))
        ledger.append("restorations", reel.reel_id, [restored_row(one, "made") for one in built])
        ledger.append("measurements", reel.reel_id, measured(built))
        events = [event_row("restoration", o.shot.shot_id, "restored", "", "made") for o in built]
        ledger.append("events", f"filled-{number}", events)
        stand(store, first, reel, treatment, built)
        name = f"{reel.reel_id}.{treatment.label}"
        row = reel_row(reel, "restored", treatment, derivative=name)
        ledger.append("reels", reel.reel_id, [row])


def like(first: Reel, archive: Path, number: int, shots: int) -> Reel:
    """Another reel with the same source under another name, of many shots by the ledger."""
    name = f"reel-{number:04d}"
    path = archive / f"{name}.mkv"
    os.link(first.source, path)
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    catalog = replace(
        first.catalog, identifier=name, title=f"Title {number}", path=path.name, line=number + 2
    )
    content = replace(first.content, sha256=sha256, frame_count=FRAMES * shots)
    return replace(first, catalog=catalog, source=path, content=content)


def restored(store: Store, reel: Reel, treatment: Treatment, shots: int) -> Iterator[RestoredShot]:
    """What the ledger says of its shots."""
    md5 = tuple(hashlib.md5(bytes([n])).hexdigest() for n in range(FRAMES))
    parameters = tuple({"gain": 1 + n / 1000} for n in range(FRAMES))
    steps = tuple(
        StepOutcome(step.name, step.version, "damage", 0.1, parameters) for step in treatment.steps
    )
    for number in range(shots):
        start = FRAMES * number
        shot = Shot(reel.reel_id, reel.digest, number, start, start + FRAMES)
        picture, change = shot_files(store, shot, treatment.treatment_id)
        yield RestoredShot(
            shot=shot, treatment_id=treatment.treatment_id, status="restored", reason="",
            picture_file=str(picture.relative_to(store.root)), picture_sha256="0" * 64,
            change_file=str(change.relative_to(store.root)), change_sha256="0" * 64,
            frame_md5=md5, changed_share=0.1, steps=steps, seconds=3.0, device="cpu",
        )  # fmt: skip


def measured(shots: list[RestoredShot]) -> list[dict[str, Any]]:
    """A row a shot and metric."""
    values = [Measurement(metric.identifier, None, 1.0, metric.unit) for metric in METRICS]
    return [row for one in shots for row in measurement_rows(one, values)]


def stand(
    store: Store, first: Reel, reel: Reel, treatment: Treatment, shots: list[RestoredShot]
) -> None:
    """Its files, links to those of the first, under a manifest of its own."""
    theirs = assembled_files(first, treatment, store.reel_folder(first.reel_id, treatment.label))
    ours = assembled_files(reel, treatment, store.reel_folder(reel.reel_id, treatment.label))
    ours.folder.mkdir(parents=True)
    manifest = read_manifest(theirs.folder)
    files = {}
    for name, facts in manifest["files"].items():
        own = name.replace(theirs.derivative_id, ours.derivative_id)
        os.link(theirs.folder / name, ours.folder / own)
        files[own] = facts
    manifest |= {
        "derivative": ours.derivative_id, "identifier": reel.catalog.identifier,
        "source": reel.catalog.path, "source_sha256": reel.content.sha256,
        "digest": reel.digest, "title": f"{reel.catalog.title} (restored derivative)",
        "frames": reel.content.frame_count, "files": files,
        "shots": [
            {"start_frame": one.shot.start_frame, "stop_frame": one.shot.stop_frame,
             "key": one.key, "treatment": one.treatment_id, "status": one.status,
             "reason": "", "changed_share": one.changed_share}
            for one in shots
        ],
    }  # fmt: skip
    write_whole(ours.folder / MANIFEST, json.dumps(manifest, indent=2).encode())


def measure(folder: Path, reels: int, shots: int) -> tuple[float, float]:
    """Seconds of a night that finds one reel finished, and of one that finds all."""
    archive, root = folder / "archive", folder / "store"
    one, every = archive / "first-1.csv", archive / f"first-{reels}.csv"
    if not every.exists():
        make_reel(archive)
        night(write_catalog(archive, 1), root)
        fill(existing_store(root), archive, reels, shots)
        write_catalog(archive, reels)
    found = []
    for catalog, expected in ((one, 1), (every, reels)):
        seconds, said = night(catalog, root)
        if (said["restored"], said["held"], said["failed"]) != (expected, 0, 0):
            raise SystemExit(f"not all stand: {said}")
        if said["shots_computed"]:
            raise SystemExit(f"{said['shots_computed']} shots were computed again")
        found.append(seconds)
    return found[0], found[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reels", type=int, default=101)
    parser.add_argument("--shots", type=int, default=100, help="of each reel")
    parser.add_argument("--folder", type=Path, help="where the store is kept for another time")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        one, every = measure(folder, asked.reels, asked.shots)
    shots = (asked.reels - 1) * asked.shots + 1
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    print(f"one finished reel         {one:6.1f} s")
    print(
        f"{asked.reels} finished reels, {shots:,} shots  {every:6.1f} s  ({every / one:.2f} times)"
    )
    print(f"limit for 10,000 shots    {LIMIT_SECONDS:6.1f} s; nothing was computed in either")


if __name__ == "__main__":
    main()
