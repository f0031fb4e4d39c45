"""The order of the night's work: what is ready, what runs, and what follows from what.

    ingest ──> restore (each shot) ──> assemble
                  └─ cannot be restored ──> keep ──┘

Reels that people put first come before all others, in their order. Else a reel that is nearly
done comes before one that is not begun, so that a night that is cut short leaves whole reels,
and reels are begun in the order of the catalog. No more is handed out than the cluster runs at
once: of two shots on one worker, the innocent would be blamed for the other's crash.
"""

import heapq
import itertools
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal

from catalogs.records import CatalogReel, Reel, Shot

Kind = Literal["assemble", "keep", "restore", "ingest"]
_URGENCY: dict[Kind, int] = {"assemble": 0, "keep": 1, "restore": 2, "ingest": 3}


@dataclass(frozen=True)
class Job:
    """One piece of work.

    Attributes:
        alone: to be run with nothing else in flight: its failure is then its own.
        reason: for "keep": why the shot could not be restored.
    """

    kind: Kind
    catalog: CatalogReel
    reel: Reel | None = None
    shot: Shot | None = None
    alone: bool = False
    reason: str = ""

    @property
    def label(self) -> str:
        """For people: the shot, or the reel."""
        return self.shot.shot_id if self.shot else self.catalog.reel_id


@dataclass
class Queue:
    """Jobs that are ready: reels put first, then what is most urgent; what must run alone last."""

    _heap: list[tuple[int, int, int, Job]] = field(default_factory=list)
    _alone: list[Job] = field(default_factory=list)
    _aside: list[Job] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _is_solitary: bool = False  # what was handed out last must run alone
    _first: tuple[str, ...] = ()

    def put_first(self, reels: tuple[str, ...]) -> None:
        """Let reels, by reel_id or identifier, come before all others, in this order."""
        if reels != self._first:
            self._first = reels
            self._heap = [(self._rank(job), u, n, job) for _, u, n, job in self._heap]
            heapq.heapify(self._heap)
            self._alone.sort(key=self._rank)

    def _rank(self, job: Job) -> int:
        names = (job.catalog.reel_id, job.catalog.identifier)
        places = (n for n, name in enumerate(self._first) if name in names)
        return next(places, len(self._first))

    def add(self, job: Job) -> None:
        """Put a job in line."""
        if job.alone:
            self._alone.append(job)
            self._alone.sort(key=self._rank)
        else:
            place = (self._rank(job), _URGENCY[job.kind], next(self._numbers))
            heapq.heappush(self._heap, (*place, job))

    def take(
        self, running: int, slots: int, may_begin: Callable[[Job], bool] = lambda _: True
    ) -> Job | None:
        """The next job to start, or None to wait.

        Args:
            running: how many jobs run.
            slots: how many may run.
            may_begin: whether a job may begin now; one that may not stays in its place.
        """
        if self._is_solitary and running:
            return None
        self._is_solitary = False
        suspect = next(filter(may_begin, self._alone), None)
        if suspect is not None and not self._has_more(suspect.catalog.reel_id):
            self._is_solitary = running == 0
            if running:
                return None
            self._alone.remove(suspect)
            return suspect
        return self._next(may_begin) if running < slots else None

    def _next(self, may_begin: Callable[[Job], bool]) -> Job | None:
        passed = []
        found = None
        while self._heap and found is None:
            entry = heapq.heappop(self._heap)
            if may_begin(entry[3]):
                found = entry[3]
            else:
                passed.append(entry)
        for entry in passed:
            heapq.heappush(self._heap, entry)
        return found

    def _has_more(self, reel_id: str) -> bool:
        return any(entry[3].catalog.reel_id == reel_id for entry in self._heap)

    def drop(self, reel_id: str) -> None:
        """Forget what is in line for a reel that cannot be finished."""
        self._heap = [entry for entry in self._heap if entry[3].catalog.reel_id != reel_id]
        heapq.heapify(self._heap)
        self._alone = [job for job in self._alone if job.catalog.reel_id != reel_id]
        self._aside = [job for job in self._aside if job.catalog.reel_id != reel_id]

    def put_aside(self, job: Job) -> None:
        """Keep a job out of the line until what was put aside is taken back."""
        self._aside.append(job)

    def put_reels_aside(self, reels: Collection[str]) -> None:
        """Keep all jobs of reels out of the line."""
        aside = [job for job in self.in_line() if job.catalog.reel_id in reels]
        kept = self._aside
        for reel_id in reels:
            self.drop(reel_id)
        self._aside = [*kept, *aside]

    def take_back(self, may: Callable[[Job], bool] = lambda _: True) -> bool:
        """Put in line what was put aside and may come back; whether there was anything."""
        back = [job for job in self._aside if may(job)]
        self._aside = [job for job in self._aside if not may(job)]
        for job in back:
            self.add(job)
        return bool(back)

    def in_line(self) -> tuple[Job, ...]:
        """What is in line, most urgent first."""
        ordered = sorted(self._heap, key=lambda entry: entry[:3])
        return (*(entry[3] for entry in ordered), *self._alone)

    def waiting(self) -> tuple[Job, ...]:
        """What is in line, and what was put aside."""
        return (*self.in_line(), *self._aside)

    def __len__(self) -> int:
        return len(self._heap) + len(self._alone) + len(self._aside)
