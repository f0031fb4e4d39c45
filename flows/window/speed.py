"""How long a piece of work will take, from how long such work took.

Restoring and joining are counted by frames and megapixels, ingesting by bytes of the source. What
was measured this night, on these machines, holds before what earlier nights recorded, for work
that is not much larger: of three title cards nobody knows how long a reel's long shots take.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from catalogs.ledger import Row
from catalogs.records import Reel
from flows.night.jobs import Job
from flows.night.order import Order
from flows.window.earlier import REMEMBERED, Earlier, Key, of_restorations
from flows.window.source_sizes import SourceSizes

_ENOUGH = 3  # measured this night: earlier nights are not asked of work that is like it
_REACH = 4  # times the largest that was measured; what is larger is not like it
_FITTED = 5  # fewer do not tell the time that every job takes from the time that frames take
_SLOW = 0.9  # quantile: nine in ten are done sooner than is said


class Speeds:
    """Durations of a night's work, measured and expected.

    Args:
        order: of the night, whose ledger has earlier nights' durations.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._tonight: dict[Key, deque[tuple[float, float]]] = {}
        self._earlier: Earlier | None = None
        self._sources = SourceSizes(order.archive)
        self._expected: dict[tuple[Key, bool], Expectation | None] = {}
        self._rows: list[Row] = []

    def key(self, job: Job) -> Key:
        """What work is compared with."""
        if job.kind == "ingest":
            return job.kind, ""
        treatment = self._order.for_reel(job.catalog.reel_id).treatment
        if job.shot is not None:
            treatment = treatment.of(job.shot.start_frame)
        return job.kind, treatment.treatment_id

    def size(self, job: Job) -> float:
        """How much work a job is: megapixels of all its frames, megabytes of a source.

        0.0 of a source whose size is not known.
        """
        if job.reel is None:
            return self._sources.of(job.catalog) / 1e6
        picture = job.reel.header.picture
        frames = job.shot.frame_count if job.shot else job.reel.content.frame_count
        return frames * picture.width * picture.height / 1e6

    def knows_size(self, job: Job) -> bool:
        """Whether the size of a job is known, so that no source is asked for it."""
        return job.reel is not None or self._sources.know(job.catalog)

    def ask_size(self, job: Job) -> bool:
        """Whether no more is to be learned of a job's size; its source is asked meanwhile."""
        return job.reel is not None or self._sources.ask(job.catalog)

    def awaits_size(self) -> bool:
        """Whether a source that was asked may answer yet."""
        return self._sources.awaited()

    def found(self, reel: Reel) -> None:
        """A reel was ingested: what its source holds is known."""
        self._sources.found(reel.reel_id, float(reel.content.size_bytes))

    def note(self, job: Job, seconds: float) -> None:
        """A job took so long."""
        kind, treatment_id = key = self.key(job)
        size = self.size(job)
        self._expected = {known: e for known, e in self._expected.items() if known[0] != key}
        self._tonight.setdefault(key, deque(maxlen=REMEMBERED)).append((size, seconds))
        self._rows.append({
            "kind": kind, "treatment_id": treatment_id, "reel_id": job.catalog.reel_id,
            "object": job.label, "size": size, "seconds": seconds,
        })  # fmt: skip

    def seconds(self, job: Job) -> float | None:
        """How long a job will hardly exceed; None where no such work was ever measured."""
        key, size = self.key(job), self.size(job)
        expected = self._expectation(key, with_earlier=False)
        if expected is None or not expected.reaches(size):
            expected = self._expectation(key, with_earlier=True)
        return expected.seconds(size) if expected else None

    def _expectation(self, key: Key, with_earlier: bool) -> "Expectation | None":
        """By what was measured tonight, or earlier as well; None if that is too little."""
        if (key, with_earlier) not in self._expected:
            seen = [*(self._recorded(key) if with_earlier else ()), *self._tonight.get(key, ())]
            is_enough = len(seen) >= (1 if with_earlier else _ENOUGH)
            self._expected[key, with_earlier] = Expectation.of(seen) if is_enough else None
        return self._expected[key, with_earlier]

    def record(self) -> None:
        """Write what this night measured to the ledger, for the nights after it."""
        if self._rows:
            self._order.ledger.append("durations", self._order.batch_id, self._rows)
        self._rows = []

    def _recorded(self, key: Key) -> list[tuple[float, float]]:
        if self._earlier is None:
            self._earlier = Earlier.of(self._order.ledger)
        seen = self._earlier.seen
        if key not in seen:
            before = key[0] == "restore" and self._earlier.is_all
            seen[key] = of_restorations(self._order.ledger, key[1]) if before else []
        return seen[key]


@dataclass(frozen=True)
class Expectation:
    """How long work of a size hardly exceeds: a time that all work takes, and a time by its size.

    Attributes:
        least_seconds: nothing is said to be done sooner.
        fixed_seconds: of every piece of work.
        seconds_a_size: beside it.
        largest: size up to which this is known; beyond it, all the time is said to grow with size.
    """

    least_seconds: float
    fixed_seconds: float
    seconds_a_size: float
    largest: float

    @staticmethod
    def of(seen: list[tuple[float, float]]) -> "Expectation":
        """Fitted to size and seconds of work, at least one; the slower tenth is the measure."""
        sizes, seconds = np.array(seen, dtype=float).T
        sizes = np.maximum(sizes, 1e-9)
        largest = _REACH * float(sizes.max())
        if len(seen) < _FITTED or np.ptp(sizes) == 0:
            slow = float(np.quantile(seconds / sizes, _SLOW))
            return Expectation(float(seconds.min()), 0.0, slow, largest)
        fitted, _ = nnls(np.stack([np.ones_like(sizes), sizes], axis=1), seconds)
        likely = np.maximum(fitted[0] + fitted[1] * sizes, 1e-9)
        slower = max(1.0, float(np.quantile(seconds / likely, _SLOW)))
        return Expectation(0.0, slower * float(fitted[0]), slower * float(fitted[1]), largest)

    def reaches(self, size: float) -> bool:
        """Whether work of a size is like what was measured."""
        return size <= self.largest

    def seconds(self, size: float) -> float:
        """Of work of a size."""
        known = min(size, self.largest)
        seconds = max(self.least_seconds, self.fixed_seconds + self.seconds_a_size * known)
        return seconds * max(1.0, size / self.largest)
