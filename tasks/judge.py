"""Judge: what every metric says of a stretch, and the verdict on it; then on the shot.

A shot's verdict is that of its worst stretch, and its value is the value there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from catalogs.records import Measurement
from tasks.metrics.calibration import Calibration
from tasks.metrics.evaluate import Answer, evaluate
from tasks.metrics.metric import Metric
from tasks.metrics.pair import Pair
from tasks.metrics.source_class import source_facts
from tasks.metrics.verdict import Verdict, sign_of, verdict

RANKS = {"not measurable": 0, "ok": 1, "look": 2, "flag": 3}


@dataclass(frozen=True)
class Judged:
    """One metric on one stretch; no verdict for what is shown and not judged."""

    answer: Answer
    verdict: Verdict | None


def judge_stretch(
    pair: Pair, start: int, metrics: Sequence[Metric], calibration: Calibration
) -> dict[str, Judged]:
    """Ask every metric about one stretch, and judge what it says.

    Args:
        pair: the stretch.
        start: its first frame, in the shot.
        metrics: whom to ask.
        calibration: what harmless restorations have.
    """
    answers = evaluate(pair, start, metrics)
    source_class = calibration.class_of(source_facts(pair))
    return {
        metric.identifier: Judged(
            answers[metric.identifier],
            verdict(metric, answers[metric.identifier].value, source_class, calibration)
            if metric.gated
            else None,
        )
        for metric in metrics
    }


def measurement_of(metric: Metric, judged: Sequence[Judged]) -> Measurement:
    """What is recorded of a metric on a shot, from its stretches in order.

    Raises:
        ValueError: there is no stretch.
    """
    if not judged:
        raise ValueError("a shot has at least one stretch")
    frames = sum(one.answer.count for one in judged)
    coverage = sum(one.answer.value.coverage * one.answer.count for one in judged) / frames
    worst = max(judged, key=lambda one: _badness(metric, one))
    value, found = worst.answer.value, worst.verdict
    notes = dict.fromkeys(one.answer.value.note for one in judged if one.answer.value.note)
    return Measurement(
        metric=metric.identifier,
        before=value.before,
        after=value.value,
        unit=metric.unit,
        measurable=value.measurable,
        coverage=min(coverage, 1.0),
        note=value.note if value.measurable else "; ".join(notes) or "no reason given",
        verdict=found.status if found else "",
        threshold=found.threshold if found else None,
        calibration_id=found.calibration_id if found else "",
        worst_frame=None if value.where is None else worst.answer.start + value.where,
        seconds=sum(one.answer.seconds for one in judged),
    )


def _badness(metric: Metric, one: Judged) -> tuple[int, int, float]:
    value = one.answer.value.value
    rank = RANKS[one.verdict.status] if one.verdict else 1
    return int(value is not None), rank, sign_of(metric) * (value or 0.0)
