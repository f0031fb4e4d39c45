"""What a night does about a fault: it is kept as small as it is, a shot, else its reel."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from catalogs.errors import (
    MediaError,
    NoRoomYetError,
    RecipeError,
    SourceError,
    StoreError,
    VerificationError,
)
from catalogs.records import HeldRow
from flows.cluster.places import ClusterLostError
from flows.night.jobs import Job
from flows.night.notices import EVENT as NOTIFICATION
from flows.night.order import ShotDone
from flows.night.recorded import finished_shots
from flows.night.reels import Reels, say_nothing
from flows.night.same_fault import EVENT, SAME_FAULT, SameFault
from flows.night.supervise import MACHINE_FAULTS
from flows.night.without_room import WithoutRoom
from flows.window.gate import Begun

NOT_OF_THE_SHOT = (StoreError, MediaError, RecipeError)  # a shot keeps no original for them


class Faults:
    """Judges jobs that failed.

    An original is kept only after another shot was restored, or when nothing else is left to
    try: until then a fault may turn out to be systematic.

    Args:
        reels: of the night.
        limit: so many shots that fail in a row of one fault stop the night; 0 for never.
        alarm: told of a systematic fault at once.

    Attributes:
        lost: the cluster went away, for good.
        systematic: the fault is not of the shots; nothing is begun any more.
    """

    def __init__(
        self,
        reels: Reels,
        limit: int = SAME_FAULT,
        alarm: Callable[[str], None] = say_nothing,
    ) -> None:
        self._reels = reels
        self._alarm = alarm
        self._same = SameFault(limit)
        self._suspected = ""  # the fault that reels were put aside for, none restored since
        self._without_room = WithoutRoom(reels)
        self.lost = False
        self.systematic = False

    @property
    def stops(self) -> bool:
        """Whether nothing is begun any more."""
        return self.lost or self.systematic

    def succeeded(self, job: Job) -> None:
        """A job ended well; there may be room now for copies that found none."""
        self._without_room.job_ended()
        if job.kind == "restore":
            self._restored()

    def _restored(self) -> None:
        """A shot was restored: what failed before it failed by itself."""
        self._same.restored()
        self._suspected = ""
        if not self.systematic:
            self._reels.queue.take_back()

    def decide(self) -> bool:
        """Nothing else can be tried: decide on what was put aside, if there is anything.

        A fault that reels were put aside for is systematic then: no other reel denied it. A reel
        whose copy found no room is left for another night when nothing else is done meanwhile.
        """
        if self._suspected and not self.stops:
            self._declare(self._suspected)
        if self.stops:
            return False
        if self._reels.queue.take_back(self._without_room.may_find_some):
            return True
        self._without_room.leave()
        return False

    def fail(self, job: Job, error: BaseException, running: Sequence[Begun] = ()) -> None:
        """Keep a fault as small as it is.

        Args:
            job: failed.
            error: why.
            running: jobs that are at work beside it.
        """
        if isinstance(error, ClusterLostError):
            self._stop_without_cluster(str(error))
            return
        if job.reel is not None and job.catalog.reel_id not in self._reels.open:
            return  # the reel is held or failed already, for the first reason that came up
        if why := self._reels.storages.why(job.catalog, job.reel):
            self._reels.say(job.catalog.reel_id, f"{job.label}: {error}; waits: {why}")
            self._reels.queue.add(job)
            return
        if isinstance(error, NoRoomYetError):
            self._without_room.put_aside(job, error)
            return
        self._without_room.job_ended()
        unreadable = job.kind == "ingest" and isinstance(error, MediaError | VerificationError)
        if unreadable or isinstance(error, SourceError):
            self._reels.hold(HeldRow.of(job.catalog, str(error)))
        elif isinstance(error, MACHINE_FAULTS) and (done := self._done_on_record(job)):
            self._reels.shot_done(done)
        elif isinstance(error, MACHINE_FAULTS) and not job.alone:
            self._try_alone(job, error)
        elif job.kind == "restore" and not isinstance(error, NOT_OF_THE_SHOT):
            self._doubt(job, error)
        else:
            self._reels.give_up(job, error)
        if job.kind == "restore":
            self._look_for_pattern(job, error, running)

    def _look_for_pattern(self, job: Job, error: BaseException, running: Sequence[Begun]) -> None:
        """Count the fault, where its shot was not restored nor its source to blame."""
        if isinstance(error, SourceError) or self.systematic:
            return
        if job.shot is None or self._done_on_record(job):
            return
        cause, same, queue = self._reels.cause(job, error), self._same, self._reels.queue
        same.failed(job.catalog.reel_id, job.label, cause)
        if not same.is_long:
            return
        to_come = (*queue.in_line(), *(begun.job for begun in running))
        others = (other for other in to_come if other.kind in ("restore", "ingest"))
        if len(same.reels) > 1 or all(o.catalog.reel_id in same.reels for o in others):
            self._declare(same.told(cause))
        else:
            queue.put_reels_aside(same.reels)
            self._suspected = same.told(cause)

    def _declare(self, told: str) -> None:
        """The fault is systematic: stop, and tell people at once."""
        self.systematic = True
        order = self._reels.order
        order.record(EVENT, order.batch_id, "failure", told)
        self._reels.progress.tell(told)
        try:
            self._alarm(told)
        except Exception as error:  # whoever is told, or not, the night ends as it should
            detail = f"nobody was told at once ({type(error).__name__})"
            order.record(NOTIFICATION, order.batch_id, "failure", detail)

    def _stop_without_cluster(self, why: str) -> None:
        """Begin nothing more; no reel is to blame, and all that are not done stay in work."""
        order = self._reels.order
        if not self.lost:
            order.record("cluster", order.batch_id, "failure", why)
        self.lost = True

    def _doubt(self, job: Job, error: BaseException) -> None:
        """A shot could not be restored: try it alone, then keep its original."""
        if not job.alone:
            self._try_alone(job, error)
            return
        why = self._reels.cause(job, error)
        self._reels.queue.put_aside(Job("keep", job.catalog, job.reel, job.shot, job.alone, why))

    def _done_on_record(self, job: Job) -> ShotDone | None:
        """What a shot came to, where its worker died between recording it and its answer."""
        if job.reel is None or job.shot is None:
            return None
        order = self._reels.order.for_reel(job.catalog.reel_id)
        found = (finished_shots(order, job.reel, (job.shot,)) or {}).get(job.shot)
        if found is None:
            return None
        return ShotDone(job.shot, found.status, found.reason, found.seconds)

    def _try_alone(self, job: Job, error: BaseException) -> None:
        """Once more with nothing beside it: a dead worker may have been another's doing."""
        why = self._reels.cause(job, error)
        self._reels.say(job.catalog.reel_id, f"{job.label}: {why}; once more, alone")
        self._reels.queue.add(replace(job, alone=True))
