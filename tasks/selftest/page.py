"""docs/metrics.md, from the code and from what was measured; nothing in it is typed by hand.

    python -m tasks.selftest.page docs/metrics.md

Definitions come from the metrics themselves, thresholds from the shipped calibration, AUC from the
summary of the run of the suite that is kept in `benchmarks/`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from catalogs.durable import write_whole
from tasks.metrics.calibration import SHIPPED, Calibration, read_calibration
from tasks.metrics.metric import Metric
from tasks.selftest import limits as rules
from tasks.selftest.columns import MILD, STRONG
from tasks.selftest.page_parts import (
    anchor,
    cell,
    floor_text,
    metric_section,
    pooled_thresholds,
    worst_area,
)
from tasks.selftest.summary import Summary, read_summary

SUMMARY = Path("benchmarks/selftest.json")
COMMAND = (
    "wetgate selftest --calibrate tasks/metrics/calibration.json --out benchmarks/selftest.json"
)

_HEAD = """# Metrics

This page is generated (`make docs`) from the metrics' code, from the shipped calibration and from
the last run of the injection suite. Change those, not the page.

Every metric answers by itself: a value, whether it was measurable, on which share of the frames
it rests, and a verdict. There is no overall score, and none can be made of these: a face that
is steady and has become another face is not half good.

- **flag**: worse than the floor and than 97.5 % of harmless outputs on such a source.
- **look**: worse than 90 % of them, and past half the way from their median to the floor.
- **not measurable**: no value, and no verdict. It is never "ok".

A shot's value is that of its worst stretch of at most 120 frames. Thresholds are quantiles of
harmless outputs, estimated on the safe side (`tasks/selftest/fit.py` says how), for each class of
source that has enough clips and else over all; the `calibration_id` stored with every verdict
says which calibration that was.
"""


def metrics_page(
    metrics: Sequence[Metric], calibration: Calibration | None, summary: Summary | None
) -> str:
    """The page.

    Args:
        metrics: in the order in which they are shown.
        calibration: the shipped one, if there is one.
        summary: of the suite's last run, if there is one.
    """
    parts = [
        _HEAD,
        "\n".join(_overview(metrics, calibration, summary)),
        "\n".join(_calibration(calibration)),
        "\n".join(_suite(calibration, summary)),
        *("\n".join(metric_section(metric, calibration, summary)) for metric in metrics),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _overview(
    metrics: Sequence[Metric], calibration: Calibration | None, summary: Summary | None
) -> Iterator[str]:
    yield "## All metrics\n"
    yield "| metric | what | unit | worse | floor | look | flag | AUC mild | AUC strong |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for metric in metrics:
        look, flag = pooled_thresholds(metric, calibration)
        mild, strong = (worst_area(metric, summary, severity) for severity in (MILD, STRONG))
        yield (
            f"| [{metric.identifier}](#{anchor(metric)}) | {cell(metric.name)} | "
            f"{cell(metric.unit)} | {metric.worse} | {floor_text(metric)} | {look} | {flag} | "
            f"{mild} | {strong} |"
        )
    yield "\nThresholds over all classes of source. AUC of the fault that is seen worst."


def _calibration(calibration: Calibration | None) -> Iterator[str]:
    yield "## Calibration\n"
    if calibration is None:
        yield f"There is none yet: `{COMMAND}` makes it."
        return
    yield (
        f"Version {calibration.version} of {calibration.date}, on {calibration.suite}. "
        f"`calibration_id` {calibration.calibration_id}.\n"
    )
    for name, cut in calibration.levels.items():
        bounds = ", ".join(f"{bound:g}" for bound in cut.boundaries)
        yield f"- {name}: {', '.join(cut.levels)}, cut at {bounds}"
    yield f"\nA class with fewer than {calibration.fewest_clips} clips has the pooled thresholds."


def _suite(calibration: Calibration | None, summary: Summary | None) -> Iterator[str]:
    yield "## The suite\n"
    if summary is None:
        yield f"It has not been run yet: `{COMMAND}` runs it."
        return
    yield (
        f"Run on {summary.date}: {summary.clips} clips of {summary.persons} people, "
        f"{summary.harmless} harmless outputs, {summary.faulty} with an injected fault. Modern "
        "footage with synthetic damage and synthetic faults; expect lower figures on film."
    )
    if calibration and calibration.calibration_id != summary.calibration_id:
        yield f"It judged another calibration ({summary.calibration_id}); it must be run again."
    if summary.refitted:
        yield (
            "The thresholds were fitted to these same outputs: what is said of them at the shipped "
            "thresholds is in-sample. Figures held out are of thresholds fitted on the other half "
            "of the clips, with other people."
        )
    alarms, held_out = summary.judgement.alarms, summary.judgement.alarms_held_out
    other = f"{held_out.any:.1%}" if held_out else "not known"
    yield (
        f"Harmless outputs that any metric flags: {alarms.any:.1%} at the shipped thresholds, "
        f"{other} at thresholds fitted on the other half of the clips.\n"
    )
    yield (
        f"The rules: AUC at least {rules.STRONG_AUC:.2f} for strong and {rules.MILD_AUC:.2f} for "
        f"mild faults, {rules.STRONG_FOUND:.0%} of strong faults flagged, at most "
        f"{rules.FALSE_ALARMS:.0%} false alarms a metric and {rules.ANY_ALARM:.0%} together, "
        "medians that get worse with the severity, no unlisted side trip, AUC at least "
        f"{rules.STRATUM_AUC:.2f} in the worst stratum, and a rule that breaks when a constant or "
        "warping error stands in for the metric.\n"
    )
    yield from (f"- broken: {one.sentence}" for one in summary.judgement.broken)
    if not summary.judgement.broken:
        yield "All of them hold."


def shipped_page() -> str:
    """The page of this tree, run from its root."""
    from tasks.metrics.registry import METRICS

    calibration = read_calibration(SHIPPED, METRICS) if SHIPPED.exists() else None
    return metrics_page(METRICS, calibration, read_summary(SUMMARY) if SUMMARY.exists() else None)


if __name__ == "__main__":
    write_whole(Path(sys.argv[1]), shipped_page().encode())
