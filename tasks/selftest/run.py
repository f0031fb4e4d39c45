"""Makes the suite's table: every output of every clip measured, clips side by side.

Each clip's rows are written to a cache as soon as they are there; a run that was stopped goes on
with the clips that are missing. The cache is named after the code that makes the rows, so that rows
of another version are never mixed in.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import pandas as pd
import torch

from catalogs.durable import write_whole
from tasks.metrics.metric import Metric
from tasks.selftest.cache import cache_name, parquet
from tasks.selftest.columns import SEVERITIES
from tasks.selftest.contract import Clip, Suite
from tasks.selftest.measure import clip_table
from tasks.worker import end_with_parent

QUICK_CLIPS = 6


@dataclass(frozen=True)
class Choice:
    """What of the suite is run.

    Attributes:
        faults: names.
        severities: 0 below visibility, 1 mild, 2 strong.
        clips: at most so many; None for all.
    """

    faults: frozenset[str]
    severities: frozenset[int] = frozenset(range(len(SEVERITIES)))
    clips: int | None = None


@dataclass(frozen=True)
class Bench:
    """What is run on what.

    Attributes:
        suite: gives clips and outputs.
        metrics: what is measured.
        data: folder of the footage.
        cache: folder for finished clips.
        workers: processes; with 1 all is done in this one.
    """

    suite: Suite
    metrics: Sequence[Metric]
    data: Path
    cache: Path
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)


@dataclass(frozen=True)
class Listener:
    """Who hears of progress.

    Attributes:
        begin: called with the names of all clips and of those that were there already.
        output: called with a clip's name for each output that was measured.
        done: called with a clip's name when its rows are written.
    """

    begin: Callable[[Sequence[str], Sequence[str]], None] = lambda clips, found: None
    output: Callable[[str], None] = lambda clip: None
    done: Callable[[str], None] = lambda clip: None


def make_table(bench: Bench, choice: Choice, listener: Listener | None = None) -> pd.DataFrame:
    """The table; see `tasks.selftest.columns`.

    Raises:
        SourceError: there is no footage.
        Exception: of the first clip that could not be measured, once all others are.
    """
    listener = listener or Listener()
    clips = bench.suite.clips(bench.data)[: choice.clips]
    wanted = (
        [metric.identifier for metric in bench.metrics],
        sorted(choice.faults), sorted(choice.severities),
    )  # fmt: skip
    folder = bench.cache / cache_name(repr(wanted))
    files = {clip.name: folder / f"{clip.name}.parquet" for clip in clips}
    found = [name for name, file in files.items() if file.is_file()]
    listener.begin(list(files), found)
    missing = [clip for clip in clips if clip.name not in found]
    work = partial(_measure_clip, bench, choice, folder)
    if bench.workers == 1:
        failed = _in_turn(work, missing, listener)
    else:
        failed = _side_by_side(work, missing, bench.workers, listener)
    if failed:
        raise failed[0]  # the other clips are measured and kept
    return pd.concat([pd.read_parquet(file) for file in files.values()], ignore_index=True)


def _in_turn(
    work: Callable[..., str], clips: Sequence[Clip], listener: Listener
) -> list[BaseException]:
    """Measure clips one after the other; returns the errors of those that could not be."""
    failed: list[BaseException] = []
    for clip in clips:
        try:
            work(clip, listener.output)
        except Exception as error:  # whatever it is, the other clips are measured and kept
            failed.append(error)
        else:
            listener.done(clip.name)
    return failed


def _measure_clip(
    bench: Bench, choice: Choice, folder: Path, clip: Clip, on_output: Callable[[str], None]
) -> str:
    """Measure one clip and write its rows."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        subject = bench.suite.subject(bench.data, clip)
        trials = subject.trials(choice.faults, choice.severities)
        table = clip_table(clip, subject, trials, bench.metrics, on_output)
    except Exception as error:
        error.add_note(f"while the clip {clip.name} was measured")
        raise
    finally:
        torch.set_num_threads(threads)
    write_whole(folder / f"{clip.name}.parquet", parquet(table))
    return clip.name


_heard: Any = None  # of a worker process: the queue on which it says what it has measured


def _begin_worker(heard: Any) -> None:
    global _heard  # noqa: PLW0603  # a pool gives its workers nothing else to keep things in
    _heard = heard
    end_with_parent()


def _in_worker(work: Callable[..., str], clip: Clip) -> str:
    return work(clip, _heard.put)


def _side_by_side(
    work: Callable[..., str], clips: Sequence[Clip], workers: int, listener: Listener
) -> list[BaseException]:
    """The same in processes of their own."""
    context = multiprocessing.get_context("spawn")
    heard = context.Queue()
    with ProcessPoolExecutor(workers, context, _begin_worker, (heard,)) as pool:
        left: set[Future[str]] = {pool.submit(_in_worker, work, clip) for clip in clips}
        failed: list[BaseException] = []
        try:
            while left:
                finished, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
                _hear(heard, listener)
                for future in finished:
                    if error := future.exception():
                        failed.append(error)
                    else:
                        listener.done(future.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)  # clips under way are finished and kept
            raise
    heard.close()
    return failed


def _hear(heard: Any, listener: Listener) -> None:
    while True:
        try:
            listener.output(heard.get_nowait())
        except queue.Empty:
            return
