# ruff: noqa: E402
"""What Prefect, Dask and the ledger add to a night's work, and where that goes.

    python benchmarks/night_cost.py --shots 1000 --seconds 2      (the share of the work's time)
    python benchmarks/night_cost.py --shots 10000 --seconds 0     (the cost of a shot, memory)

A real night: its loop, Prefect server, Dask cluster, ledger, report and MLflow. Only the work is
a stand-in, which sleeps and records what a real shot does, every metric included. Two worker
processes of as many threads as `--slots` needs: shots that sleep do not use the cores.

Printed are processor milliseconds a shot by process and by thread, those of the ledger and of
what is shown apart; the share of the work's time, in processor time (what is spent beside the
work, over shots times seconds) and in wall time (slots times the wall time of the loop less
shots times seconds, over the latter: what slots stood idle counts as well); and the memory of the
night's process as it goes on, with its slope. The stand-in's own processor time, making rows, is
taken out. Start and end of server, cluster and report are printed beside, and in no share.

The first takes about 4 minutes, the second 7; try it with `--shots 200 --seconds 0.2`, 1 minute.
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

import dask
import psutil
from distributed import Client, LocalCluster
from parts import Parts, cpu_of_threads, rss_megabytes
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from benchmarks import synthetic
from catalogs.catalog import read_catalog
from catalogs.ledger import Ledger
from catalogs.store import open_store
from catalogs.store_lock import hold_store
from flows.cluster.crew import MOST_SLOTS
from flows.cluster.places import Places
from flows.cluster.settings import LOCAL
from flows.night.batch import Means, new_batch_id, run_batch
from flows.night.loop import Night
from flows.night.order import Order
from flows.night.progress import NightProgress
from flows.night.summary import NightSummary
from flows.night.tally import Tally
from flows.services.services import prefect_api

PROCESSES = 2


def spent() -> dict[str, float]:
    """Processor seconds of this worker: all, and what the stand-in says of its parts."""
    return {"all": time.process_time(), **synthetic.SPENT}


class Watch:
    """Takes the clocks when the loop begins and ends, and the memory as it goes on."""

    def __init__(self, client: Client, server: psutil.Process, shots: int) -> None:
        self._client, self._server = client, server
        self._step = max(shots // 10, 1)
        self.memory: list[tuple[int, float]] = []
        self.parts = Parts(time.thread_time)
        self.wall = 0.0
        self.cpu: dict[str, float] = {}
        for owner, name, part in (
            (Ledger, "append", "of these, ledger written"),
            (Ledger, "_arrow", "of these, ledger read"),
            (Ledger, "compact", "of these, ledger compacted"),
            (Places, "_take", "of these, asking for a place"),
            (NightProgress, "say", "of these, log and progress"),
            (NightProgress, "shot_done", "of these, log and progress"),
        ):
            self.parts.watch(owner, name, part)

    def run(self, loop: Night, order: Order, catalog: Path) -> Tally:
        """The loop, watched."""
        before, began = self._clocks(), time.perf_counter()
        reels = loop._reels
        done = reels.progress.shot_done

        def noted(reel_id: str, frames: int) -> None:
            done(reel_id, frames)
            if reels.tally.shots_computed % self._step == 0:
                self.memory.append((reels.tally.shots_computed, rss_megabytes()))

        reels.progress.shot_done = noted  # type: ignore[method-assign]
        tally = loop.run(read_catalog(catalog, None))
        self.wall = time.perf_counter() - began
        time.sleep(3)  # so that the server has written what it was told
        self.cpu = {name: value - before.get(name, 0) for name, value in self._clocks().items()}
        return tally

    def _clocks(self) -> dict[str, float]:
        found = {f"client: {kind}": seconds for kind, seconds in cpu_of_threads().items()}
        found |= {f"client: {name}": value for name, value in self.parts.seconds.items()}
        for worker in self._client.run(spent).values():
            ledger, own = worker.get("ledger", 0.0), worker.get("stand-in", 0.0)
            rest = worker["all"] - ledger - own
            for name, value in (("ledger", ledger), ("Dask", rest), ("stand-in", own)):
                found[f"workers: {name}"] = found.get(f"workers: {name}", 0.0) + value
        used = self._server.cpu_times()
        found["Prefect server"] = used.user + used.system
        return found


def night(folder: Path, reels: int, asked: argparse.Namespace) -> tuple[NightSummary, Watch]:
    """One night in a new store."""
    archive = folder / "archive"
    archive.mkdir()
    catalog = synthetic.write_catalog(archive, reels)
    store = open_store(folder / "store")
    order = Order(store, archive, synthetic.recipe_treatment(store.root), new_batch_id())
    synthetic.StandIn(asked.shots // reels, asked.frames, asked.seconds).put_in_place()
    threads = -(-asked.slots // PROCESSES)
    with (
        prefect_api(store.root / "prefect"),
        dask.config.set(LOCAL),
        LocalCluster(
            n_workers=PROCESSES,
            threads_per_worker=threads,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
        hold_store(store),
    ):
        server = next(
            child
            for child in psutil.Process().children()
            if "flows.services.prefect_server" in child.cmdline()
        )
        watch = Watch(client, server, asked.shots)

        @flow(task_runner=ThreadPoolTaskRunner(max_workers=MOST_SLOTS))
        def stand_in_night() -> NightSummary:
            return run_batch(
                order, str(catalog), lambda: None,
                lambda loop: watch.run(loop, order, catalog),
                [f"F-{n:05d}.r1" for n in range(reels)],
                Means(scheduler=cluster.scheduler_address),
            )  # fmt: skip

        return stand_in_night(), watch


def say(watch: Watch, shots: int, slots: int, seconds: float) -> None:
    """Print where the time went, and the shares."""
    per_shot = {name: 1000 * value / shots for name, value in watch.cpu.items()}
    own = per_shot.pop("workers: stand-in")
    added = sum(value for name, value in per_shot.items() if "of these" not in name)
    print(f"{added:8.2f} ms CPU a shot in all, beside {own:.1f} ms of the stand-in itself")
    for name, value in sorted(per_shot.items()):
        print(f"{value:8.2f} ms  {name}")
    print(f"{1000 * watch.wall / shots:8.2f} ms wall a shot; loop of {watch.wall:.0f} s")
    work = shots * seconds
    if work:
        idle = slots * watch.wall - work
        print(f"share of the work's time: {100 * shots * added / 1000 / work:.2f} % processor, "
              f"{100 * idle / work:.2f} % wall of {slots} slots")  # fmt: skip


def say_memory(memory: list[tuple[int, float]]) -> None:
    """Print the memory of the night's process, and what a shot adds in the second half."""
    print("memory: " + ", ".join(f"{shots}: {rss:.0f} MB" for shots, rss in memory))
    half = memory[len(memory) // 2 :]
    if len(half) > 1:
        slope = (half[-1][1] - half[0][1]) / (half[-1][0] - half[0][0])
        print(f"slope over the second half: {1024 * slope:.2f} kB a shot")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=2.0, help="that a shot sleeps")
    parser.add_argument("--slots", type=int, default=16)
    parser.add_argument("--reels", type=int, default=5)
    parser.add_argument("--frames", type=int, default=24, help="of a shot")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with redirect_stdout(io.StringIO()):
            summary, watch = night(Path(folder), asked.reels, asked)
        whole = time.perf_counter() - began
        print(f"{summary.shots_computed} shots of {asked.seconds:g} s in {asked.reels} reels, "
              f"{asked.slots} slots, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; night "
              f"of {whole:.0f} s, {whole - watch.wall:.0f} of them beside the loop")  # fmt: skip
        say(watch, summary.shots_computed, asked.slots, asked.seconds)
        say_memory(watch.memory)
    sys.exit(summary.shots_computed != asked.shots or summary.restored != asked.reels)


if __name__ == "__main__":
    main()
