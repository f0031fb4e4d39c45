# ruff: noqa: E402
"""An archive of a million shots and 64 workers, simulated: scheduler, ledger, report.

    python benchmarks/scale.py [--shots 1000000] [--tasks 4000] [--workers 64] [--keep FOLDER]

Three things, each as real as two cores allow:

scheduler   `--tasks` tasks through the real path (Prefect server, a Prefect task on a thread, a
            Dask future) on a real Dask scheduler with 64 workers of one thread in this process.
            They sleep as long as recorded shots took: `--recorded STORE` draws the durations from
            a store's ledger, else they are log-normal around 2 s. Printed are processor time a
            task, and how much longer it took than the durations on 64 workers need.
queue       all shots through the night's own queue, the 64 workers played by a clock.
ledger      a ledger of all shots, in reels of 200, every row at full schema, 24 frames a shot. One
            reel is written, read and compacted as a night does it. The others are copies of it
            under other names and record ids, written without flushing: their times are not shown.
            The last 50 reels are a night's. Then, each in a process of its own with its memory:
            that night's report, its shots for MLflow, `wetgate status`, one reel's shots.

About 9 minutes and 6 GB of disk at full size, half of it making the ledger; try it with
`--shots 20000 --tasks 200`, 1 minute.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import replace
from heapq import heappop, heappush
from pathlib import Path

from flows.services.services import prefect_api, quiet_settings

quiet_settings()  # before Prefect is imported

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import synthetic
from catalogs.records import CatalogReel, Shot
from catalogs.rows import reel_row, shot_rows
from catalogs.store import Store, existing_store, open_store
from flows.night.jobs import Job, Queue
from flows.night.order import Order
from flows.night.work import record_shot
from tasks.split import DETECTOR

SHOTS_A_REEL, FRAMES, NIGHT_REELS = 200, 24, 50
NIGHT = "20260101-000000-aaaaaa"
_MEGABYTE = 1024  # kB


def durations(store: Path | None, count: int) -> list[float]:
    """Seconds that shots took, drawn from a ledger or from a log-normal law around 2 s."""
    chance = random.Random(0)
    if store is None:
        return [2 * chance.lognormvariate(0, 0.5) for _ in range(count)]
    ledger = existing_store(store).ledger()
    recorded = list(ledger.newest("restorations", columns=["seconds"])["seconds"].dropna())
    return [min(seconds, 10.0) for seconds in chance.choices(recorded, k=count)]


def sleeping(seconds: float) -> None:
    time.sleep(seconds)


def scheduler(workers: int, seconds: list[float]) -> None:
    """Print what the real scheduler and supervision cost with that many workers."""
    import dask
    from distributed import Client, LocalCluster
    from prefect import flow
    from prefect.task_runners import ThreadPoolTaskRunner

    from flows.cluster.places import Places
    from flows.cluster.settings import LOCAL
    from flows.cluster.workers import Workers
    from flows.night.supervise import supervised

    with (
        tempfile.TemporaryDirectory() as home,
        prefect_api(Path(home)),
        dask.config.set(LOCAL),
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=False, memory_limit=0,
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):  # fmt: skip
        places = Places(Workers(client).count)

        @flow(task_runner=ThreadPoolTaskRunner(max_workers=workers))
        def night() -> None:
            task = supervised(client, sleeping, "restore-shot", places=places)
            futures = [task.submit(str(n), time_) for n, time_ in enumerate(seconds)]
            for future in futures:
                future.result()

        cpu, began = time.process_time(), time.perf_counter()
        night()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    needed = max(sum(seconds) / workers, *seconds)
    print(f"scheduler: {len(seconds)} tasks, {workers} workers: {1000 * cpu / len(seconds):.1f} ms "
          f"CPU a task (client, scheduler and workers); {wall:.1f} s for {needed:.1f} s of work, "
          f"{100 * (wall / needed - 1):.1f} % more")  # fmt: skip


def play_queue(shots: int, workers: int, seconds: list[float]) -> None:
    """Print what the queue costs a shot when the workers are played by a clock."""
    entry = CatalogReel("F", "Film", 1, 1, "film.mkv", 2)
    queue, began, before = Queue(), time.process_time(), _peak()
    for reel in range(-(-shots // SHOTS_A_REEL)):
        own = replace(entry, identifier=f"F-{reel}")
        for n in range(min(SHOTS_A_REEL, shots - reel * SHOTS_A_REEL)):
            shot = Shot(f"F-{reel}.r1", "0" * 64, n, n * FRAMES, (n + 1) * FRAMES)
            queue.add(Job("restore", own, None, shot))
    filled = time.process_time() - began
    running: list[tuple[float, int]] = []
    clock, done, work = 0.0, 0, 0.0
    while queue or running:
        while queue.take(len(running), workers):
            own_seconds = seconds[(done + len(running)) % len(seconds)]
            work += own_seconds
            heappush(running, (clock + own_seconds, done))
        clock, _ = heappop(running)
        done += 1
    spent = time.process_time() - began
    print(f"queue: {done} shots: {1e6 * filled / shots:.1f} microseconds to fill and "
          f"{1e6 * (spent - filled) / shots:.1f} to empty, a shot; {_peak() - before:.0f} MB; "
          f"{workers} workers busy {100 * work / workers / clock:.2f} % of {clock / 3600:.1f} "
          "simulated hours")  # fmt: skip


def make_ledger(store: Store, shots: int) -> None:
    """A ledger of that many shots; print what one reel of it costs a night."""
    archive = store.root / "archive"
    archive.mkdir()
    (archive / "film.mkv").write_text("film")
    order = Order(store, archive, synthetic.recipe_treatment(store.root), NIGHT)
    entry = CatalogReel("FILM-00000", "Film", 1, 1, "film.mkv", 2)
    reel = synthetic.make_reel(entry, archive, SHOTS_A_REEL, FRAMES)
    found = synthetic.make_shots(reel, FRAMES)
    ledger = order.ledger
    ledger.append("shots", reel.reel_id, shot_rows(found, DETECTOR))
    made = [(synthetic.outcome(order, s, 2.0, False), synthetic.measured(s)) for s in found]
    began = time.perf_counter(), time.process_time()
    for restored, measured in made:
        record_shot(order, restored, measured)
    _say("a shot written (3 rows' files, flushed)", began, SHOTS_A_REEL)
    began = time.perf_counter(), time.process_time()
    for table in ("restorations", "measurements"):
        ledger.compact(table, reel.reel_id)
    _say("a shot compacted", began, SHOTS_A_REEL)
    began = time.perf_counter(), time.process_time()
    ledger.compact("events", NIGHT)
    _say("a shot's event compacted", began, SHOTS_A_REEL)
    derivative = f"{reel.reel_id}.{order.treatment.label}"
    ledger.append("reels", reel.reel_id,
                  [reel_row(reel, "restored", order.treatment, derivative=derivative)])  # fmt: skip
    row = {
        "recipe": "conservative",
        "treatment_id": order.treatment.treatment_id,
        "steps_json": "[]",
    }
    row |= {"catalog": "c", "status": "finished", "shots_computed": SHOTS_A_REEL * NIGHT_REELS}
    _copy_reels(store, reel.reel_id, -(-shots // SHOTS_A_REEL))
    ledger.append("batches", NIGHT, [row])


def _copy_reels(store: Store, reel_id: str, reels: int) -> None:
    """The reel again under other names; the last ones are the night's, the others of others."""
    for table in ("reels", "shots", "restorations", "measurements"):
        (file,) = (store.tables / table / reel_id).glob("*.parquet")
        rows = pq.read_table(file, partitioning=None)
        for n in range(1, reels):
            name = f"FILM-{n:05d}.r1"
            batch = NIGHT if n >= reels - NIGHT_REELS else f"20250101-000000-{n // NIGHT_REELS:06d}"
            own = {
                "reel_id": pa.array([name] * len(rows)),
                "batch_id": pa.array([batch] * len(rows)),
                "record_id": pa.array(_names(n, len(rows))),
            }
            copied = rows
            for column, values in own.items():
                copied = copied.set_column(copied.schema.get_field_index(column), column, values)
            folder = store.tables / table / name
            folder.mkdir(parents=True)
            pq.write_table(copied, folder / f"{uuid.uuid4().hex}.parquet", compression="zstd")


