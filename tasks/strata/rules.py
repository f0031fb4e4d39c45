"""What the comparison must know of the metrics that judge."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.metrics.calibration import Calibration
from tasks.metrics.metric import Metric
from tasks.metrics.verdict import limits
from tasks.strata.verdicts import MetricRule


def metric_rules(metrics: Sequence[Metric], calibration: Calibration) -> tuple[MetricRule, ...]:
    """What the comparison must know of each metric: thresholds are those over all classes."""
    rules = []
    for metric in metrics:
        known = limits(metric, "", calibration)
        if known is not None:
            # 1 is the perfect ratio; whatever else is counted, lengths and faults, is best at 0.
            ideal = 1.0 if metric.unit == "ratio" or metric.worse == "lower" else 0.0
            rules.append(
                MetricRule(metric.identifier, metric.unit, known.flag, metric.worse, ideal)
            )
    return tuple(rules)
