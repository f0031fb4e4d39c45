"""Shots that are read for their strata, side by side in processes of their own.

Each worker records its shot before it answers, so that nothing that was read is read again,
however the run ends; of a run that is killed no worker stays. A shot that fails is named; one whose
process dies is tried once more with nothing beside it, for of several in flight nobody can tell
which of them it was.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import torch

from catalogs.errors import StoreError
from catalogs.ledger import Ledger
from catalogs.records import Reel, Shot
from catalogs.rows import read_frame_index
from catalogs.source import FrameIndex
from catalogs.store import Store
from flows.night.hard_limit import hard_limit
from flows.night.limits import limit_seconds
from flows.night.object_storage import ObjectStorage
from flows.night.source_at_hand import copied, frames_of
from flows.strata.failure import DIED, failure
from tasks.measure import shipped_calibration
from tasks.strata.code import code_version
from tasks.strata.observe import observe_shot
from tasks.strata.records import harmless_rows, reading_rows
from tasks.worker import end_with_parent


@dataclass(frozen=True)
class Job:
    """One shot to read."""

    store: Store
    reel: Reel
    shot: Shot


OnDone = Callable[[Job, str], None]  # with why it failed and what to do, "" if it did not


def observe(job: Job) -> None:
    """Read one shot and record what was found.

    Raises:
        WetgateError: the source cannot be read, or the store cannot be written.
    """
    with _copied(job) as here:
        _observe(job, here)


def _observe(job: Job, here: Reel) -> None:
    index = _index(job.store.tables, job.reel.digest)
    seen = observe_shot(here, index, job.shot, shipped_calibration())
    ledger, code, reel_id = job.store.ledger(), code_version(), job.shot.reel_id
    ledger.append("readings", reel_id, reading_rows(job.reel, job.shot, seen, code))
    # Last: a shot is known by these.
    ledger.append("harmless", reel_id, harmless_rows(job.reel, job.shot, seen, code))


def run_jobs(jobs: Sequence[Job], workers: int, on_done: OnDone) -> None:
    """Read all shots; with one worker in this process."""
    if workers == 1:
        for job in jobs:
            on_done(job, _failed(job, lambda job=job: observe(job)))  # type: ignore[misc]
        return
    waiting, suspects = deque(jobs), list[Job]()
    while waiting:
        suspects += _until_one_dies(waiting, workers, on_done)
    for job in suspects:
        if _until_one_dies(deque([job]), 1, on_done):
            on_done(job, DIED)


def _until_one_dies(waiting: deque[Job], workers: int, on_done: OnDone) -> list[Job]:
    """Work until all is done, or a process dies; the jobs that were in flight then."""
    context = multiprocessing.get_context("spawn")
    flying: dict[Future[None], Job] = {}
    with ProcessPoolExecutor(workers, context, _begin_worker) as pool:
        try:
            while waiting or flying:
                while waiting and len(flying) < workers:
                    flying[pool.submit(_in_worker, waiting[0])] = waiting[0]
                    waiting.popleft()
                finished, _ = wait(flying, return_when=FIRST_COMPLETED)
                for future in finished:
                    reason = _failed(flying[future], future.result)
                    on_done(flying.pop(future), reason)
        except BrokenProcessPool:
            return list(flying.values())
        except BaseException:
            pool.shutdown(cancel_futures=True)  # shots under way are finished and recorded
            raise
    return []


def _failed(job: Job, work: Callable[[], None]) -> str:
    """Why a shot failed and what to do, in one line; "" if it did not."""
    try:
        work()
    except BrokenProcessPool:
        raise
    except Exception as error:  # whatever it is, it is this shot's, and the others go on
        return failure(error, job.reel.reel_id)
    return ""


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends Ctrl-C to workers too
    end_with_parent()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def _in_worker(job: Job) -> None:
    with (
        _copied(job) as here,
        hard_limit(limit_seconds(job.reel, job.shot), job.store),
    ):
        _observe(job, here)


def _copied(job: Job) -> AbstractContextManager[Reel]:
    scratch = ObjectStorage.of_environment().room(job.store)
    return copied(job.reel, scratch, frames_of(job.shot))


@lru_cache(maxsize=4)
def _index(tables: Path, digest: str) -> FrameIndex:
    index = read_frame_index(Ledger(tables), digest)
    if index is None:
        raise StoreError(f"{tables}: no frames are recorded of {digest}; ingest the reel again")
    return index
