"""4K at 60 frames a second: what a worker holds at most, and how fast it is, by recipe.

    python benchmarks/four_k.py [--lengths 24 72] [--recipes conservative stabilised access]

One shot, decoded, restored, encoded twice and measured, as a night does it: 3840x2160, 10 bit
4:2:0, 60 frames a second, FFV1. Each line is a process of its own.

    worker    peak resident memory of the process, restoring and then measuring
    all       the same with its decoder and encoders, whose memory is looked at all the time
    fps       frames a second from file to files, measuring left out
    days      that an hour of such film takes one worker, measuring left out

A longer shot that held much more would show that memory grows with it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

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

FOUR_K = ReelShape(lines=2160, pixel_format="yuv420p10le", rate=60, shots=1)
LOOK_SECONDS = 0.02


def own_peak() -> float:
    """Megabytes that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def watched_memory() -> Iterator[list[float]]:
    """The most megabytes that this process and its ffmpegs held together, in a list of one."""
    most, over = [0.0], threading.Event()

    def look() -> None:
        me = psutil.Process()
        while not over.wait(LOOK_SECONDS):
            held = me.memory_info().rss
            for child in me.children():
                with suppress(psutil.Error):
                    held += child.memory_info().rss if child.name() != me.name() else 0
            most[0] = max(most[0], held / 2**20)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def run_worker(folder: Path, recipe: str, frames: int) -> None:
    """Restore and measure the first frames of the reel in this process; say what it took."""
    on_one_core()
    reel, index = ingest_reel(read_catalog(folder / "catalog.csv").reels[0], folder)
    store = open_store(folder / f"{recipe}{frames}")
    shot = Shot(reel.reel_id, reel.digest, 0, 0, frames)
    with watched_memory() as most:
        done = restore_shot(reel, index, shot, resolve_recipe(read_recipe(recipe)), store)
        restoring = own_peak()
        measure_shot(reel, index, done, store)
    print(
        json.dumps(
            {
                "restoring": restoring,
                "worker": own_peak(),
                "all": most[0],
                "fps": frames / done.seconds,
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shape_options(parser, FOUR_K)
    parser.set_defaults(frames=0)
    parser.add_argument("--lengths", type=int, nargs="+", default=[24, 72], help="frames of a shot")
    parser.add_argument("--recipes", nargs="+", default=["conservative", "stabilised", "access"])
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.update(ENVIRONMENT)  # of the processes begun here
    if options.worker:
        folder, recipe, frames = options.worker
        run_worker(Path(folder), recipe, int(frames))
        return
    options.frames = max(options.lengths)
    shape = chosen_shape(options)
    with tempfile.TemporaryDirectory(dir=options.scratch) as name:
        make_archive(options.data, Path(name), shape)
        print(f"{shape.picture}, {shape.rate} frames/s, {os.cpu_count()} cores; memory in MB")
        print(f"{'':14}{'frames':>7}{'restoring':>11}{'worker':>8}{'all':>8}"
              f"{'fps':>8}{'days':>7}")  # fmt: skip
        for recipe in options.recipes:
            for frames in options.lengths:
                line = [sys.executable, __file__, "--worker", name, recipe, str(frames)]
                done = subprocess.run(line, stdout=subprocess.PIPE, check=True, text=True)
                found = json.loads(done.stdout.splitlines()[-1])
                days = 3600 * shape.rate / found["fps"] / 86400
                print(f"{recipe:14}{frames:7}{found['restoring']:11.0f}{found['worker']:8.0f}"
                      f"{found['all']:8.0f}{found['fps']:8.2f}{days:7.1f}",
                      flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
