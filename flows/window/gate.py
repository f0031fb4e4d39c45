"""What lets a night begin work, and what keeps it from it.

A night asks its gates before it begins anything. One that stops ends the night once what is at
work is finished; one that pauses keeps the night waiting; one that admits a job not now leaves
it in line and lets others go before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flows.night.jobs import Job


@dataclass(frozen=True)
class Begun:
    """A job at work, and when it began (`time.monotonic`)."""

    job: Job
    at: float


class Gate:
    """Keeps nothing back; others derive from it and say what they keep back."""

    def stops(self, running: Sequence[Begun]) -> bool:
        """Whether nothing is begun any more this night."""
        return False

    def pauses(self) -> bool:
        """Whether nothing is begun for now, and the night waits."""
        return False

    def admits(self, job: Job, running: Sequence[Begun]) -> bool:
        """Whether a job may begin now; asking changes nothing, for another gate may refuse it."""
        return True

    def waits(self) -> bool:
        """Whether it is to know soon of a job that it did not admit; the night asks it again."""
        return False

    def begun(self, job: Job) -> None:
        """A job that all gates admitted has begun."""

    def done(self, job: Job, seconds: float, answer: Any) -> None:
        """A job ended well, so long after it began, with what it answered."""

    def left(self, jobs: Sequence[Job]) -> None:
        """The night is over, and these jobs were not begun although their storage is there."""
