"""All metrics of one stretch, and what each of them costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

FAILED = "failed: "  # begins the note of a metric that could not answer


@dataclass(frozen=True)
class Answer:
    """What one metric said of one stretch.

    Attributes:
        start: first frame of the stretch, in the shot.
        count: frames of the stretch.
        value: what it said; `value.where` counts from the start of the stretch.
        seconds: processor time it took; what metrics share is paid by the first that asks.
    """

    start: int
    count: int
    value: Value
    seconds: float


def evaluate(pair: Pair, start: int, metrics: Sequence[Metric]) -> dict[str, Answer]:
    """Ask every metric about one stretch.

    One that fails has no value, and its note begins with `FAILED`: a fault of one metric costs
    neither the shot nor the other metrics.
    """
    answers = {}
    for metric in metrics:
        begun = time.process_time()
        value = _asked(metric, pair)
        answers[metric.identifier] = Answer(
            start, pair.count, _explained(value, pair), time.process_time() - begun
        )
    return answers


def _asked(metric: Metric, pair: Pair) -> Value:
    try:
        return metric.measure(pair)
    except Exception as error:  # whatever it is, the night goes on and says so
        return Value.none(f"{FAILED}{type(error).__name__}: {error}")


def _explained(value: Value, pair: Pair) -> Value:
    """A face metric without faces says why none was looked for."""
    if value.measurable or not pair.faces_note or not value.note.startswith("no face"):
        return value
    return replace(value, note=pair.faces_note)
