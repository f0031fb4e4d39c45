"""Comparing treatments: what became better or worse is said, chance is not, and a gate is exact."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from catalogs.errors import StoreError
from catalogs.ledger import Ledger
from catalogs.recipe import read_recipe
from catalogs.store import Store
from flows.cli import app
from flows.registry.yardstick import yardstick
from tasks.compare.difference import tolerated
from tasks.compare.paired import differing, find_side, paired_values
from tasks.compare.resample import RESAMPLES, bootstrap_means
from tasks.compare.said import compared_json
from tasks.compare.treatments import LEAST_SHOTS, Compared, compare_pairs
from tasks.measure import shipped_calibration
from tasks.metrics.registry import METRICS
from tasks.registry.gate import GatedModel, read_gate
from tasks.registry.objections import objections
from tasks.treat import resolve_recipe

from .conftest import ONE, TWO, by_model

Archive = Callable[..., Store]
Reprocess = Callable[..., Any]

PLAIN = resolve_recipe(read_recipe("conservative"))
CALIBRATION = shipped_calibration()


def pairs(shots: int = 40, **changes: Any) -> pd.DataFrame:
    """Two metrics on so many shots of ten reels; higher is worse for both."""
    chance = np.random.default_rng(3)
    rows = []
    for metric in ("BOIL", "GHOST"):
        for n in range(shots):
            before = 1 + chance.random()
            rows.append({
                "shot": f"r{n % 10}/{n}", "reel_id": f"r{n % 10}", "metric": metric,
                "before": before, "after": before, "verdict_before": "ok", "verdict_after": "ok",
                "collection": "News" if n % 2 else "Home", "gauge": "16 mm", "colour": None,
            })  # fmt: skip
    table = pd.DataFrame(rows)
    for column, change in changes.items():
        table[column] = change(table)
    return table


def word(found: Compared, metric: str, stratum: str = "all shots") -> str:
    (difference,) = [d for d in found.differences if (d.metric, d.stratum) == (metric, stratum)]
    return difference.word


def boil(table: pd.DataFrame, by: float, rows: "pd.Series[bool] | None" = None) -> Any:
    chosen = table["metric"] == "BOIL"
    if rows is not None:
        chosen &= rows
    return table["after"] + by * chosen * (1 + 0.1 * np.random.default_rng(1).random(len(table)))


def test_what_is_the_same_on_every_shot_is_the_same_and_passes_no_gate() -> None:
    found = compare_pairs(pairs())
    assert {d.word for d in found.differences} == {"the same"}
    assert (found.shots, found.worse) == (40, ())
    (said,) = found.reasons
    assert said.startswith("no metric differs on any shot")
    assert compare_pairs(pairs(), known_to_differ=True).passed


@pytest.mark.parametrize(("by", "said"), [(0.3, "worse"), (-0.3, "better")])
def test_a_difference_is_said_in_the_metrics_own_sense(by: float, said: str) -> None:
    found = compare_pairs(pairs(after=lambda t: boil(t, by)))
    assert word(found, "BOIL") == said
    assert word(found, "GHOST") == "the same"
    assert found.passed == (said == "better")
    (difference,) = [d for d in found.differences if (d.metric, d.stratum) == ("BOIL", "all shots")]
    assert difference.low <= difference.after - difference.before <= difference.high


def test_what_chance_makes_is_not_said() -> None:
    """Differences without a direction: hardly ever is one taken for real, in any stratum."""
    taken = 0
    for seed in range(40):
        noise = np.random.default_rng(seed).standard_normal(80)
        found = compare_pairs(pairs(after=lambda t, n=noise: t["after"] + n))
        taken += any(d.word in ("better", "worse") for d in found.differences)
    assert taken <= 4  # 2 are expected, of a level of 5 %


def test_a_stratum_that_became_worse_fails_the_gate_though_the_whole_did_not() -> None:
    def turned(table: pd.DataFrame) -> Any:
        news = table["collection"] == "News"
        return boil(table, 0.3, news) - 0.3 * ((table["metric"] == "BOIL") & ~news)

    found = compare_pairs(pairs(80, after=turned))
    assert word(found, "BOIL") == "no difference shown"
    assert word(found, "BOIL", "collection: News") == "worse"
    assert word(found, "BOIL", "collection: Home") == "better"
    (reason,) = found.reasons
    assert reason.startswith("BOIL (collection: News) became worse")


def test_shots_of_one_reel_do_not_count_as_many() -> None:
    """Ten reels, one much worse in all its shots: the interval is that of ten, not of forty."""
    rows = np.repeat([5.0] + [0.0] * 9, 4)
    means = bootstrap_means(rows, np.repeat(np.arange(10), 4))
    alone = bootstrap_means(rows, np.arange(40))
    assert len(means) == RESAMPLES
    spread = [np.quantile(m, 0.975) - np.quantile(m, 0.025) for m in (means, alone)]
    assert spread[0] > 1.5 * spread[1]
    assert np.quantile(means, 0.025) == 0


def test_more_flags_fail_the_gate_and_the_shots_are_named_flags_first() -> None:
    def verdicts(table: pd.DataFrame) -> list[str]:
        return ["look" if n == 1 else "flag" if n == 3 else "ok" for n in range(len(table))]

    found = compare_pairs(pairs(verdict_after=verdicts))
    assert [(w.shot, w.verdict_after) for w in found.worse] == [("r3/3", "flag"), ("r1/1", "look")]
    assert "BOIL (all shots) flags 1 shots, before 0" in found.reasons


def test_few_shots_pass_no_gate() -> None:
    found = compare_pairs(pairs(LEAST_SHOTS - 1, after=lambda t: boil(t, 0.5)))
    assert word(found, "BOIL") == "too few shots"
    assert found.reasons[0].startswith(f"only {LEAST_SHOTS - 1} shots")


def test_what_is_not_measurable_under_both_makes_no_mean_but_fails_the_gate() -> None:
    def holes(table: pd.DataFrame) -> Any:
        return table["after"].where((table["metric"] != "GHOST") & (table.index % 3 > 0))

    found = compare_pairs(pairs(after=holes))
    assert word(found, "GHOST") == "not measurable"
    (boil,) = [d for d in found.differences if (d.metric, d.stratum) == ("BOIL", "all shots")]
    assert (boil.shots, boil.measurable_before, boil.measurable_after) == (26, 40, 26)
    assert "GHOST (all shots) is measurable on 0 shots, before 40" in found.reasons
    assert "BOIL (all shots) is measurable on 26 shots, before 40" in found.reasons
    assert json.loads(compared_json(found))["passed"] is False


def test_values_lost_here_and_gained_there_are_no_reason_unless_they_were_flagged() -> None:
    def lost(table: pd.DataFrame) -> Any:
        return table["after"].where(table.index != 3)

    def gained(table: pd.DataFrame) -> Any:
        return table["before"].where(table.index != 5)

    def flagged(table: pd.DataFrame) -> list[str]:
        return ["flag" if n == 3 else "ok" for n in table.index]

    assert compare_pairs(pairs(before=gained, after=lost), known_to_differ=True).passed
    hidden = pairs(before=gained, after=lost, verdict_before=flagged)
    hidden.loc[9, "verdict_after"] = "flag"
    assert "BOIL (all shots) flags 2 shots, before 1" in compare_pairs(hidden).reasons


def test_an_infinite_fault_is_a_flag() -> None:
    def broken(table: pd.DataFrame) -> Any:
        return table["after"].where(table["metric"] != "GHOST", np.inf)

    def verdicts(table: pd.DataFrame) -> Any:
        return table["metric"].map({"GHOST": "flag", "BOIL": "ok"})

    found = compare_pairs(pairs(after=broken, verdict_after=verdicts))
    assert "GHOST (all shots) flags 40 shots, before 0" in found.reasons


@pytest.mark.parametrize(("by", "refused"), [(0.02, False), (0.03, True)])
def test_what_is_sure_but_too_small_to_matter_is_said_and_refuses_nobody(
    by: float, refused: bool
) -> None:
    """BOIL has its floor at 0.25; a tenth of that is put up with."""
    found = compare_pairs(pairs(after=lambda t: boil(t, by)))
    assert word(found, "BOIL") == "worse"
    assert found.passed == (not refused)


def test_what_is_tolerated_is_a_tenth_of_the_way_to_the_floor() -> None:
    known = {metric.identifier: tolerated(metric) for metric in METRICS if metric.gated}
    assert known["TEX"] == pytest.approx(0.025)
    assert known["REGRAIN"] == pytest.approx(0.02)
    assert known["WEAVE"] == pytest.approx(0.015)
    assert known["DUP"] == 0.0


def test_a_gate_refuses_a_metric_whatever_is_measured_beside_it() -> None:
    """What may be said of one of many is corrected for their number; what is refused is not."""

    def slightly(table: pd.DataFrame) -> Any:
        by_reel = table["reel_id"].str[1:].astype(int).map(lambda n: 0.52 if n < 5 else -0.02)
        return table["after"] + by_reel * (table["metric"] == "BOIL")

    alone = compare_pairs(pairs(after=slightly))
    assert word(alone, "BOIL") == "no difference shown"
    assert alone.reasons[0].startswith("BOIL (all shots) became worse")
    others = [m.identifier for m in METRICS if m.identifier not in ("BOIL", "GHOST")]
    table = pairs(after=slightly)
    crowd = [table[table["metric"] == "GHOST"].assign(metric=name) for name in others]
    crowded = compare_pairs(pd.concat([table, *crowd], ignore_index=True))
    assert crowded.reasons == alone.reasons


def measure(store: Store, batch: str, level: float, verdict: str = "ok") -> None:
    """Measurements of every shot that a batch restored."""
    ledger = store.ledger(batch)
    rows = ledger.read("restorations")
    for number, row in enumerate(rows[rows["batch_id"] == batch].itertuples()):
        ledger.append("measurements", row.reel_id, [{
            "key": row.key, "reel_id": row.reel_id, "shot_index": row.shot_index,
            "treatment_id": row.treatment_id, "metric": "BOIL", "measurable": True,
            "after": level + 0.01 * (number % 5), "verdict": verdict, "seconds": 1.0,
            "calibration_id": CALIBRATION.calibration_id,
        }])  # fmt: skip


def call(store: Store, *words: str) -> Result:
    return CliRunner().invoke(app, ["compare", *words, "--store", str(store.root)])


def values(ledger: Ledger, one: str, other: str) -> pd.DataFrame:
    return paired_values(
        ledger, differing(*map(partial(find_side, ledger), (one, other))), CALIBRATION
    )


@pytest.fixture
def twice(archive: Archive, reprocess: Reprocess) -> tuple[Store, str]:
    """Two reels of ten shots restored by version 1, then by version 2, and a third that was not."""
    store = archive([by_model(ONE), by_model(ONE), PLAIN], 12)
    measure(store, "first", 2.0)
    batch, _ = reprocess(store, model="dust@2")
    return store, batch


def test_a_better_version_passes_and_its_report_promotes_it(
    twice: tuple[Store, str], tmp_path: Path
) -> None:
    store, batch = twice
    measure(store, batch, 1.0)
    gate = tmp_path / "gate.json"
    done = call(store, "first", batch, "--gate", str(gate))
    assert done.exit_code == 0, done.output
    assert "24 shots were restored both ways, and differently" in done.output
    assert "BOIL     better" in done.output
    report = read_gate(gate)
    assert report.champion.models == (GatedModel("dust@1", "1"),)
    (steps,) = report.challenger.treatments.values()
    assert steps == by_model(TWO).steps
    assert objections(report, TWO, ONE, yardstick()) == []
    assert objections(report, ONE, TWO, yardstick()) != []


def test_a_worse_version_does_not_pass(twice: tuple[Store, str], tmp_path: Path) -> None:
    store, batch = twice
    measure(store, batch, 3.0, "flag")
    gate = tmp_path / "gate.json"
    done = call(store, by_model(ONE).label, by_model(TWO).treatment_id[:10], "--gate", str(gate))
    assert done.exit_code == 1
    assert "worse: R00.r1/0000000-0000004  BOIL 2 to 3, ok to flag" in done.output
    assert "the gate is not passed" in done.output
    assert objections(read_gate(gate), TWO, ONE, yardstick())[0].startswith(
        "BOIL (all shots) became worse"
    )
    as_json = json.loads(call(store, "first", batch, "--json").output)
    assert (as_json["passed"], len(as_json["worse"])) == (False, 24)


def test_a_mixed_version_is_compared_by_its_own_treatment(
    archive: Archive, reprocess: Reprocess
) -> None:
    store = archive([by_model(ONE)], 4)
    reprocess(store, model="dust@2", where="shot_index = 1")
    ledger = store.ledger()
    version = ledger.newest("reels").iloc[-1]["treatment_id"]
    side = find_side(ledger, version)
    assert len(side.shots) == 4
    assert set(side.treatments) == {by_model(v).treatment_id for v in (ONE, TWO)}


def test_names_that_are_none_or_several_are_refused(archive: Archive) -> None:
    store = archive([PLAIN, by_model(ONE)], 2)
    for name in ("nothing", "conservative-000000000000", "abc"):
        with pytest.raises(StoreError, match="name a batch, or a treatment"):
            find_side(store.ledger(), name)


def test_shots_that_only_one_side_has_cannot_be_compared(archive: Archive) -> None:
    ledger = archive([PLAIN, by_model(ONE)], 2).ledger()
    sides = [find_side(ledger, t.treatment_id) for t in (PLAIN, by_model(ONE))]
    with pytest.raises(StoreError, match="no shot was restored by both"):
        differing(*sides)


def test_a_treatment_is_not_compared_with_itself(twice: tuple[Store, str]) -> None:
    store, _ = twice
    side = find_side(store.ledger(), "first")
    with pytest.raises(StoreError, match="treated every shot alike"):
        differing(side, side)


def test_shots_that_both_treated_alike_are_left_out(archive: Archive, reprocess: Reprocess) -> None:
    store = archive([by_model(ONE)], 4)
    measure(store, "first", 2.0)
    batch, _ = reprocess(store, model="dust@2", where="shot_index = 1")
    measure(store, batch, 3.0)
    ledger = store.ledger()
    version = ledger.newest("reels").iloc[-1]["treatment_id"]
    pairs = values(ledger, "first", version)
    assert set(pairs["shot"]) == {"R00.r1/0000004-0000008"}


def test_a_shot_that_was_not_measured_again_is_not_passed_over(twice: tuple[Store, str]) -> None:
    store, batch = twice
    measure(store, "first", 2.0)
    ledger = store.ledger()
    pairs = values(ledger, "first", batch)
    assert pairs["after"].isna().all()
    assert "BOIL (all shots) is measurable on 0 shots, before 24" in compare_pairs(pairs).reasons
