"""All metrics of a stretch, and of a shot from its stretches.

A shot's value is that of its worst stretch: a fault in a corner of a long shot is not averaged
away. Its coverage is that of all its frames.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair


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
    """Ask every metric about one stretch."""
    answers = {}
    for metric in metrics:
        begun = time.process_time()
        value = metric.measure(pair)
        answers[metric.identifier] = Answer(
            start, pair.count, _explained(value, pair), time.process_time() - begun
        )
    return answers


def _explained(value: Value, pair: Pair) -> Value:
    """A face metric without faces says why none was looked for."""
    if value.measurable or not pair.faces_note or not value.note.startswith("no face"):
        return value
    return replace(value, note=pair.faces_note)


def of_shot(metric: Metric, answers: Iterable[Answer]) -> Value:
    """The value of a shot from the answers about its stretches, in order.

    Returns:
        The worst value, `where` counted from the start of the shot; without any, the notes.
    """
    known = list(answers)
    frames = sum(answer.count for answer in known)
    coverage = sum(answer.value.coverage * answer.count for answer in known) / max(frames, 1)
    measured = [answer for answer in known if answer.value.value is not None]
    if not measured:
        notes = dict.fromkeys(answer.value.note for answer in known if answer.value.note)
        return Value.none("; ".join(notes) or "no frame", coverage)
    sign = 1 if metric.worse == "higher" else -1
    worst = max(measured, key=lambda answer: sign * (answer.value.value or 0.0))
    where = worst.value.where
    return replace(
        worst.value,
        coverage=min(coverage, 1.0),
        where=None if where is None else worst.start + where,
    )


def costs(all_answers: Iterable[Mapping[str, Answer]]) -> dict[str, float]:
    """Processor seconds of every metric, over all stretches."""
    total: dict[str, float] = {}
    for answers in all_answers:
        for name, answer in answers.items():
            total[name] = total.get(name, 0.0) + answer.seconds
    return total
