"""The judge: what keeps the rules passes, and each rule is broken by what it is for."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasks.selftest.columns import Designation
from tasks.selftest.fit import fit_calibration
from tasks.selftest.judge import Judgement, judge
from tasks.selftest.mutation import broken_by_mutation, mutated, unnoticed


def judged(suite: Any, table: pd.DataFrame | None = None, **options: Any) -> Judgement:
    calibration = fit_calibration(suite.table, suite.metrics, "2030-01-01")
    table = suite.table if table is None else table
    return judge(table, suite.metrics, suite.designations, calibration, resamples=50, **options)


def broken(judgement: Judgement) -> set[tuple[str, str, str]]:
    return {(b.rule, b.metric, b.fault) for b in judgement.broken}


def where(table: pd.DataFrame, name: str, severity: int | None = None) -> pd.Series:
    found = table["name"] == name
    return found if severity is None else found & (table["severity"] == severity)


def test_metrics_that_see_their_faults_break_no_rule(suite: Any) -> None:
    judgement = judged(suite)
    assert judgement.broken == ()
    strong = {d.fault: d for d in judgement.detections if d.severity == 2}
    for detection in strong.values():
        assert detection.area.value == 1.0
        assert (detection.found, detection.runs, detection.clips) == (1.0, 20, 20)
        assert detection.baselines["E_warp"] is not None
    assert strong["blur"].baselines["E_warp"] < 0.5  # type: ignore[operator]


def test_a_metric_that_does_not_see_its_fault_is_named(suite: Any) -> None:
    table = suite.table.copy()
    calm = table.loc[where(table, "truth"), "EYE"].to_numpy()
    for severity in range(3):
        table.loc[where(table, "eye flicker", severity), "EYE"] = calm
    assert broken(judged(suite, table)) >= {
        ("auc", "EYE", "eye flicker"), ("found", "EYE", "eye flicker"),
        ("monotone", "EYE", "eye flicker"), ("stratum", "EYE", "eye flicker"),
    }  # fmt: skip


def test_a_mostly_unmeasurable_fault_breaks_the_rule_and_a_partly_one_does_not(suite: Any) -> None:
    for share, expected in ((0.45, True), (0.5, False)):
        table = suite.table.copy()
        measured = table["clip"].rank(method="dense") <= 20 * share
        table.loc[where(table, "blur") & ~measured, "TEX"] = np.nan
        assert (("measurable", "TEX", "blur") in broken(judged(suite, table))) == expected


def test_unmeasurable_outputs_are_not_counted_as_seen(suite: Any) -> None:
    table = suite.table.copy()
    table.loc[where(table, "blur"), "TEX"] = np.nan
    judgement = judged(suite, table)
    assert {(d.measurable, d.area.value, d.found) for d in judgement.detections
            if d.fault == "blur"} == {(0.0, None, None)}  # fmt: skip
    assert {rule for rule, metric, _ in broken(judgement) if metric == "TEX"} == {
        "measurable", "auc", "found", "monotone",
    }  # fmt: skip


def test_too_low_thresholds_are_false_alarms(suite: Any) -> None:
    """Four of the 80 harmless outputs may be flagged; five are too many."""
    calm = suite.table.index[suite.table["kind"] == "harmless"]
    for count, expected in ((4, False), (5, True)):
        table = suite.table.copy()
        table.loc[calm[:: len(calm) // count][:count], "EYE"] = 9.0
        calibration = fit_calibration(suite.table, suite.metrics, "2030-01-01")
        found = judge(table, suite.metrics, suite.designations, calibration, resamples=0)
        assert found.alarms.metrics["EYE"] == count / 80
        said = [b for b in found.broken if b.rule == "alarms" and "shipped" in b.sentence]
        assert bool(said) == expected


def test_many_rare_alarms_are_too_many_together(suite: Any, metric: Callable[..., Any]) -> None:
    """Five metrics that each flag 4 of 80 outputs, all different ones: 25 % have an alarm."""
    calm = suite.table.index[suite.table["kind"] == "harmless"]
    names = [f"M{n}" for n in range(5)]
    quiet = suite.table.assign(**dict.fromkeys(names, 0.0))
    metrics = (*suite.metrics, *(metric(name) for name in names))
    calibration = fit_calibration(quiet, metrics, "2030-01-01")
    table = quiet.copy()
    for n, name in enumerate(names):
        table.loc[calm[4 * n : 4 * n + 4], name] = 1.0
    found = judge(table, metrics, suite.designations, calibration, whole=False, resamples=0)
    assert found.alarms.any == 0.25
    said = [b.metric for b in found.broken if "shipped" in b.sentence and b.rule == "alarms"]
    assert said == [""]


def test_held_out_thresholds_do_not_know_the_clips_they_judge(suite: Any) -> None:
    """Half B has twice the EYE of half A: its own thresholds would allow for that."""
    table = suite.table.copy()
    table.loc[(table["half"] == "B") & (table["kind"] == "harmless"), "EYE"] += 3
    calibration = fit_calibration(table, suite.metrics, "2030-01-01")
    found = judge(table, suite.metrics, suite.designations, calibration, resamples=0)
    assert found.alarms.metrics["EYE"] == 0
    assert found.alarms_held_out is not None
    assert found.alarms_held_out.metrics["EYE"] == 0.5


def test_one_half_alone_has_no_held_out_figures(suite: Any) -> None:
    found = judged(suite, suite.table[suite.table["half"] == "A"])
    assert found.alarms_held_out is None
    assert {d.found_held_out for d in found.detections} == {None}


def test_a_median_that_falls_again_is_not_monotone(suite: Any) -> None:
    table = suite.table.copy()
    rows = where(table, "eye flicker", 2)
    table.loc[rows, "EYE"] -= 0.6  # below mild, still far from harmless
    assert broken(judged(suite, table)) >= {("monotone", "EYE", "eye flicker")}


def test_a_side_trip_must_be_listed(suite: Any) -> None:
    table = suite.table.copy()
    rows = table.index[where(table, "eye flicker", 2)]
    table.loc[rows[:5], "TEX"] = 0.0
    assert broken(judged(suite, table)) == {("specificity", "TEX", "eye flicker")}
    listed = (Designation("eye flicker", "EYE", frozenset({"TEX"})), suite.designations[1])
    assert judged(replace(suite, designations=listed), table).broken == ()
    fewer = suite.table.copy()
    fewer.loc[rows[:4], "TEX"] = 0.0  # a fifth is allowed
    assert judged(suite, fewer).broken == ()


def test_the_worst_stratum_is_held_to_its_limit_unless_it_has_too_few_clips(suite: Any) -> None:
    table = suite.table.copy()
    dark = table["stratum:luminance"] == "dark"
    calm = table.loc[dark & where(table, "truth"), "EYE"].to_numpy()
    table.loc[dark & where(table, "eye flicker", 2), "EYE"] = calm
    found = judged(suite, table)
    said = [b.sentence for b in found.broken if b.rule == "stratum"]
    assert len(said) == 1 and "luminance is dark (10 clips)" in said[0]
    few = table["clip"].isin(sorted(set(table["clip"][dark]))[:4])
    table["stratum:luminance"] = np.where(few, "dark", "bright")
    levels = {a.level: a.value for a in judged(suite, table).strata if a.fault == "eye flicker"}
    assert levels["dark"] is None and levels["bright"] is not None


def test_a_gated_metric_without_a_fault_is_not_proved(
    suite: Any, metric: Callable[..., Any]
) -> None:
    table = suite.table.assign(NEW=0.0, SHOWN=0.0)
    metrics = (*suite.metrics, metric("NEW"), metric("SHOWN", gated=False))
    calibration = fit_calibration(table, metrics, "2030-01-01")
    for whole, expected in ((True, {("proof", "NEW", "")}), (False, set())):
        found = judge(table, metrics, suite.designations, calibration, whole, resamples=0)
        assert broken(found) == expected


@pytest.mark.parametrize("how", ["constant", "E_warp"])
@pytest.mark.parametrize("number", [0, 1])
def test_a_metric_that_says_nothing_is_noticed(suite: Any, how: Any, number: int) -> None:
    metric = suite.metrics[number]
    said = broken_by_mutation(suite.table, metric, suite.designations, how)
    assert {b.rule for b in said} >= {"auc", "found"}
    assert {b.metric for b in said} == {metric.identifier}


def test_a_fault_that_warping_error_sees_as_well_proves_nothing(suite: Any) -> None:
    """Were the usual measure as good, its standing in would go unnoticed, and the judge says so."""
    assert list(unnoticed(suite.table, suite.metrics, suite.designations)) == []
    seen = suite.table.assign(E_warp=suite.table["EYE"])
    said = [(b.rule, b.metric) for b in unnoticed(seen, suite.metrics, suite.designations)]
    assert said == [("mutation", "EYE")]


def test_a_mutation_leaves_what_was_not_measurable(suite: Any) -> None:
    table = suite.table.assign(EYE=suite.table["EYE"].mask(suite.table.index % 2 == 0))
    changed = mutated(table, suite.metrics[0], "constant")["EYE"]
    assert changed.isna().equals(table["EYE"].isna())
    assert changed.nunique() == 1


def test_a_fault_for_a_metric_that_is_not_there_is_refused(suite: Any) -> None:
    wrong = replace(suite, designations=(Designation("blur", "NONE"),))
    with pytest.raises(ValueError, match="blur is designated to NONE"):
        judged(wrong)
