"""What the settings of a worker's memory cost: processor time, and the most memory it ever had.

    python benchmarks/allocator.py --data ../shared/data [--frames 16]

A shot of old film (`benchmarks/reels.py`) is restored, written, read back and measured by a
process for each setting, in a thread, as a worker does it. The C library gives memory that is
freed back to the system by its thresholds; what is given back is zeroed, page by page, when it is
asked for again. Milliseconds of processor time a frame, those of the system beside those of the
program, of ffmpeg too.

    Dask's own    what Dask sets for its workers where nobody says otherwise
    system        what the C library does by itself
    workers'      `flows.cluster.settings.ENVIRONMENT`
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Thread

from benchmarks.clips import on_one_core
from benchmarks.reels import ReelShape, chosen_shape, make_archive, shape_options
from catalogs.catalog import read_catalog
from catalogs.recipe import read_recipe
from catalogs.records import Shot
from catalogs.store import open_store
from flows.cluster.settings import ENVIRONMENT
from tasks.ingest import ingest_reel
from tasks.measure import measure_shot
from tasks.restore import restore_shot
from tasks.treat import resolve_recipe

OF_MEMORY = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_ARENA_MAX")
SETTINGS: dict[str, dict[str, str]] = {
    "Dask's own": {"MALLOC_TRIM_THRESHOLD_": "65536"},
    "system": {},
    "workers'": {name: ENVIRONMENT[name] for name in OF_MEMORY if name in ENVIRONMENT},
}


def work(catalog: Path, frames: int, recipe: str) -> None:
    """Restore and measure one shot; print what it cost."""
    treatment = resolve_recipe(read_recipe(recipe))
    reel, index = ingest_reel(read_catalog(catalog).reels[0], catalog.parent)
    shot = Shot(reel.reel_id, reel.digest, 0, 0, frames)
    with tempfile.TemporaryDirectory(dir=catalog.parent) as folder:
        store = open_store(Path(folder))
        begun = _spent()
        restored = restore_shot(reel, index, shot, treatment, store)
        between = _spent()
        measure_shot(reel, index, restored, store)
        done = _spent()
    for before, after in ((begun, between), (between, done)):
        for one, other in zip(before, after, strict=True):
            print(f"{1000 * (other - one) / frames:9.0f}", end="")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:9.0f}")


def _spent() -> tuple[float, float]:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime for used in both), sum(used.ru_stime for used in both)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shape_options(parser, ReelShape(shots=1, frames=16))
    parser.add_argument("--recipe", default="conservative")
    parser.add_argument("--catalog", type=Path, help=argparse.SUPPRESS)  # asked of a process
    options = parser.parse_args()
    if options.catalog:
        on_one_core()
        thread = Thread(target=work, args=(options.catalog, options.frames, options.recipe))
        thread.start()
        thread.join()
        return
    print(f"{'':12}{'restore':>9}{'system':>9}{'measure':>9}{'system':>9}{'MB':>9}", flush=True)
    plain = {name: value for name, value in os.environ.items() if name not in OF_MEMORY}
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        catalog = make_archive(options.data, Path(folder), chosen_shape(options))
        line = [sys.executable, __file__, "--catalog", str(catalog), "--frames",
                str(options.frames), "--recipe", options.recipe]  # fmt: skip
        for name, setting in SETTINGS.items():
            own = {**plain, **setting, "OMP_NUM_THREADS": "1"}
            done = subprocess.run(line, env=own, capture_output=True, text=True, check=False)
            if done.returncode or not done.stdout:
                raise SystemExit(done.stderr)
            print(f"{name:12}{done.stdout}", end="", flush=True)


if __name__ == "__main__":
    main()
