"""The order of the night's work: what is ready, what runs, and what follows from what.

    ingest ──> restore (each shot) ──> assemble
                  └─ cannot be restored ──> keep ──┘

A reel that is nearly done comes before one that is not begun, so that a night that is cut
short leaves whole reels. No more is handed out than the cluster runs at once: of two
shots on one worker, the innocent would be blamed for the other's crash.
"""

import heapq
import itertools
from collections.abc import Iterator
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
    """Jobs that are ready, most urgent first; one that must run alone comes last of its reel."""

    _heap: list[tuple[int, int, Job]] = field(default_factory=list)
    _alone: list[Job] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _is_solitary: bool = False  # what was handed out last must run alone

    def add(self, job: Job) -> None:
        """Put a job in line."""
        if job.alone:
            self._alone.append(job)
        else:
            heapq.heappush(self._heap, (_URGENCY[job.kind], next(self._numbers), job))

    def take(self, running: int, slots: int) -> Job | None:
        """The next job to start, given how many run, or None to wait."""
        if self._is_solitary and running:
            return None
        self._is_solitary = False
        if self._alone and not self._has_more(self._alone[0].catalog.reel_id):
            self._is_solitary = running == 0
            return self._alone.pop(0) if running == 0 else None
        if self._heap and running < slots:
            return heapq.heappop(self._heap)[2]
        return None

    def _has_more(self, reel_id: str) -> bool:
        return any(entry[2].catalog.reel_id == reel_id for entry in self._heap)

    def drop(self, reel_id: str) -> None:
        """Forget what is in line for a reel that cannot be finished."""
        self._heap = [entry for entry in self._heap if entry[2].catalog.reel_id != reel_id]
        heapq.heapify(self._heap)
        self._alone = [job for job in self._alone if job.catalog.reel_id != reel_id]

    def __len__(self) -> int:
        return len(self._heap) + len(self._alone)
