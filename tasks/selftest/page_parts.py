"""Parts of docs/metrics.md: what is said of one metric."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.metrics.calibration import Calibration, Quantiles
from tasks.metrics.metric import Metric
from tasks.metrics.verdict import limits
from tasks.selftest.columns import BASELINES, SEVERITIES
from tasks.selftest.detection import Detection
from tasks.selftest.summary import Summary
from tasks.selftest.text import interval


def metric_section(
    metric: Metric, calibration: Calibration | None, summary: Summary | None
) -> Iterator[str]:
    """What the page says of one metric."""
    yield f"## {_title(metric)}\n"
    yield f"{metric.unit}, {metric.worse} is worse."
    yield ("Floor " + floor_text(metric) if metric.gated else "Shown, never judged") + ".\n"
    yield "\n".join(f"    {line}".rstrip() for line in metric.formula.strip().splitlines())
    yield f"\nSource: {metric.source.strip()}\n\nBlind to: {metric.blind.strip()}\n"
    if metric.gated:
        yield from _class_table(metric, calibration)
        yield from _fault_table(metric, summary)


def _class_table(metric: Metric, calibration: Calibration | None) -> Iterator[str]:
    known = calibration.metrics.get(metric.identifier) if calibration else None
    if calibration is None or known is None or known.pooled is None:
        return
    yield "| class of source | clips | outputs | median | look | flag |"
    yield "|---|---|---|---|---|---|"
    yield _class_row(metric, calibration, "all classes", known.pooled)
    for name, own in known.classes.items():
        if own.clips >= calibration.fewest_clips:
            yield _class_row(metric, calibration, name, own)
    yield ""


def _class_row(metric: Metric, calibration: Calibration, name: str, known: Quantiles) -> str:
    found = limits(metric, name, calibration)
    ends = f"{found.look:.3g} | {found.flag:.3g}" if found else "- | -"
    return f"| {name} | {known.clips} | {known.runs} | {known.median:.3g} | {ends} |"


def _fault_table(metric: Metric, summary: Summary | None) -> Iterator[str]:
    found = _own(metric, summary)
    if not found:
        return
    usual = "".join(f" {name} |" for name in BASELINES)
    yield f"| fault | severity | outputs | measurable | AUC [95 %] | flagged | held out |{usual}"
    yield "|---" * (7 + len(BASELINES)) + "|"
    for one in found:
        others = "".join(f" {_two(one.baselines.get(name))} |" for name in BASELINES)
        yield (
            f"| {one.fault} | {SEVERITIES[one.severity]} | {one.runs} | {one.measurable:.0%} | "
            f"{interval(one)} | {_per_cent(one.found)} | {_per_cent(one.found_held_out)} |{others}"
        )


def _own(metric: Metric, summary: Summary | None) -> list[Detection]:
    found = summary.judgement.detections if summary else ()
    return [one for one in found if one.metric == metric.identifier]


def worst_area(metric: Metric, summary: Summary | None, severity: int) -> str:
    """AUC of the fault that a metric sees worst at a severity."""
    found = [one.area.value for one in _own(metric, summary) if one.severity == severity]
    known = [value for value in found if value is not None]
    return f"{min(known):.2f}" if known else "-"


def pooled_thresholds(metric: Metric, calibration: Calibration | None) -> tuple[str, str]:
    """Look and flag over all classes of source."""
    found = limits(metric, "all classes", calibration) if calibration and metric.gated else None
    return (f"{found.look:.3g}", f"{found.flag:.3g}") if found else ("-", "-")


def floor_text(metric: Metric) -> str:
    """A metric's floor, if it is ever judged."""
    return f"{metric.floor:g}" if metric.gated else "-"


def _title(metric: Metric) -> str:
    return f"{metric.identifier}: {metric.name}"


def anchor(metric: Metric) -> str:
    """The link to a metric's heading, as renderers of Markdown make it."""
    kept = "".join(c for c in _title(metric).lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def cell(text: str) -> str:
    """Text that may stand in a table."""
    return text.replace("|", "\\|")


def _per_cent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _two(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
