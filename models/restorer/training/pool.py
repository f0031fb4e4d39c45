"""Batches from the last few draws; the next draws are made meanwhile, on other cores.

A draw costs about as much as two steps, and its crops are alike; so every crop is seen a few
times, beside crops of other draws. Which draws and which crops make a batch depends on the seed
and the number of the step alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

from models.restorer.training.crops import Crops

Maker = Callable[[int], Crops]  # from the number of a draw


@dataclass(frozen=True)
class Plan:
    """What makes a batch.

    Attributes:
        seed: where chance starts.
        batch: crops of a batch.
        held: draws that a batch is chosen from.
        steps_a_draw: steps after which the oldest draw makes place for a new one.
    """

    seed: int = 0
    batch: int = 6
    held: int = 6
    steps_a_draw: int = 2

    def __post_init__(self) -> None:
        if min(self.batch, self.held, self.steps_a_draw) < 1:
            raise ValueError(f"{self} has a number below 1")

    def draws_of(self, step: int) -> range:
        """Numbers of the draws that a step chooses from."""
        first = step // self.steps_a_draw
        return range(first, first + self.held)


class Pool:
    """Makes batches; a context, for it has threads of its own."""

    def __init__(self, plan: Plan, make: Maker, workers: int = 1) -> None:
        self._plan, self._make, self._workers = plan, make, max(workers, 1)
        self._threads = ThreadPoolExecutor(self._workers)
        self._draws: dict[int, Future[Crops]] = {}

    def __enter__(self) -> Pool:
        """The pool itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the threads; what they have not begun is not begun."""
        self._threads.shutdown(cancel_futures=True)

    def batch(self, step: int) -> Crops:
        """The batch of one step; steps must not go back."""
        numbers = self._plan.draws_of(step)
        for number in range(numbers.start, numbers.stop + self._workers):
            if number not in self._draws:
                self._draws[number] = self._threads.submit(self._make, number)
        for old in [number for number in self._draws if number < numbers.start]:
            del self._draws[old]
        chance = random.Random(f"batch {self._plan.seed} {step}")
        parts = []
        for _ in range(self._plan.batch):
            crops = self._draws[numbers[chance.randrange(len(numbers))]].result()
            parts.append(crops.chosen([chance.randrange(crops.asked.shape[0])]))
        return Crops.side_by_side(parts)
