# ruff: noqa: E402
"""A finished night run again: how long, what it is spent on, and that nothing is computed.

    python benchmarks/finished_night.py [--shots 10000] [--reels 100]

A store is made whose ledger, restored shots, joined reels and manifests are true (their films a
few bytes each), then the nightly flow runs over its catalog: Prefect server, cluster, checks,
report and MLflow included. The first line is made before the clock starts. Exit status 1 when a
shot was computed or a reel was not found finished.
About 2 minutes at full size; 30 s with `--shots 500 --reels 5`.
"""

import argparse
import io
import os
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

from flows.services.services import quiet_settings

quiet_settings()  # before Prefect is imported

from parts import Parts, rss_megabytes

import flows.nightly as nightly_module
from benchmarks import synthetic
from catalogs.catalog import read_catalog
from catalogs.ledger import Ledger
from catalogs.store import Store, open_store
from flows.cluster import local as cluster_local
from flows.night import batch, reels, take_up
from flows.night import loop as night
from flows.night.batch import new_batch_id
from flows.night.order import Order
from flows.night.recorded import finished_shots
from flows.services import services


def make_store(folder: Path, reels: int, shots: int, frames: int) -> tuple[Store, Path]:
    """A finished night of that many shots, and its catalog."""
    archive = folder / "archive"
    archive.mkdir()
    path = synthetic.write_catalog(archive, reels)
    store = open_store(folder / "store")
    order = Order(store, archive, synthetic.recipe_treatment(store.root), new_batch_id())
    for entry in read_catalog(path, None).reels:
        synthetic.write_reel(order, entry, shots // reels, frames)
    return store, path


def watched() -> Parts:
    """The parts of a night, by wall seconds."""
    parts = Parts(time.perf_counter)
    for owner, name, part in (
        (services, "_wait_until_healthy", "Prefect server starts"),
        (cluster_local.SpecCluster, "__init__", "Dask workers start"),
        (cluster_local.SpecCluster, "__exit__", "Dask workers end"),
        (nightly_module, "read_catalog", "catalog"),
        (nightly_module, "update_copies", "decisions"),
        (nightly_module, "prepare_decided", "decisions"),
        (nightly_module, "for_tonight", "decisions"),
        (nightly_module, "refuse_without_room", "room for a reel"),
        (Store, "sweep", "sweep"),
        (night, "reels_at_hand", "known reels"),
        (take_up, "is_unchanged", "sources looked at"),
        (take_up, "current_shots", "shots of the reel"),
        (take_up, "standing_treatment", "reprocessed or not"),
        (take_up, "is_assembled", "manifest and films"),
        (take_up, "read_restored_reel_shots", "shots counted"),
        (take_up, "record_restored", "last word on the reel"),
        (reels.Locks, "why", "locks"),
        (Ledger, "append", "ledger written"),
        (Ledger, "compact", "ledger compacted"),
        (batch, "write_report", "report"),
        (batch, "track_batches", "MLflow"),
    ):
        parts.watch(owner, name, part)
    return parts


def run_again(store: Store, catalog: Path) -> bool:
    """Run the night, print where its time went; True when nothing was computed."""
    began = time.perf_counter()
    parts = watched()
    with redirect_stdout(io.StringIO()), services.prefect_api(store.root / "prefect"):
        summary = nightly_module.nightly(str(catalog), str(store.root))
    whole = time.perf_counter() - began
    entries = len(read_catalog(catalog, None).reels)
    report = Path(summary.report)
    print(
        f"{whole:6.1f} s in all, {rss_megabytes():.0f} MB; report {report.stat().st_size:,} bytes"
    )
    rest = whole - sum(parts.seconds.values())
    for part, seconds in sorted(parts.seconds.items(), key=lambda item: -item[1]):
        print(f"{seconds:8.2f} s  {part} ({parts.calls[part]} calls)")
    print(f"{rest:8.2f} s  the rest: Prefect's flow, ends of server and workers")
    print(f"{summary.restored} of {entries} reels found finished, "
          f"{summary.shots_computed} shots computed")  # fmt: skip
    return summary.restored == entries and not summary.shots_computed


def verify_shots(store: Store, catalog: Path, shots: int, frames: int) -> None:
    """What a reel costs that is not joined yet: the hash of each of its shots' files."""
    order = Order(store, catalog.parent, synthetic.recipe_treatment(store.root), "again")
    entries = read_catalog(catalog, None).reels
    reel = synthetic.make_reel(entries[0], catalog.parent, shots // len(entries), frames)
    found = synthetic.make_shots(reel, frames)
    began = time.perf_counter()
    done = finished_shots(order, reel, found)
    spent = 1000 * (time.perf_counter() - began) / len(found)
    print(f"a reel that is not joined: {len(done)} of {len(found)} shots verify, {spent:.2f} ms a "
          "shot and the reading of its files")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=int, default=10_000)
    parser.add_argument("--reels", type=int, default=100)
    parser.add_argument("--frames", type=int, default=100, help="of a shot")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        store, catalog = make_store(Path(folder), asked.reels, asked.shots, asked.frames)
        print(f"{asked.shots} shots of {asked.frames} frames in {asked.reels} reels, made in "
              f"{time.perf_counter() - began:.0f} s; {os.cpu_count()} cores, load "
              f"{os.getloadavg()[0]:.1f}")  # fmt: skip
        well = run_again(store, catalog)
        verify_shots(store, catalog, asked.shots, asked.frames)
    sys.exit(not well)


if __name__ == "__main__":
    main()
