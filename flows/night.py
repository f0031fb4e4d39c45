"""A night: every reel of a catalog, from ingest to assembly, each fault kept small.

What happened is in the ledger before the next thing starts; this loop could be killed at
any instant and begun again.
"""

import queue
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from prefect.futures import PrefectFuture

from catalogs.catalog import Catalog
from catalogs.errors import MediaError, RecipeError, SourceError, StoreError, VerificationError
from catalogs.mixtures import read_restored_reel_shots, record_mixture
from catalogs.recipe import Treatment
from catalogs.records import CatalogReel, HeldRow, Reel, Shot
from catalogs.rows import forbidden_row, held_row, reel_row, reels_at_hand
from catalogs.treatments import recorded_treatments
from flows import work
from flows.hard_limit import last_words
from flows.jobs import Job, Queue
from flows.places import ClusterLostError
from flows.progress import NightProgress
from flows.supervise import MACHINE_FAULTS
from flows.work import Order
from tasks.decided import Locks
from tasks.listed import is_unchanged
from tasks.manifest import is_assembled
from tasks.reprocessed import STANDS, standing_treatment

NOT_OF_THE_SHOT = (StoreError, MediaError, RecipeError)  # a shot keeps no original for them

Submit = Callable[[Job], PrefectFuture[Any]]


@dataclass
class Tally:
    """What the night has come to."""

    restored: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    shots_restored: int = 0
    shots_original_kept: int = 0
    shots_computed: int = 0
    frames_computed: int = 0
    stopped: bool = False
    decisions_open: int = 0
    unpublished: set[str] = field(default_factory=set)


@dataclass
class OpenReel:
    """A reel in work: its shots, and those that still have to be recorded."""

    reel: Reel
    shots: tuple[Shot, ...]
    missing: set[Shot]


