"""A night: every reel of a catalog, from ingest to assembly, each fault kept small.

What happened is in the ledger before the next thing starts; this loop could be killed at
any instant and begun again.
"""

import queue
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from prefect.futures import PrefectFuture

from catalogs.catalog import Catalog
from catalogs.mixtures import record_mixture
from catalogs.records import Reel, Shot
from catalogs.rows import reels_at_hand
from flows.faults import Faults
from flows.jobs import Job
from flows.order import Order
from flows.progress import NightProgress
from flows.reels import Reels, say_nothing
from flows.take_up import TakeUp
from flows.tally import Tally

Submit = Callable[[Job], PrefectFuture[Any]]


class Night:
    """The loop over the jobs of one night."""

    def __init__(
        self,
        order: Order,
        submit: Submit,
        slots: int,
        progress: NightProgress,
        should_stop: Callable[[], bool],
    ) -> None:
        self._order = order
        self._submit = submit
        self._slots = slots
        self._should_stop = should_stop
        self._reels = Reels(order, progress)
        self._take_up = TakeUp(self._reels)
        self._faults = Faults(self._reels)
        self._again: set[str] = set()
        self._finished: queue.SimpleQueue[tuple[Job, PrefectFuture[Any]]] = queue.SimpleQueue()

    def run(self, catalog: Catalog) -> Tally:
        """Work through a catalog; returns when all is done or the night was stopped.

        Args:
            catalog: what to restore; reels that were restored again before are left as they are.
        """
        for held in catalog.held:
            if not self._reels.is_locked(held.reel_id):
                self._reels.hold(held)
        known = reels_at_hand(self._order.ledger)
        for entry in catalog.reels:
            if entry.reel_id not in self._again and not self._reels.is_locked(entry.reel_id):
                self._take_up.begin(entry, known.get(entry.reel_id))
        return self._work()

    def run_again(
        self,
        reels: Iterable[tuple[Reel, tuple[Shot, ...]]],
        joined: Callable[[str], None] | None = None,
    ) -> Tally:
        """Work through reels, with all their shots, that were restored before.

        Args:
            reels: each is given the treatment that the order has for it.
            joined: told of each whose new version stands, as soon as it does.
        """
        self._reels.joined = joined or say_nothing
        for reel, shots in reels:
            treatment = self._order.for_reel(reel.reel_id).treatment
            record_mixture(self._order.ledger, reel, treatment)
            self._again.add(reel.reel_id)
            self._take_up.open(reel, shots)
        return self._work()

    def _work(self) -> Tally:
        running = 0
        while True:
            running += self._start(running)
            if not running:
                break
            job, future = self._wait()
            running -= 1
            self._settle(job, future)
        tally = self._reels.tally
        tally.stopped = bool(self._reels.queue) or self._faults.lost
        return tally

    def _start(self, running: int) -> int:
        started = 0
        while not (self._faults.lost or self._should_stop()):
            job = self._reels.queue.take(running + started, self._slots)
            if job is None:
                break
            if job.kind == "assemble" and self._reels.is_locked(job.catalog.reel_id):
                continue
            future = self._submit(job)
            future.add_done_callback(partial(self._note_end, job))
            started += 1
        return started

    def _note_end(self, job: Job, future: PrefectFuture[Any]) -> None:
        self._finished.put((job, future))

    def _wait(self) -> tuple[Job, PrefectFuture[Any]]:
        while True:
            with suppress(queue.Empty):
                return self._finished.get(timeout=1.0)  # so that signals are heard

    def _settle(self, job: Job, future: PrefectFuture[Any]) -> None:
        future.wait()
        if future.state.is_completed():
            self._succeed(job, future.result())
        else:
            error = future.result(raise_on_failure=False)
            lost = error if isinstance(error, BaseException) else RuntimeError(str(error))
            self._faults.fail(job, lost)

    def _succeed(self, job: Job, answer: Any) -> None:
        if job.kind == "ingest":
            self._take_up.ingested(*answer)
        elif job.kind == "assemble":
            self._reels.finished(job.catalog.reel_id, answer)
        else:
            self._reels.shot_done(answer)
