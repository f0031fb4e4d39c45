"""The disparity test: finds what is planted, invents nothing, says what it could have found."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from tasks.strata.comparison import Comparison
from tasks.strata.disparity import as_table, find_disparities
from tasks.strata.verdicts import MetricRule, judge

RULE = MetricRule("EYE", "% of full range", threshold=1.0)
LIGHT = "scene luminance"


def night(
    people: dict[str, int], *, shift: float = 0.0, seed: int = 0, level_shift: float = 0.0
) -> pd.DataFrame:
    """Four shots a person; the stratum "dark" is worse by `shift`.

    `level_shift` raises the metric there for the harmless run too.
    """
    chance = np.random.default_rng(seed)
    strata = np.repeat(np.array(list(people)), np.array(list(people.values())) * 4)
    owners = np.repeat(np.arange(sum(people.values())), 4)
    person = chance.standard_normal(owners.max() + 1)[owners]
    both = 0.1 * person + level_shift * (strata == "dark")
    value = 0.7 + both + 0.2 * chance.standard_normal(len(owners)) + shift * (strata == "dark")
    harmless = 0.6 + both + 0.2 * chance.standard_normal(len(owners))
    return pd.DataFrame({
        "metric": "EYE", "cluster": owners, LIGHT: strata, "value": value, "harmless": harmless,
        "flagged": value > 1, "harmless_flagged": harmless > 1,
    })  # fmt: skip


def compared(rows: pd.DataFrame, **options: object) -> dict[tuple[str, str], Comparison]:
    found = find_disparities(rows, [RULE], [LIGHT], **options)  # type: ignore[arg-type]
    return {(c.stratum, c.statistic): c for c in found}


EVEN = {"dark": 60, "middle": 60, "bright": 60}


def test_a_planted_disparity_is_found_in_both_statistics() -> None:
    found = compared(night(EVEN, shift=0.35))
    for statistic in ("mean", "flag rate"):
        comparison = found["dark", statistic]
        assert comparison.verdict == "disparity found"
        assert comparison.low is not None and comparison.low > 0
    assert found["dark", "mean"].difference == pytest.approx(0.35, abs=0.06)
    assert "disparity found." in found["dark", "mean"].sentence
    assert "worse than the rest" in found["dark", "mean"].sentence


def test_nights_without_a_disparity_invent_none() -> None:
    for seed in range(10):
        verdicts = {c.verdict for c in compared(night(EVEN, seed=seed)).values()}
        assert verdicts == {"no disparity found"}, seed


def test_a_metric_whose_level_differs_by_stratum_is_no_disparity() -> None:
    """The harmless run has the same level; only what restoration adds is compared."""
    rows = night(EVEN, level_shift=0.5)
    assert compared(rows)["dark", "mean"].verdict == "no disparity found"
    without_control = rows.assign(harmless=0.6)
    assert compared(without_control)["dark", "mean"].verdict == "disparity found"


def test_shots_of_one_person_are_not_taken_for_people() -> None:
    """Forty copies of one shot tell no more than the shot."""
    rows = night({"dark": 12, "middle": 60, "bright": 60})
    once, often = rows, pd.concat([rows] * 10, ignore_index=True)
    errors = [compared(r)["dark", "mean"].error for r in (once, often)]
    assert errors[1] == pytest.approx(errors[0], rel=0.15)
    assert compared(often)["dark", "mean"].people == 12


@pytest.mark.parametrize(
    ("people", "shift", "verdict"),
    [(9, 0.6, "too few"), (39, 0.6, "possible"), (39, 0.0, "no verdict"),
     (40, 0.6, "disparity found"), (40, 0.0, "no disparity found")],
)  # fmt: skip
def test_the_least_numbers_of_people(people: int, shift: float, verdict: str) -> None:
    rows = night({"dark": people, "middle": 60, "bright": 60}, shift=shift)
    assert compared(rows)["dark", "mean"].verdict == verdict


def test_too_few_people_show_counts_and_no_difference() -> None:
    comparison = compared(night({"dark": 9, "middle": 60, "bright": 60}))["dark", "flag rate"]
    assert (comparison.people, comparison.shots, comparison.difference) == (9, 36, None)
    assert comparison.flag_low < comparison.flag_rate < comparison.flag_high
    assert "too few people (9" in comparison.sentence


def test_a_rest_of_few_people_gives_no_verdict_either() -> None:
    rows = night({"dark": 100, "bright": 9}, shift=0.6)
    assert {c.verdict for c in compared(rows).values()} == {"too few"}


def test_of_two_strata_one_is_compared() -> None:
    found = compared(night({"dark": 50, "bright": 45}))
    assert {stratum for stratum, _ in found} == {"bright"}


def test_no_disparity_never_stands_without_the_detectable_size() -> None:
    for comparison in compared(night(EVEN)).values():
        assert comparison.detectable is not None and comparison.detectable > comparison.margin
        assert "or more would have been found (power 0.8)" in comparison.sentence


def test_a_sure_difference_below_the_margin_is_none() -> None:
    """And it says so."""
    rows = night({"dark": 400, "bright": 400}, shift=0.15)
    comparison = compared(rows, seed=1)["bright", "mean"]
    assert comparison.high is not None and comparison.high < 0
    assert comparison.verdict == "no disparity found"
    assert "within the margin of 0.25 % of full range" in comparison.sentence


def test_the_detectable_mean_is_found_four_times_in_five() -> None:
    stated = compared(night(EVEN))["dark", "mean"].detectable
    assert stated is not None
    verdicts = [
        compared(night(EVEN, shift=stated, seed=seed))["dark", "mean"].verdict for seed in range(30)
    ]
    assert verdicts.count("disparity found") >= 20


def test_the_correction_grows_with_the_family() -> None:
    alone = night(EVEN)
    many = pd.concat(
        [alone.assign(metric=name) for name in ("EYE", "JIT", "ID", "BOIL")], ignore_index=True
    )
    rules = [MetricRule(name, "", 1.0) for name in ("EYE", "JIT", "ID", "BOIL")]
    levels = {c.level for c in find_disparities(many, rules, [LIGHT]) if c.level}
    assert max(levels) <= 0.01 / 24 * 1.5
    assert max(c.level for c in compared(alone).values() if c.level) > max(levels)


def test_for_a_ratio_lower_is_worse() -> None:
    rule = MetricRule("TEX", "", threshold=0.8, worse="lower", ideal=1.0)
    assert rule.margin("mean") == pytest.approx(0.05)
    rows = night(EVEN, shift=-0.35).assign(metric="TEX")
    (first, *_) = [c for c in find_disparities(rows, [rule], [LIGHT]) if c.stratum == "dark"]
    assert "worse than the rest" in first.sentence


def test_unmeasured_shots_are_counted_and_left_out() -> None:
    rows = night(EVEN)
    rows.loc[rows[LIGHT].eq("dark") & (rows.index % 4 == 0), "value"] = np.nan
    comparison = compared(rows)["dark", "mean"]
    assert (comparison.shots, comparison.unmeasured) == (180, 60)


def test_infinite_values_count_as_flagged_and_in_no_mean() -> None:
    """Nothing is worse than they are; a rate without them would be too good."""
    rows = night(EVEN)
    endless = rows[LIGHT].eq("dark") & (rows.index % 4 == 0)
    rows.loc[endless, "value"] = np.inf
    rows.loc[endless, ["flagged", "harmless_flagged"]] = True, False
    before, found = compared(rows[~endless]), compared(rows)
    mean, rate = found["dark", "mean"], found["dark", "flag rate"]
    assert (mean.shots, mean.unmeasured, rate.shots, rate.unmeasured) == (180, 60, 240, 0)
    assert mean.difference == before["dark", "mean"].difference
    dark = rows[rows[LIGHT] == "dark"]
    assert mean.flag_rate == rate.flag_rate == dark["flagged"].mean()
    assert rate.stratum_mean == (dark["flagged"] * 1.0 - dark["harmless_flagged"]).mean()
    assert rate.verdict == "disparity found"
    assert before["dark", "flag rate"].verdict == "no disparity found"


def test_a_stratum_of_infinite_values_alone_has_a_rate_and_no_mean() -> None:
    rows = night(EVEN).assign(harmless_flagged=False)
    rows.loc[rows[LIGHT] == "dark", ["value", "harmless", "flagged"]] = np.inf, np.inf, True
    found = compared(rows)
    assert ("dark", "mean") not in found
    assert {stratum for stratum, statistic in found if statistic == "mean"} == {"bright"}
    assert found["dark", "flag rate"].stratum_mean == 1.0


def test_no_rates_differ_by_more_than_100_points() -> None:
    rows = night({"dark": 10, "bright": 10}).assign(harmless_flagged=False)
    rows["flagged"] = rows[LIGHT] == "dark"
    (rate,) = (c for c in compared(rows).values() if c.statistic == "flag rate")
    assert abs(rate.difference or 0) == 1.0
    assert rate.low is not None and rate.high is not None
    assert -1.0 <= rate.low < rate.high <= 1.0
    assert "100.0 points" in rate.sentence
    reach = [float(number) for number in re.findall(r"([+-][0-9.]+) points", rate.sentence)]
    assert reach and max(map(abs, reach)) <= 100


@pytest.mark.parametrize("word", ["unknown", "uncertain", ""])
def test_what_is_unknown_is_no_stratum_and_in_no_rest(word: str) -> None:
    rows = night({"dark": 60, "middle": 60, "bright": 60, word: 60})
    rows.loc[rows[LIGHT] == word, "value"] = 100.0
    found = compared(rows)
    assert {stratum for stratum, _ in found} == {"dark", "middle", "bright"}
    assert found["dark", "mean"].rest_people == 120


def test_no_flags_at_all_are_no_disparity() -> None:
    rows = night(EVEN).assign(flagged=False, harmless_flagged=False)
    comparison = compared(rows)["dark", "flag rate"]
    assert comparison.verdict == "no disparity found"
    assert comparison.flag_high > 0


def test_the_same_seed_gives_the_same_report() -> None:
    rows = night(EVEN, shift=0.2)
    first, again = (as_table(find_disparities(rows, [RULE], [LIGHT], seed=4)) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert list(first.columns) == list(Comparison.__dataclass_fields__)


def test_a_table_without_its_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="no column harmless"):
        compared(night(EVEN).drop(columns="harmless"))
    with pytest.raises(ValueError, match="give the reel"):
        compared(night(EVEN).assign(cluster=None))


def test_no_rows_are_no_comparisons() -> None:
    assert compared(night(EVEN).iloc[:0]) == {}
    assert find_disparities(night(EVEN), [MetricRule("ID", "", 0.4)], [LIGHT]) == ()


def test_a_difference_must_exceed_its_margin() -> None:
    assert judge(40, (0.1, 0.3), 0.2, 0.25) == "no disparity found"
    assert judge(40, (0.1, 0.3), 0.2, 0.15) == "disparity found"
    assert judge(40, (-0.3, -0.1), -0.2, 0.15) == "disparity found"
    assert judge(40, (-0.1, 0.5), 0.2, 0.15) == "no disparity found"
