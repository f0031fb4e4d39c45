"""A night: every reel of a catalog, from ingest to assembly, each fault kept small.

What happened is in the ledger before the next thing starts; this loop could be killed at
any instant and begun again.
"""

import queue
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from prefect.exceptions import Pause
from prefect.futures import PrefectFuture

from catalogs.asked import First
from catalogs.catalog import Catalog
from catalogs.mixtures import record_mixture
from catalogs.records import Reel, Shot
from catalogs.rows import reels_at_hand
from flows.night.faults import Faults
from flows.night.jobs import Job
from flows.night.order import Order
from flows.night.progress import NightProgress
from flows.night.reels import Reels, say_nothing
from flows.night.same_fault import SAME_FAULT
from flows.night.take_up import TakeUp
from flows.night.tally import Tally
from flows.window.gate import Begun, Gate
from flows.window.look import Look
from flows.window.room import Room

Future = PrefectFuture[Any]
Finished = queue.SimpleQueue[tuple[Begun, Future, float]]
Submit = Callable[[Job], Future]


class Night:
    """The loop over the jobs of one night."""

    def __init__(
        self,
        order: Order,
        submit: Submit,
        slots: int | Callable[[], int],
        progress: NightProgress,
        should_stop: Callable[[], bool],
        gates: Sequence[Gate] = (),
        same_fault: int = SAME_FAULT,
        alarm: Callable[[str], None] = say_nothing,
    ) -> None:
        self._order = order
        self._submit = submit
        self._slots = Look(slots, 1) if callable(slots) else lambda: slots  # a look asks Dask
        self._should_stop = should_stop
        self._reels = Reels(order, progress)
        self._take_up = TakeUp(self._reels, self._has_ended)
        self._faults = Faults(self._reels, same_fault, alarm)
        self._room = Room(self._reels)
        self._enders = (self._reels.storages, *gates)
        self._gates = (*self._enders, self._room)
        self._first: Look[First | None] = Look(lambda: order.store.controls.first, None)
        self._again: set[str] = set()
        self._suspended = False
        self._running: list[Begun] = []
        self._finished: Finished = queue.SimpleQueue()

    def publish(self, stands: Callable[[str, str], None]) -> None:
        """Have it told of each reel that stands finished, and of its treatment's label."""
        self._reels.stands = stands

    def run(self, catalog: Catalog) -> Tally:
        """Work through a catalog; returns when all is done or the night was stopped.

        Args:
            catalog: what to restore; reels that were restored again before are left as they are.
        """
        for held in catalog.held:
            if not self._reels.is_locked(held.reel_id):
                self._reels.hold(held)
        known = reels_at_hand(self._order.ledger)
        self._take_up.learn()
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
            self._take_up.again(reel, shots)
        return self._work()

    def conclude(self) -> None:
        """Let every gate say what it kept back; what waits for its storage is said by itself."""
        storages = self._reels.storages
        left = [job for job in self._reels.queue.waiting() if storages.admits(job, ())]
        self._reels.say_waiting()
        for gate in self._gates:
            gate.left(left)

    def _work(self) -> Tally:
        while True:
            self._start()
            if self._running or self._waits():
                self._settle_next()
            elif self._is_over() or not self._faults.decide():
                break
        return self._reels.tallied(self._faults.stops)

    def _waits(self) -> bool:
        """Whether the night is only kept waiting, and has something left to do."""
        kept = any(gate.pauses() or gate.waits() for gate in self._gates)
        return kept and bool(self._reels.queue) and not self._is_over()

    def _has_ended(self) -> bool:
        """Whether the night is over for good."""
        stopped = self._faults.stops or self._suspended or self._should_stop()
        return stopped or any(gate.stops(self._running) for gate in self._enders)

    def _is_over(self) -> bool:
        """Whether nothing is begun; want of room may pass, and keeps no finished reel unseen."""
        return self._has_ended() or self._room.stops(self._running)

    def _look_around(self) -> None:
        """Heed what changed since: reels that were put first, storages that are back."""
        first = self._first()
        self._reels.queue.put_first(first.reels if first else ())
        self._take_up.begin_waiting()

    def _start(self) -> None:
        self._look_around()
        while not (self._is_over() or any(gate.pauses() for gate in self._gates)):
            job = self._reels.queue.take(len(self._running), self._slots(), self._may_begin)
            if job is None:
                break
            if job.kind == "assemble" and self._reels.is_locked(job.catalog.reel_id):
                continue
            begun = Begun(job, time.monotonic())
            self._running.append(begun)
            for gate in self._gates:
                gate.begun(job)
            future = self._submit(job)
            future.add_done_callback(partial(_note_end, self._finished, begun))

    def _may_begin(self, job: Job) -> bool:
        return all(gate.admits(job, self._running) for gate in self._gates)

    def _settle_next(self) -> None:
        """Settle the next job that ends, if one does within a second.

        Signals must be heard, and workers that come late be used.
        """
        with suppress(queue.Empty):
            begun, future, ended = self._finished.get(timeout=1.0)
            self._running.remove(begun)
            self._settle(begun.job, future, ended - begun.at)

    def _settle(self, job: Job, future: Future, seconds: float) -> None:
        try:
            future.wait()
        except Pause:  # the flow run was suspended in Prefect before the job began
            self._suspended = True
            self._reels.queue.add(job)
            return
        if future.state.is_completed():
            answer = future.result()
            for gate in self._gates:
                gate.done(job, seconds, answer)
            self._succeed(job, answer)
        else:
            error = future.result(raise_on_failure=False)
            lost = error if isinstance(error, BaseException) else RuntimeError(str(error))
            self._faults.fail(job, lost, self._running)

    def _succeed(self, job: Job, answer: Any) -> None:
        if job.kind == "ingest":
            self._take_up.ingested(answer.reel, answer.shots)
        elif job.kind == "assemble":
            self._reels.finished(job.catalog.reel_id, answer)
        else:
            self._reels.shot_done(answer)
        self._faults.succeeded(job)


def _note_end(finished: Finished, begun: Begun, future: Future) -> None:
    finished.put((begun, future, time.monotonic()))
