"""A comparison of one stratum with its rest, judged: the row of the disparity report."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.strata.cells import Cell
from tasks.strata.evidence import Evidence
from tasks.strata.verdicts import (
    Statistic,
    Verdict,
    Wording,
    detectable,
    detectable_rate,
    judge,
    sentence,
)


@dataclass(frozen=True)
class Comparison:
    """One stratum against the pooled rest, in one statistic of one metric.

    Attributes:
        metric: identifier.
        variable: what the strata are of.
        stratum: its name.
        statistic: what is compared.
        people: with a measured shot in the stratum.
        rest_people: the same of the rest.
        shots: rows of the stratum that were measured.
        unmeasured: rows of the stratum that were not, for a mean also infinite ones; many more
            than elsewhere is a finding.
        stratum_mean: mean of the statistic in the stratum; None where there are too few people.
        rest_mean: in the rest.
        difference: stratum less rest.
        low: of the interval at the corrected level.
        high: of the interval at the corrected level.
        level: that level.
        probability: p-value, uncorrected.
        error: standard error.
        margin: a difference must exceed it.
        detectable: the difference found with power 0.8.
        flag_rate: share of the stratum's restored shots that are flagged.
        flag_low: of its 95 % beta-binomial interval.
        flag_high: of its 95 % beta-binomial interval.
        verdict: see `tasks.strata.verdicts`.
        sentence: the verdict in words.
    """

    metric: str
    variable: str
    stratum: str
    statistic: Statistic
    people: int
    rest_people: int
    shots: int
    unmeasured: int
    stratum_mean: float | None
    rest_mean: float | None
    difference: float | None
    low: float | None
    high: float | None
    level: float | None
    probability: float | None
    error: float | None
    margin: float
    detectable: float | None
    flag_rate: float
    flag_low: float
    flag_high: float
    verdict: Verdict
    sentence: str


def judged(cell: Cell, level: float) -> Comparison:
    """The comparison that a cell is, its interval at the level Holm's correction holds it to."""
    margin = cell.rule.margin(cell.statistic)
    people = min(cell.people, cell.rest_people)
    subject = f"{cell.rule.metric}, {cell.statistic}, {cell.variable} {cell.stratum}"
    wording = Wording(cell.rule, cell.statistic)
    evidence = cell.evidence
    if evidence is None:
        few = sentence(subject, "too few", wording, 0.0, (0.0, 0.0), 0.0, people)
        return _comparison(cell, "too few", few)
    interval = _possible(cell.statistic, evidence.interval(level))
    verdict = judge(people, interval, evidence.difference, margin)
    if cell.statistic == "mean":
        found_from = detectable(evidence, level, margin)
    else:
        found_from = detectable_rate(evidence, level, margin, cell.all_flagged, cell.design)
    words = sentence(subject, verdict, wording, evidence.difference, interval, found_from, people)
    return _comparison(cell, verdict, words, evidence, level, interval, found_from)


def _possible(statistic: Statistic, interval: tuple[float, float]) -> tuple[float, float]:
    """An interval within what the statistic can be: rates differ by 100 points at most."""
    if statistic == "mean":
        return interval
    return max(interval[0], -1.0), min(interval[1], 1.0)


def _comparison(
    cell: Cell,
    verdict: Verdict,
    words: str,
    evidence: Evidence | None = None,
    level: float | None = None,
    interval: tuple[float, float] | None = None,
    found_from: float | None = None,
) -> Comparison:
    known = evidence is not None
    low, high = interval or (None, None)
    return Comparison(
        cell.rule.metric, cell.variable, cell.stratum, cell.statistic, cell.people,
        cell.rest_people, cell.shots, cell.unmeasured,
        cell.means[0] if known else None, cell.means[1] if known else None,
        evidence.difference if evidence else None, low, high, level,
        evidence.probability() if evidence else None, evidence.error if evidence else None,
        cell.rule.margin(cell.statistic), found_from, *cell.flag, verdict, words,
    )  # fmt: skip
