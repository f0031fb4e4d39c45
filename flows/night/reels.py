"""The reels of a night: those in work, and what is said and recorded where one comes to rest."""

from collections.abc import Callable
from dataclasses import dataclass

from catalogs.records import CatalogReel, HeldRow, Reel, Shot
from catalogs.rows import forbidden_row, held_row, reel_row
from flows.night.hard_limit import last_words
from flows.night.jobs import Job, Queue
from flows.night.order import Order, ShotDone
from flows.night.progress import NightProgress
from flows.night.supervise import MACHINE_FAULTS
from flows.night.tally import Tally
from flows.window.storages import EVENT as STORAGE_EVENT
from flows.window.storages import Storages
from tasks.decisions.decided import Locks


@dataclass
class OpenReel:
    """A reel in work: its shots, and those that still have to be recorded."""

    reel: Reel
    shots: tuple[Shot, ...]
    missing: set[Shot]


class Reels:
    """What the parts of a night share.

    Attributes:
        order: of the night.
        queue: jobs that are ready.
        open: reels in work, by reel_id.
        tally: what the night has come to.
        storages: which of them are under maintenance.
        waiting: reels that were not taken up, for their storage is.
        unseen: reels that were not taken up, for the night was over.
        joined: told of each reel whose version stands, as soon as it does.
        stands: told of each reel that stands restored, with the label of its treatment; it
            publishes them.
    """

    def __init__(self, order: Order, progress: NightProgress) -> None:
        self.order = order
        self.progress = progress
        self.queue = Queue()
        self.open: dict[str, OpenReel] = {}
        self.tally = Tally()
        self.joined: Callable[[str], None] = say_nothing
        self.stands: Callable[[str, str], None] = lambda *_: None
        self.storages = Storages(order)
        self.waiting: dict[str, tuple[CatalogReel, Reel | None]] = {}
        self.unseen: set[str] = set()
        self._locks = Locks(order.store)

    def say(self, reel_id: str, message: str) -> None:
        """Write one line to a reel's log and show it."""
        self.progress.say(reel_id, message)

    def is_locked(self, reel_id: str) -> bool:
        """Leave a locked reel alone: whatever the catalog says, what was signed off stands.

        People lock reels while a night runs, so it is asked before anything is said of one.
        """
        why = self._locks.why(reel_id)
        if why:
            self._forget(reel_id)
            self._leave(reel_id, why)
        return bool(why)

    def _leave(self, reel_id: str, why: str) -> None:
        rows = self.order.ledger.read("reels", reel_id)
        rows = rows[rows["status"].isin(("restored", "failed"))]
        status = rows["status"].iloc[-1] if len(rows) else "held"
        stands = {"restored": self.tally.restored, "failed": self.tally.failed}
        stands.get(status, self.tally.held).add(reel_id)
        self.order.record("found locked", reel_id, "success", why)
        self.say(reel_id, f"left as it is: {why}")
        if status == "restored":
            label = str(rows["derivative_id"].iloc[-1]).removeprefix(f"{reel_id}.")
            self.stands(reel_id, label)

    def _forget(self, reel_id: str) -> None:
        self.queue.drop(reel_id)
        self.open.pop(reel_id, None)

    def shot_done(self, done: ShotDone) -> None:
        """A shot is recorded; its reel is joined when it was the last."""
        shot = done.shot
        self.tally.computed(done.status, shot.frame_count)
        if done.reason:
            self.say(shot.reel_id, f"{shot.shot_id}: {done.status}: {done.reason}")
        if shot.reel_id in self.open:
            self.progress.shot_done(shot.reel_id, shot.frame_count)
            self.open[shot.reel_id].missing.discard(shot)
            self.join_when_complete(shot.reel_id)

    def join_when_complete(self, reel_id: str) -> None:
        """Put the joining of a reel in line, if no shot of it is missing."""
        reel = self.open[reel_id]
        if not reel.missing:
            self.queue.add(Job("assemble", reel.reel.catalog, reel.reel))

    def finished(self, reel_id: str, said: str) -> None:
        """A reel was joined and verified."""
        del self.open[reel_id]
        self.tally.restored.add(reel_id)
        self.say(reel_id, f"restored and verified: {said}")
        self.joined(reel_id)
        self.stands(reel_id, self.order.for_reel(reel_id).treatment.label)

    def tallied(self, stopped: bool) -> Tally:
        """What the night came to: work is left, or only reels that wait for their storage."""
        waiting = self._all_waiting()
        left = {job.catalog.reel_id for job in self.queue.waiting()} | self.unseen
        self.tally.waiting = set(waiting)
        self.tally.stopped = stopped or bool(left - waiting.keys())
        return self.tally

    def say_waiting(self) -> None:
        """Record of each reel that waits why it does."""
        for reel_id, (entry, reel) in self._all_waiting().items():
            why = f"{reel_id} waits: {self.storages.why(entry, reel)}"
            self.order.record(STORAGE_EVENT, reel_id, "warning", why)

    def _all_waiting(self) -> dict[str, tuple[CatalogReel, Reel | None]]:
        in_line = {job.catalog.reel_id: (job.catalog, job.reel) for job in self.queue.waiting()}
        waits = {name: of for name, of in in_line.items() if self.storages.why(*of)}
        return waits | self.waiting

    def hold(self, held: HeldRow) -> None:
        """A reel, or a row of the catalog, goes no further until somebody puts it right."""
        self._forget(held.reel_id)
        self.tally.held.add(held.reel_id)
        treatment = self.order.for_reel(held.reel_id).treatment
        row = forbidden_row(held, treatment) if held.by_policy else held_row(held)
        self.order.ledger.append("reels", held.reel_id, [row])
        self.order.record("hold", held.reel_id, "held", held.reason)
        self.say(held.reel_id, f"held: {held.reason}")

    def give_up(self, job: Job, error: BaseException) -> None:
        """A reel failed, although its source is sound."""
        reason = f"{job.kind} {job.label}: {self.cause(job, error)}"
        self.fail(job.kind, job.catalog, job.reel, reason, job.label)

    def fail(
        self, event: str, entry: CatalogReel, reel: Reel | None, reason: str, label: str = ""
    ) -> None:
        """Record that a reel failed, and at what: the event, and its object if not the reel."""
        reel_id = entry.reel_id
        self._forget(reel_id)
        self.tally.failed.add(reel_id)
        if reel is not None:
            row = reel_row(reel, "failed", self.order.for_reel(reel_id).treatment, reason)
        else:
            row = {**held_row(HeldRow.of(entry, reason)), "status": "failed"}
        self.order.ledger.append("reels", reel_id, [row])
        self.order.record(event, label or reel_id, "failure", reason)
        self.say(reel_id, f"failed: {reason}")

    def cause(self, job: Job, error: BaseException) -> str:
        """What to say of an error; of a dead worker what it left word of."""
        if not isinstance(error, MACHINE_FAULTS):
            return f"{type(error).__name__}: {error}"
        told = last_words(self.order.store, self.order.named(job.label))
        how = f": {told}" if told else ""
        return f"its worker died or was lost ({type(error).__name__}){how}"


def say_nothing(_: str) -> None:
    """For reels that nobody asks after."""
