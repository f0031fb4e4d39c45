"""What a night gets through beside the bare restoration of the same frames, in one run.

    python benchmarks/throughput.py [--reels 2] [--workers 1 2] [--recipe conservative]
        [--network WEIGHTS] [--cores 1] [--no-parts]

Reels of old film (`benchmarks/reels.py`) are restored in two ways, by as many processes each:

    bare     frames decoded beforehand lie in memory; the steps of the recipe and nothing else
    night    `wetgate run`: ingest, shots, restoration, metrics, joining, verification, access
             copies, sidecars, record and report; timed from its first record to its last, and
             as a command, with the start of its services

A night's throughput over the bare one is the ratio that counts. Then what each part of a night
costs, in processor time of all processes together on one reel, and what the ratio would be if
the parts down to that line were all of it.

With `--network` the recipe is a network alone, asked for all that it can. With `--cores` either
side has so many cores a worker, all its programs and services together; otherwise all that there
are, so that codecs and metrics of a single worker have the cores of those that are not there.

Where every core has a worker, nothing is gained by overlap: a night is as fast as its parts are
cheap. Run it on a quiet machine with at least as many cores as workers.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.clips import on_one_core
from benchmarks.means import Means, chosen_means
from benchmarks.reels import ReelShape, chosen_shape, make_archive, shape_options
from benchmarks.speed import run_shot
from catalogs.catalog import read_catalog
from catalogs.ledger import Ledger
from catalogs.records import Shot
from catalogs.store import open_store
from flows.cluster.settings import ENVIRONMENT
from flows.registry.treatment import resolve_treatment
from tasks import assemble as assembly
from tasks.ingest import ingest_reel
from tasks.measure import measure_shot
from tasks.media.read import read_picture
from tasks.restore import restore_shot
from tasks.samples import frames_from
from tasks.split import ShotFinder

LIMIT = 24 * 3600  # seconds that processes wait for each other


# The bare restoration


def bare_seconds(
    catalog: Path, shape: ReelShape, reels: int, means: Means, store: Path, workers: int
) -> float:
    """Wall seconds in which so many processes restore all shots from memory."""
    shots = [(catalog.parent / f"reel{n}.mkv", s) for n in range(reels) for s in range(shape.shots)]
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(workers)
    with ProcessPoolExecutor(workers, context, _meet_at, (barrier,)) as pool:
        shares = [shots[n::workers] for n in range(workers)]
        jobs = [pool.submit(_restore_share, share, shape, means, store) for share in shares]
        times = [job.result() for job in jobs]
    return max(stop for _, stop in times) - min(start for start, _ in times)


_gate: list[Any] = []  # of a process: where all of them wait for each other


def _meet_at(barrier: Any) -> None:
    _gate[:] = [barrier]
    on_one_core()


def _restore_share(
    shots: list[tuple[Path, int]], shape: ReelShape, means: Means, store: Path
) -> tuple[float, float]:
    """Restore shots from memory once every process has its own there; begin and end."""
    loaded = []
    for path, number in shots:
        raw = list(read_picture(path, shape.picture))[number * shape.frames :][: shape.frames]
        loaded.append(list(frames_from(raw, shape.picture, "cpu")))
    steps = means.steps(store)
    _gate[0].wait(LIMIT)
    begun = time.monotonic()
    for frames in loaded:
        run_shot(steps, frames)
    return begun, time.monotonic()


# The night


def night_seconds(catalog: Path, store: Path, workers: int, means: Means) -> tuple[float, float]:
    """Wall seconds of the night's work, and of the whole command."""
    line = [sys.executable, "-m", "flows.cli", "run", str(catalog), "--store", str(store),
            "--workers", str(workers), "--recipe", means.recipe, "--json"]  # fmt: skip
    begun = time.monotonic()
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    whole = time.monotonic() - begun
    if done.returncode:
        raise SystemExit(f"the night failed: {done.stdout}\n{done.stderr}")
    said = json.loads(done.stdout.splitlines()[-1])
    if said["shots_original_kept"] or said["held"] or said["failed"]:
        raise SystemExit(f"the night is not whole: {said}")
    rows = Ledger(store / "tables").read("batches")
    return float(rows["seconds"].iloc[-1]), whole


# The parts


