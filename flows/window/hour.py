"""The hour at which a night must be over: nothing is begun that would not be done by then."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from flows.night.jobs import Job
from flows.night.order import Ingested, Order, ShotDone
from flows.window.gate import Begun, Gate
from flows.window.speed import Speeds
from tasks.report.words import count, duration

EVENT = "time"  # of what was left for want of it


class Hour(Gate):
    """Keeps back what would last beyond the hour, by the speed that was measured.

    Work of a kind that was never measured is begun, as long as what is at work of its kind does
    not show already that it would last too long.

    Args:
        order: of the night.
        ends: when the night must be over, local time; None measures speeds and keeps nothing back.
        speeds: of its work.
    """

    def __init__(self, order: Order, ends: datetime | None, speeds: Speeds) -> None:
        self._order = order
        self._ends = ends
        self._speeds = speeds

    def stops(self, running: Sequence[Begun]) -> bool:
        """Whether the hour has come."""
        return self._ends is not None and self._seconds_left(self._ends) <= 0

    def admits(self, job: Job, running: Sequence[Begun]) -> bool:
        """Whether a job should be done by the hour; not while its source is asked for its size."""
        if self._ends is None:
            return True
        if not self._speeds.ask_size(job):
            return False
        seconds = self._speeds.seconds(job)
        if seconds is None:
            seconds = self._at_least(job, running)
        return seconds <= self._seconds_left(self._ends)

    def waits(self) -> bool:
        """Whether a source may say yet how large it is."""
        return self._ends is not None and self._speeds.awaits_size()

    def done(self, job: Job, seconds: float, answer: Any) -> None:
        """Measure the job; where its worker says what it took, without its waiting and tries."""
        if isinstance(answer, Ingested):
            self._speeds.found(answer.reel)
        told = isinstance(answer, Ingested | ShotDone)
        self._speeds.note(job, answer.seconds if told else seconds)

    def left(self, jobs: Sequence[Job]) -> None:
        """Record the night's durations, and what the time did not suffice for."""
        self._speeds.record()
        if self._ends is None:
            return
        left = self._seconds_left(self._ends)
        said = "; ".join(self._kinds([job for job in jobs if (self._known(job) or 0.0) > left]))
        if said:
            self._order.record(
                EVENT, self._order.batch_id, "warning",
                f"no time was left before {self._ends:%H:%M} for {said}; the next night does it",
            )  # fmt: skip

    def _kinds(self, jobs: Sequence[Job]) -> Iterator[str]:
        nouns = {"restore": "shot", "keep": "shot", "ingest": "reel to ingest",
                 "assemble": "reel to join"}  # fmt: skip
        for kind in ("assemble", "restore", "keep", "ingest"):
            some = [job for job in jobs if job.kind == kind]
            known = [s for s in map(self._known, some) if s is not None]
            if some:
                about = f", about {duration(max(known))} the longest" if known else ""
                reels = dict.fromkeys(job.catalog.reel_id for job in some)
                yield f"{_count(len(some), nouns[kind])}{about} ({_names(list(reels))})"

    def _known(self, job: Job) -> float | None:
        """How long a job will hardly exceed, where no source has to be asked for its size."""
        return self._speeds.seconds(job) if self._speeds.knows_size(job) else None

    def _at_least(self, job: Job, running: Sequence[Begun]) -> float:
        """What a job takes at least, by what is at work of its kind and not done yet."""
        now, key = time.monotonic(), self._speeds.key(job)
        alike = [one for one in running if self._speeds.key(one.job) == key]
        rates = [(now - one.at) / max(self._speeds.size(one.job), 1e-9) for one in alike]
        return max(rates, default=0.0) * self._speeds.size(job)

    @staticmethod
    def _seconds_left(ends: datetime) -> float:
        return ends.timestamp() - time.time()  # in the night of a clock change, too


_NAMED = 5


def _names(reels: list[str]) -> str:
    more = len(reels) - _NAMED
    return ", ".join(reels[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _count(number: int, noun: str) -> str:
    first, _, rest = noun.partition(" ")
    return count(number, first) + (f" {rest}" if rest else "")
