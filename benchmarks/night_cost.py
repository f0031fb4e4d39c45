"""What a night costs beside its work: real nights whose shots sleep instead of being restored.

    python benchmarks/night_cost.py                                  1,000 shots of 2 s, 8 workers
    python benchmarks/night_cost.py --seconds 0 --shots 10000 --workers 2      trivial shots

All is as in a night: Prefect server, flow and tasks, Dask workers, the loop, rows of the ledger
that are on the disk before a worker answers, report, MLflow. Only `restore` and `assemble` are
stand-ins: the first sleeps and records what a shot of 48 frames leaves, the second does nothing.

    added      places x time from the first shot to the last, less the sleep; share of the sleep
    CPU        processor time a shot of the night itself, its workers and the Prefect server
    memory     resident, of the night itself, after each quarter: flat is what is wanted
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import psutil
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from benchmarks.finished_night import FRAMES, like, make_reel, measured, restored
from catalogs.catalog import Catalog
from catalogs.records import CatalogReel, Reel, Shot
from catalogs.rows import reel_row, restored_row, shot_rows
from catalogs.store import Store, hold_store, open_store
from flows import batch, work
from flows.batch import MOST_SLOTS, Means, new_batch_id, run_batch
from flows.night import Night, Tally
from flows.services import prefect_api
from flows.treatment import resolve_treatment
from tasks.ingest import ingest_reel
from tasks.split import DETECTOR

SHOTS_OF_A_REEL = 200
QUARTERS = 4


class Sleeper:
    """Stands for `flows.work.restore`: takes its time and records what a shot leaves."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self, order: work.Order, reel: Reel, shot: Shot, _limit: float) -> work.ShotDone:
        """Sleep and record."""
        time.sleep(self.seconds)
        done = replace(next(restored(order.store, reel, order.treatment, 1)), shot=shot)
        ledger = order.ledger
        ledger.append("measurements", shot.reel_id, measured([done]))
        ledger.append("restorations", shot.reel_id, [restored_row(done, "made")])
        order.record("restoration", shot.shot_id, done.status, done.reason)
        return work.ShotDone(shot, done.status, done.reason, self.seconds)


def join(_order: work.Order, reel: Reel) -> str:
    """Stands for `flows.work.assemble`."""
    return reel.reel_id


def fill(store: Store, archive: Path, shots: int, order: work.Order) -> Catalog:
    """Reels that are ingested, with the shots that are to be done."""
    make_reel(archive)
    (source,) = archive.glob("*.mkv")
    entry = CatalogReel("reel-0000", "Title", 1, 1, source.name, 2, frame_rate=Fraction(24))
    first, _ = ingest_reel(entry, archive)
    entries = []
    for number, start in enumerate(range(0, shots, SHOTS_OF_A_REEL), 1):
        count = min(SHOTS_OF_A_REEL, shots - start)
        reel = like(first, archive, number, count)
        rows = [
            Shot(reel.reel_id, reel.digest, n, FRAMES * n, FRAMES * (n + 1)) for n in range(count)
        ]
        order.ledger.append("shots", reel.reel_id, shot_rows(rows, DETECTOR))
        order.ledger.append("reels", reel.reel_id, [reel_row(reel, "ingested", order.treatment)])
        entries.append(reel.catalog)
    return Catalog(archive / "catalog.csv", tuple(entries), (), ())


def cpu_of(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


def processes() -> dict[str, list[psutil.Process]]:
    """The night's own process, its workers and the Prefect server."""
    own = psutil.Process()
    kinds: dict[str, list[psutil.Process]] = {"night": [own], "workers": [], "Prefect server": []}
    for child in own.children(recursive=True):
        line = " ".join(child.cmdline())
        kinds["Prefect server" if "prefect_server" in line else "workers"].append(child)
    return kinds


@dataclass
class Watch:
    """Time, processor time and memory of the loop, shot by shot."""

    shots: int
    done: int = 0
    began: float = 0.0
    ended: float = 0.0
    memory: list[int] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def over(self, night: Night) -> Iterator[None]:
        """Watch while the loop runs."""
        kinds = processes()
        before = {kind: sum(map(cpu_of, of)) for kind, of in kinds.items()}
        count: Callable[[work.ShotDone], None] = night._shot_done

        def shot_done(done: work.ShotDone) -> None:
            count(done)
            self.done += 1
            if self.done % max(1, self.shots // QUARTERS) == 0:
                self.memory.append(psutil.Process().memory_info().rss)

        night._shot_done = shot_done  # type: ignore[method-assign]
        self.began = time.perf_counter()
        yield
        self.ended = time.perf_counter()
        self.cpu = {kind: sum(map(cpu_of, of)) - before[kind] for kind, of in kinds.items()}


def run(folder: Path, shots: int, seconds: float, workers: int) -> tuple[Watch, float]:
    """A night; what was watched, and the seconds of all of it, from the cluster to the report."""
    store = open_store(folder / "store")
    treatment = resolve_treatment("conservative", store.root).treatment
    order = work.Order(store, folder / "archive", treatment, new_batch_id(), sidecar=False)
    catalog = fill(store, folder / "archive", shots, order)
    watch = Watch(shots)

    def go(night: Night) -> Tally:
        with watch.over(night):
            return night.run(catalog)

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=MOST_SLOTS))  # type: ignore[arg-type]
    def night() -> Any:
        reels = [f"{entry.identifier}.r1" for entry in catalog.reels]
        return run_batch(order, "made", lambda: None, go, reels, Means(workers=workers))

    batch.work.restore, batch.work.assemble = Sleeper(seconds), join  # type: ignore[assignment]
    with prefect_api(folder / "prefect"), hold_store(store):
        began = time.perf_counter()
        said = night()
        whole = time.perf_counter() - began
    assert said.shots_computed == shots, said
    return watch, whole


def told(watch: Watch, whole: float, seconds: float, workers: int) -> Iterator[str]:
    """The figures."""
    shots, loop = watch.shots, watch.ended - watch.began
    yield (
        f"{shots:,} shots of {seconds:g} s, {workers} workers, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f}"
    )
    yield f"from first shot to last {loop:8.1f} s; before and after {whole - loop:6.1f} s"
    if seconds:
        added = loop * workers - shots * seconds
        share = added / (shots * seconds)
        yield f"added {1000 * added / shots:8.1f} ms a shot, {share:.2%} of the work's time"
    else:
        yield f"wall {1000 * loop / shots:8.1f} ms a shot"
    every = sum(watch.cpu.values())
    parts = ", ".join(f"{kind} {1000 * cpu / shots:.1f}" for kind, cpu in watch.cpu.items())
    yield f"CPU  {1000 * every / shots:8.1f} ms a shot: {parts}"
    yield "memory of the night, MiB: " + ", ".join(f"{rss / 2**20:.0f}" for rss in watch.memory)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shots", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=2.0, help="that each shot sleeps")
    parser.add_argument("--workers", type=int, default=8)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        watch, whole = run(Path(folder), asked.shots, asked.seconds, asked.workers)
    for line in told(watch, whole, asked.seconds, asked.workers):
        print(line)


if __name__ == "__main__":
    main()