@dataclass
class Parts:
    """Processor seconds of the parts of a night, children included."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what is done in the block as a part."""
        begun = _processor_seconds()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + _processor_seconds() - begun

    def watch(self, module: Any, name: str, part: str) -> Callable[[], None]:
        """Count every call of a module's function as a part; returns what undoes it."""
        plain = getattr(module, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            with self.part(part):
                return plain(*arguments, **options)

        setattr(module, name, watched)
        return lambda: setattr(module, name, plain)


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


BARE, RESTORE = "steps on frames in memory", "decode, encode, hash"
ASSEMBLY = {
    "play_master": "master: access copy, sidecar",
    "verify_reel": "decode access copy, compare",
}


def parts_of(catalog: Path, folder: Path, shape: ReelShape, means: Means) -> Parts:
    """What each part of one reel costs, one after the other in this process."""
    parts, finder, store = Parts(), ShotFinder(), open_store(folder)
    treatment, steps = resolve_treatment(means.recipe, folder).treatment, means.steps(folder)
    entry = read_catalog(catalog).reels[0]
    path = catalog.parent / entry.path
    frames = list(frames_from(read_picture(path, shape.picture), shape.picture, "cpu"))
    with parts.part(BARE):
        for number in range(shape.shots):
            shot = frames[number * shape.frames :][: shape.frames]
            run_shot(steps, shot)
    del frames, shot
    with parts.part("ingest"):
        reel, index = ingest_reel(entry, catalog.parent, watch=finder.watch)
    done = []
    for number in range(shape.shots):
        start = number * shape.frames
        part = Shot(reel.reel_id, reel.digest, number, start, start + shape.frames)
        with parts.part(RESTORE):
            done.append(restore_shot(reel, index, part, treatment, store))
        with parts.part("measure"):
            measure_shot(reel, index, done[-1], store)
    parts.seconds[RESTORE] -= parts.seconds[BARE]
    undo = [parts.watch(assembly, name, part) for name, part in ASSEMBLY.items()]
    with parts.part("join and publish"):
        assembly.assemble_reel(reel, done, treatment, store)
    for restored in undo:
        restored()
    parts.seconds["join and publish"] -= sum(parts.seconds[part] for part in ASSEMBLY.values())
    return parts


# What is said


@contextmanager
def on_cores(count: int | None) -> Iterator[None]:
    """Keep this thread, and all that it starts, to so many cores; to all where it is None."""
    allowed = os.sched_getaffinity(0)
    if count is not None:
        if count > len(allowed):
            raise SystemExit(f"{count} cores are asked for and {len(allowed)} are there")
        os.sched_setaffinity(0, sorted(allowed)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def report_parts(parts: Parts, frames: int) -> None:
    """Cost a frame of each part, and the ratio with all parts down to it."""
    order = [BARE, RESTORE, "ingest", "join and publish", *ASSEMBLY.values(), "measure"]
    print(f"\n{'part, processor time':30}{'ms a frame':>12}{'ratio so far':>14}")
    total = 0.0
    for name in order:
        total += parts.seconds[name]
        ratio = parts.seconds[BARE] / total
        print(f"{name:30}{1000 * parts.seconds[name] / frames:12.0f}{ratio:14.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shape_options(parser, ReelShape())
    parser.add_argument("--reels", type=int, default=2)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--recipe", default="conservative")
    parser.add_argument("--network", type=Path, help="weights; the recipe is this network alone")
    parser.add_argument("--cores", type=int, help="a worker, for either side; all if not given")
    parser.add_argument("--no-parts", action="store_true", help="leave out what each part costs")
    options = parser.parse_args()
    shape, frames = chosen_shape(options), options.reels * options.shots * options.frames
    os.environ.update(ENVIRONMENT)  # of the processes begun here, as the night sets it for workers
    with tempfile.TemporaryDirectory(dir=options.scratch) as name:
        folder = Path(name)
        catalog = make_archive(options.data, folder, shape, options.reels)
        means = chosen_means(options.recipe, options.network, folder)
        print(f"{means.weights or means.recipe}, {shape.picture}, {options.reels} reels of "
              f"{shape.shots} shots of {shape.frames} frames, {os.cpu_count()} cores, "
              f"{options.cores or 'all'} a worker")  # fmt: skip
        print(f"{'workers':>7}{'bare, fps':>12}{'night, fps':>12}{'ratio':>8}{'command':>10}")
        nights = {}
        for workers in options.workers:
            store = folder / f"store{workers}"
            means.prepare(store)
            with on_cores(options.cores and workers * options.cores):
                bare = bare_seconds(catalog, shape, options.reels, means, store, workers)
                night, whole = night_seconds(catalog, store, workers, means)
            nights[workers] = frames / night
            print(f"{workers:7}{frames / bare:12.2f}{frames / night:12.2f}{bare / night:8.2f}"
                  f"{frames / whole:10.2f}", flush=True)  # fmt: skip
        first = options.workers[0]
        for workers in options.workers[1:]:
            print(f"{workers} workers over {first}: {nights[workers] / nights[first]:.2f}")
        if options.no_parts:
            return
        means.prepare(folder / "parts")
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, context, on_one_core) as alone:
            job = alone.submit(parts_of, catalog, folder / "parts", shape, means)
            parts = job.result()
        report_parts(parts, shape.shots * shape.frames)


if __name__ == "__main__":
    main()
