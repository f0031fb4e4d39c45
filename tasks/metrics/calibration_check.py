"""What a calibration file must be, beyond the types of its fields."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from catalogs.errors import VerificationError
from tasks.metrics.metric import Metric

if TYPE_CHECKING:
    from tasks.metrics.calibration import Calibration

REMEDY = "take the file that came with this version, or refit it: wetgate selftest --calibrate FILE"


def check_order(path: Path, calibration: Calibration) -> None:
    """Median, look and flag go towards the bad side in this order."""
    for name, known in calibration.metrics.items():
        sign = 1 if known.worse == "higher" else -1
        sets = {"pooled": known.pooled} | {f"classes.{n}": q for n, q in known.classes.items()}
        for place, q in sets.items():
            if q is not None and not sign * q.median <= sign * q.look <= sign * q.flag:
                raise wrong(path, f"metrics.{name}.{place}", "median, look, flag are not in order")


def check_metrics(path: Path, calibration: Calibration, metrics: Iterable[Metric]) -> None:
    """Every gated metric is known, in the same unit and with the same bad side."""
    for metric in metrics:
        if not metric.gated:
            continue
        known, field = calibration.metrics.get(metric.identifier), f"metrics.{metric.identifier}"
        if known is None:
            raise wrong(path, field, "is missing")
        if (known.worse, known.unit) != (metric.worse, metric.unit):
            raise wrong(path, field, f"is for {known.unit}, {known.worse} is worse; this version "
                         f"measures {metric.unit}, {metric.worse} is worse")  # fmt: skip


def wrong(path: Path, field: str, what: str) -> VerificationError:
    """What to raise about a field."""
    return VerificationError(f"{path}: {field}: {what}; {REMEDY}")
