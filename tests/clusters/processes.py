"""A Dask scheduler and workers, as an operator starts them on several hosts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
        try:
            running.wait(5)
        except subprocess.TimeoutExpired:
            running.kill()
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
        wait_until(file.is_file, 120)
        yield str(json.loads(file.read_text())["address"]), number


@contextmanager
def worker(
    address: str, folder: Path, prefix: Sequence[str] = (), name: str = "", **more: str
) -> Iterator[int]:
    """A worker under its nanny, one task wide: the nanny's process."""
    line = [*prefix, sys.executable, "-m", "distributed.cli.dask_worker", address,
            "--nthreads", "1", "--no-dashboard", "--memory-limit", "0",
            "--local-directory", str(folder), *(["--name", name] if name else [])]  # fmt: skip
    with process(line, folder, more) as number:
        yield number