def _names(number: int, count: int) -> list[str]:
    chance = random.Random(number)
    first = f"{chance.getrandbits(96):024x}"
    return [f"{first}{n:08x}" for n in range(count)]


def _say(what: str, began: tuple[float, float], count: int) -> None:
    wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    print(f"ledger: {what}: {1000 * wall / count:.2f} ms wall, {1000 * cpu / count:.2f} ms CPU")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE


def ask(store: Store, part: str) -> None:
    """One question to the whole ledger, in a process of its own; prints its time and memory."""
    command = [sys.executable, __file__, "--part", part, "--keep", str(store.root)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(answer.stdout.splitlines()[-1])
    print(f"{part}: {found['seconds']:.1f} s, {found['cpu']:.1f} s CPU, {found['peak']:.0f} MB: "
          f"{found['said']}")  # fmt: skip


def answer(store: Store, part: str) -> None:
    """Answer a question; the last line printed is its cost."""
    from catalogs.mixtures import read_restored_reel_shots
    from catalogs.rows import known_reels
    from flows.services.tracking import _OF_METRIC, _OF_SHOT, _of_batch, aggregates, per_shot
    from flows.words import reel_standings, standings_text
    from tasks.report.write import write_report

    began = time.perf_counter()
    if part == "report of the night":
        said = f"{write_report(store, NIGHT).stat().st_size:,} bytes of HTML"
    elif part == "shots for MLflow":
        shots, measured = (
            _of_batch(store, table, columns, NIGHT)
            for table, columns in (("restorations", _OF_SHOT), ("measurements", _OF_METRIC))
        )
        said = f"{len(per_shot(shots, measured))} shots, {len(aggregates(measured))} aggregates"
    elif part == "wetgate status":
        said = f"{len(standings_text(reel_standings(store)).splitlines())} reels"
    else:
        ledger = store.ledger()
        reel = known_reels(ledger, "FILM-00000.r1")["FILM-00000.r1"]
        treatment = synthetic.recipe_treatment(store.root)
        said = f"{len(read_restored_reel_shots(ledger, reel, treatment))} shots"
    cost = {"seconds": time.perf_counter() - began, "cpu": time.process_time(), "peak": _peak()}
    print(json.dumps(cost | {"said": said}))


PARTS = ("one reel's shots", "wetgate status", "report of the night", "shots for MLflow")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=int, default=1_000_000)
    parser.add_argument("--tasks", type=int, default=4000)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--recorded", type=Path, help="a store whose shots' times are drawn")
    parser.add_argument("--keep", type=Path, help="folder for the ledger; one made before is used")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part:
        answer(existing_store(asked.keep), asked.part)
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    seconds = durations(asked.recorded, asked.tasks)
    play_queue(asked.shots, asked.workers, seconds)
    with tempfile.TemporaryDirectory() as folder:
        made = asked.keep is not None and (asked.keep / "wetgate-store").exists()
        store = open_store(asked.keep or Path(folder) / "store")
        if not made:
            make_ledger(store, asked.shots)
        sys.stdout.flush()
        for part in PARTS:
            ask(store, part)
            sys.stdout.flush()
    scheduler(asked.workers, seconds)


if __name__ == "__main__":
    main()
