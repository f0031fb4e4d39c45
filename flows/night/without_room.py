"""Reels whose copies found no room: others go first, and make some."""

from contextlib import suppress

from catalogs.errors import NoRoomYetError
from flows.night.jobs import Job
from flows.night.reels import Reels
from flows.window.room import EVENT

_TRIES = 2  # in vain, with nothing done between them, are enough


class WithoutRoom:
    """Ingests that wait for room: until another job ended, or nothing else can be tried.

    Args:
        reels: of the night.
    """

    def __init__(self, reels: Reels) -> None:
        self._reels = reels
        self._said: dict[str, list[str]] = {}  # by reel: of each try since another job ended

    def put_aside(self, job: Job, error: NoRoomYetError) -> None:
        """A copy found no room, and gives its worker to others."""
        self._said.setdefault(job.catalog.reel_id, []).append(str(error))
        self._reels.say(job.catalog.reel_id, f"waits: {error}")
        self._reels.queue.put_aside(job)

    def job_ended(self) -> None:
        """Another job ended, and may have left room: put in line what waits for some."""
        self._said.clear()
        self._reels.queue.take_back(lambda job: job.kind == "ingest")

    def may_find_some(self, job: Job) -> bool:
        """Whether a job that was put aside is worth another try."""
        return len(self._said.get(job.catalog.reel_id, ())) < _TRIES

    def leave(self) -> None:
        """Leave the reels for another night, say so, and remove copies that nobody uses."""
        order = self._reels.order
        for reel_id, said in self._said.items():
            why = f"{reel_id} was not ingested: {said[-1]}, then run it again"
            order.record(EVENT, reel_id, "warning", why)
        if self._said:
            with suppress(OSError):
                order.scratch.sweep()