class Night:
    """The loop over the jobs of one night."""

    def __init__(
        self,
        order: Order,
        submit: Submit,
        slots: int,
        progress: NightProgress,
        should_stop: Callable[[], bool],
        stands: Callable[[str], None] | None = None,
    ) -> None:
        self.tally = Tally()
        self._order = order
        self._submit = submit
        self._slots = slots
        self._progress = progress
        self._should_stop = should_stop
        self._queue = Queue()
        self._open: dict[str, OpenReel] = {}
        self._again: set[str] = set()
        self._lost = False  # the cluster, for good
        self._locks = Locks(order.store)
        self._joined: Callable[[str], None] = _say_nothing
        self._stands = stands or _say_nothing
        self._finished: queue.SimpleQueue[tuple[Job, PrefectFuture[Any]]] = queue.SimpleQueue()

    def run(self, catalog: Catalog) -> Tally:
        """Work through a catalog; returns when all is done or the night was stopped.

        Args:
            catalog: what to restore; reels that were restored again before are left as they are.
        """
        for held in catalog.held:
            if not self._left(held.reel_id):
                self._hold(held)
        known = reels_at_hand(self._order.ledger)
        for entry in catalog.reels:
            if entry.reel_id not in self._again and not self._left(entry.reel_id):
                self._begin(entry, known.get(entry.reel_id))
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
        self._joined = joined or _say_nothing
        for reel, shots in reels:
            treatment = self._order.for_reel(reel.reel_id).treatment
            record_mixture(self._order.ledger, reel, treatment)
            self._again.add(reel.reel_id)
            self._open_reel(reel, shots)
        return self._work()

    def _left(self, reel_id: str) -> bool:
        """Leave a locked reel alone: whatever the catalog says, what was signed off stands.

        People lock reels while a night runs, so it is asked before anything is said of one.
        """
        why = self._locks.why(reel_id)
        if why:
            self._queue.drop(reel_id)
            self._open.pop(reel_id, None)
            self._leave(reel_id, why)
        return bool(why)

    def _leave(self, reel_id: str, why: str) -> None:
        rows = self._order.ledger.read("reels", reel_id)
        rows = rows[rows["status"].isin(("restored", "failed"))]
        status = rows["status"].iloc[-1] if len(rows) else "held"
        stands = {"restored": self.tally.restored, "failed": self.tally.failed}
        stands.get(status, self.tally.held).add(reel_id)
        self._order.record("found locked", reel_id, "success", why)
        self._progress.say(reel_id, f"left as it is: {why}")

    def _work(self) -> Tally:
        running = 0
        while True:
            running += self._start(running)
            if not running:
                break
            job, future = self._wait()
            running -= 1
            self._settle(job, future)
        self.tally.stopped = bool(self._queue) or self._lost
        return self.tally

    def _begin(self, entry: CatalogReel, known: Reel | None) -> None:
        """Take up a reel where an earlier night left it."""
        if known is None or known.catalog != entry or not is_unchanged(known, self._order.archive):
            self._queue.add(Job("ingest", entry))
            return
        try:
            shots = work.split(self._order, known)
        except (MediaError, SourceError, VerificationError) as error:
            self._hold(HeldRow.of(entry, str(error)))
            return
        self._take_up(known, shots)

    def _take_up(self, reel: Reel, shots: tuple[Shot, ...]) -> None:
        """Go on with a reel: where it was reprocessed from this recipe, as it stands."""
        order = self._order
        own = standing_treatment(
            order.ledger, reel, shots, order.treatment, order.policy, self._recorded
        )
        if isinstance(own, Treatment):
            order.treatments[reel.reel_id] = own
            order.bases[reel.reel_id] = order.treatment.treatment_id
        elif own is not None:
            why = f"does not stay as it was reprocessed: {own}"
            order.record("reprocessed version", reel.reel_id, "warning", why)
            self._progress.say(reel.reel_id, why)
        self._open_reel(reel, shots)

    @cached_property
    def _recorded(self) -> dict[str, Treatment]:
        return recorded_treatments(self._order.ledger)

    def _open_reel(self, reel: Reel, shots: tuple[Shot, ...]) -> None:
        if self._left(reel.reel_id):
            return
        order = self._order.for_reel(reel.reel_id)
        if is_assembled(reel, shots, order.treatment, order.store, order.notice):
            self.tally.restored.add(reel.reel_id)
            recorded = read_restored_reel_shots(order.ledger, reel, order.treatment)
            for restored in recorded.values():
                self._count(restored.status)
            how = STANDS if order.base else "finished on an earlier night"
            order.record("found finished", reel.reel_id, "success", how)
            work.record_restored(order, reel)
            self._progress.say(reel.reel_id, f"{how}; nothing to do")
            self._joined(reel.reel_id)
            self._stands(reel.reel_id)
            return
        work.record_allowances(order, reel)
        finished = work.finished_shots(order, reel, shots)
        for restored in finished.values():
            self._count(restored.status)
        missing = {shot for shot in shots if shot not in finished}
        self._open[reel.reel_id] = OpenReel(reel, shots, missing)
        frames_done = sum(shot.frame_count for shot in finished)
        self._progress.begin(
            reel.reel_id, len(shots), reel.content.frame_count, len(finished), frames_done
        )
        for shot in shots:
            if shot in missing:
                self._queue.add(Job("restore", reel.catalog, reel, shot))
        self._assemble_when_complete(reel.reel_id)

    def _start(self, running: int) -> int:
        started = 0
        while not (self._lost or self._should_stop()):
            job = self._queue.take(running + started, self._slots)
            if job is None:
                break
            if job.kind == "assemble" and self._left(job.catalog.reel_id):
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
            self._fail(job, error if isinstance(error, BaseException) else RuntimeError(str(error)))

    def _succeed(self, job: Job, answer: Any) -> None:
        reel_id = job.catalog.reel_id
        if job.kind == "ingest":
            reel, shots = answer
            self._progress.say(reel_id, f"ingested: {_describe(reel)}")
            self._take_up(reel, shots)
        elif job.kind == "assemble":
            del self._open[reel_id]
            self.tally.restored.add(reel_id)
            self._progress.say(reel_id, f"restored and verified: {answer}")
            self._joined(reel_id)
            self._stands(reel_id)
        else:
            self._shot_done(answer)

    def _shot_done(self, done: work.ShotDone) -> None:
        shot = done.shot
        self._count(done.status)
        self.tally.shots_computed += 1
        self.tally.frames_computed += shot.frame_count
        if done.reason:
            self._progress.say(shot.reel_id, f"{shot.shot_id}: {done.status}: {done.reason}")
        if shot.reel_id in self._open:
            self._progress.shot_done(shot.reel_id, shot.frame_count)
            self._open[shot.reel_id].missing.discard(shot)
            self._assemble_when_complete(shot.reel_id)

    def _assemble_when_complete(self, reel_id: str) -> None:
        reel = self._open[reel_id]
        if not reel.missing:
            self._queue.add(Job("assemble", reel.reel.catalog, reel.reel))

    def _fail(self, job: Job, error: BaseException) -> None:
        """Keep a fault as small as it is: a shot, else its reel."""
        if isinstance(error, ClusterLostError):
            self._stop_without_cluster(str(error))
            return
        if job.reel is not None and job.catalog.reel_id not in self._open:
            return  # the reel is held or failed already, for the first reason that came up
        unreadable = job.kind == "ingest" and isinstance(error, MediaError | VerificationError)
        if unreadable or isinstance(error, SourceError):
            self._hold(HeldRow.of(job.catalog, str(error)))
        elif isinstance(error, MACHINE_FAULTS) and (done := self._done_on_record(job)):
            self._shot_done(done)
        elif isinstance(error, MACHINE_FAULTS) and not job.alone:
            self._try_alone(job, error)
        elif job.kind == "restore" and not isinstance(error, NOT_OF_THE_SHOT):
            self._doubt(job, error)
        else:
            self._give_up(job, error)

    def _stop_without_cluster(self, why: str) -> None:
        """Begin nothing more; no reel is to blame, and all that are not done stay in work."""
        if not self._lost:
            self._order.record("cluster", self._order.batch_id, "failure", why)
        self._lost = True

    def _doubt(self, job: Job, error: BaseException) -> None:
        """A shot could not be restored: try it alone, then keep its original."""
        if not job.alone:
            self._try_alone(job, error)
            return
        self._queue.add(
            Job("keep", job.catalog, job.reel, job.shot, job.alone, self._cause(job, error))
        )

    def _done_on_record(self, job: Job) -> work.ShotDone | None:
        """What a shot came to, where its worker died between recording it and its answer."""
        if job.reel is None or job.shot is None:
            return None
        order = self._order.for_reel(job.catalog.reel_id)
        found = work.finished_shots(order, job.reel, (job.shot,)).get(job.shot)
        if found is None:
            return None
        return work.ShotDone(job.shot, found.status, found.reason, found.seconds)

    def _try_alone(self, job: Job, error: BaseException) -> None:
        """Once more with nothing beside it: a dead worker may have been another's doing."""
        why = self._cause(job, error)
        self._progress.say(job.catalog.reel_id, f"{job.label}: {why}; once more, alone")
        self._queue.add(replace(job, alone=True))

    def _hold(self, held: HeldRow) -> None:
        self._queue.drop(held.reel_id)
        self._open.pop(held.reel_id, None)
        self.tally.held.add(held.reel_id)
        treatment = self._order.for_reel(held.reel_id).treatment
        row = forbidden_row(held, treatment) if held.by_policy else held_row(held)
        self._order.ledger.append("reels", held.reel_id, [row])
        self._order.record("hold", held.reel_id, "held", held.reason)
        self._progress.say(held.reel_id, f"held: {held.reason}")

    def _give_up(self, job: Job, error: BaseException) -> None:
        reel_id = job.catalog.reel_id
        self._queue.drop(reel_id)
        self._open.pop(reel_id, None)
        self.tally.failed.add(reel_id)
        reason = f"{job.kind} {job.label}: {self._cause(job, error)}"
        if job.reel is not None:
            row = reel_row(job.reel, "failed", self._order.for_reel(reel_id).treatment, reason)
        else:
            row = {**held_row(HeldRow.of(job.catalog, reason)), "status": "failed"}
        self._order.ledger.append("reels", reel_id, [row])
        self._order.record(job.kind, job.label, "failure", reason)
        self._progress.say(reel_id, f"failed: {reason}")

    def _cause(self, job: Job, error: BaseException) -> str:
        """What to say of an error; of a dead worker what it left word of."""
        if not isinstance(error, MACHINE_FAULTS):
            return f"{type(error).__name__}: {error}"
        told = last_words(self._order.store, self._order.named(job.label))
        how = f": {told}" if told else ""
        return f"its worker died or was lost ({type(error).__name__}){how}"

    def _count(self, status: str) -> None:
        if status == "restored":
            self.tally.shots_restored += 1
        else:
            self.tally.shots_original_kept += 1


def _say_nothing(_: str) -> None:
    pass


def _describe(reel: Reel) -> str:
    picture, header = reel.header.picture, reel.header
    sound = f"{len(header.audio)} audio stream(s)" if header.audio else "silent"
    return (
        f"{reel.content.frame_count} frames, {picture.width}x{picture.height} "
        f"{picture.pixel_format}, {reel.frame_rate} fps (from the {reel.frame_rate_source}), "
        f"{sound}"
    )
