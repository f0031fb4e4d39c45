"""A Dask scheduler and workers, as an operator starts them on several hosts."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.faults.nights import ROOT, wait_until


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Of a process of a cluster."""
    own = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return {**os.environ, **own, **more}


@contextmanager
def process(line: Sequence[str], folder: Path, more: Mapping[str, str]) -> Iterator[int]:
    """A program that runs until the end, in a folder that holds no Wetgate."""
    running = subprocess.Popen(
        [*line], cwd=folder, env=environment(more), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield running.pid
    finally:
        running.terminate()
        with suppress(subprocess.TimeoutExpired):
            running.wait(5)
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)  # whoever of them is left
        running.wait()


@contextmanager
def scheduler(
    folder: Path, host: str = "127.0.0.1", prefix: Sequence[str] = (), **more: str
) -> Iterator[tuple[str, int]]:
    """A scheduler: its address and process."""
    file = folder / "scheduler.json"
    line = [*prefix, sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", host,
            "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]  # fmt: skip
    with process(line, folder, more) as number:
        wait_until(lambda: _is_written(file), 120)
        yield str(json.loads(file.read_text())["address"]), number


def _is_written(file: Path) -> bool:
    """Whether a scheduler's file is there, whole: it is written where it stands."""
    with suppress(OSError, ValueError):
        return "address" in json.loads(file.read_text())
    return False


@contextmanager
def worker(
    address: str,
    folder: Path,
    prefix: Sequence[str] = (),
    name: str = "",
    nanny: bool = True,
    **more: str,
) -> Iterator[int]:
    """A worker under its nanny, if it is to have one, one task wide: the process to end it by.

    One with a name is started again when it ends, as a service is: where Dask loses the scheduler,
    worker and nanny end.
    """
    line = [sys.executable, "-m", "distributed.cli.dask_worker", address,
            "--nthreads", "1", "--no-dashboard", "--memory-limit", "0",
            "--local-directory", str(folder), *([] if nanny else ["--no-nanny"])]  # fmt: skip
    if name:
        again = (
            f"trap 'kill $!; exit' TERM; while :; do {shlex.join(line)} & wait $!; sleep 1; done"
        )
        line = ["bash", "-c", again, name]
    with process([*prefix, *line], folder, more) as number:
        yield number
