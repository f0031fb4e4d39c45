"""A calibration is data: whole, hashed, and refused when it is damaged or foreign."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from catalogs.errors import VerificationError
from tasks.metrics.calibration import Calibration, read_calibration, write_calibration
from tasks.metrics.metric import Metric
from tasks.metrics.source_class import SourceFacts
from tasks.selftest.fit import fit_calibration, safe_quantile

MakeMetric = Callable[..., Metric]


def fitted(suite: Any, **changed: object) -> Calibration:
    table, metrics = suite.table.assign(**changed), suite.metrics
    return fit_calibration(table, metrics, "2030-01-01", "a test")


def test_what_is_written_is_read_back(suite: Any, tmp_path: Path) -> None:
    calibration = fitted(suite)
    path = tmp_path / "calibration.json"
    write_calibration(calibration, path)
    metrics = suite.metrics
    assert read_calibration(path, metrics) == calibration
    assert json.loads(path.read_text())["calibration_id"] == calibration.calibration_id


def test_equal_runs_give_equal_calibrations_and_one_value_changes_the_hash(suite: Any) -> None:
    assert fitted(suite).calibration_id == fitted(suite).calibration_id
    moved = suite.table["EYE"] + 0.01
    assert fitted(suite, EYE=moved).calibration_id != fitted(suite).calibration_id


def test_infinite_values_survive_the_file(suite: Any, tmp_path: Path) -> None:
    calibration = fitted(suite, EYE=np.inf)
    path = tmp_path / "calibration.json"
    write_calibration(calibration, path)
    assert '"inf"' in path.read_text() and "Infinity" not in path.read_text()
    assert read_calibration(path) == calibration


@pytest.mark.parametrize(
    ("damage", "field"),
    [
        (lambda c: c["metrics"]["EYE"]["pooled"].update(flag=9.0), "calibration_id"),
        (lambda c: c["metrics"]["EYE"]["pooled"].update(flag="nan"), "metrics.EYE.pooled.flag"),
        (lambda c: c["metrics"]["EYE"]["pooled"].pop("look"), "metrics.EYE.pooled.look"),
        (lambda c: c["metrics"]["EYE"].update(worse="up"), "metrics.EYE.worse"),
        (lambda c: c.update(format=99), "format"),
        (lambda c: c.update(overall=1), "overall"),
        (lambda c: c["levels"]["grain"].update(boundaries=[2.0, 1.0]), "levels.grain"),
        (lambda c: c["levels"].update(mood=c["levels"]["rate"]), "levels"),
        (lambda c: c.pop("calibration_id"), "calibration_id"),
    ],
)
def test_a_damaged_file_is_named_with_field_and_remedy(
    damage: Callable[[dict[str, object]], object], field: str, suite: Any, tmp_path: Path
) -> None:
    path = tmp_path / "calibration.json"
    write_calibration(fitted(suite), path)
    content = json.loads(path.read_text())
    damage(content)
    path.write_text(json.dumps(content))
    with pytest.raises(VerificationError) as caught:
        read_calibration(path)
    assert str(path) in str(caught.value)
    assert f" {field}:" in str(caught.value)
    assert "wetgate selftest --calibrate" in str(caught.value)


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"format": 1, "metrics"'])
def test_what_is_no_calibration_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(content)
    with pytest.raises(VerificationError, match=r"calibration\.json"):
        read_calibration(path)
    with pytest.raises(VerificationError, match=r"missing\.json"):
        read_calibration(tmp_path / "missing.json")


def test_a_calibration_of_other_metrics_is_refused(
    suite: Any, metric: MakeMetric, tmp_path: Path
) -> None:
    path = tmp_path / "calibration.json"
    write_calibration(fitted(suite), path)
    with pytest.raises(VerificationError, match=r"metrics\.LIP: is missing"):
        read_calibration(path, [metric("LIP")])
    with pytest.raises(VerificationError, match=r"metrics\.EYE: is for %, higher is worse"):
        read_calibration(path, [metric("EYE", "lower")])
    assert read_calibration(path, [metric("LIP", gated=False)]).metrics.keys() == {"EYE", "TEX"}


def test_a_class_with_few_clips_falls_back_to_all_classes(suite: Any) -> None:
    """Clips 0..2 alone are fast: three clips are not believed."""
    table = suite.table
    fast = table["clip"].isin(["clip 00", "clip 01", "clip 02"])
    calibration = fitted(suite, rate=np.where(fast, 60.0, 25.0), grain=0.5)
    few = calibration.class_of(SourceFacts(0.5, 0.2, 60.0))
    many = calibration.class_of(SourceFacts(0.5, 0.2, 25.0))
    assert calibration.metrics["EYE"].classes[few].clips == 3
    assert calibration.quantiles("EYE", few) == (calibration.metrics["EYE"].pooled, "all classes")
    assert calibration.quantiles("EYE", many)[1] == many
    assert calibration.quantiles("EYE", "never seen")[1] == "all classes"


def test_a_metric_that_nothing_was_measurable_for_has_no_quantiles(suite: Any) -> None:
    assert fitted(suite, EYE=np.nan).quantiles("EYE", "any")[0] is None


def test_faulty_outputs_do_not_move_thresholds(suite: Any) -> None:
    table = suite.table
    wild = table["EYE"].where(table["kind"] == "harmless", 1e6)
    assert fitted(suite, EYE=wild) == fitted(suite)


def test_thresholds_hold_on_other_clips_of_the_same_kind() -> None:
    """Skewed values of which half the variance is the clip's own; 2.5 % are meant."""
    chance = np.random.default_rng(11)
    shares = []
    for _ in range(200):
        own = chance.normal(size=(2, 10, 1)) + chance.normal(size=(2, 10, 8))
        seen, other = np.exp(0.4 * own)
        shares.append(float((other > safe_quantile(seen.ravel(), 10, 0.975)).mean()))
    assert 0.003 < np.mean(shares) < 0.025
    assert np.mean(np.array(shares) > 0.05) < 0.2


@pytest.mark.parametrize(("value", "clips"), [(0.0, 10), (3.5, 1)])
def test_values_that_are_all_the_same_get_no_margin(value: float, clips: int) -> None:
    assert safe_quantile(np.full(40, value), clips, 0.975) == value


def test_a_safe_quantile_is_not_below_the_order_statistic() -> None:
    values = np.array([0.0] * 70 + [5.0] * 10)
    assert safe_quantile(values, 10, 0.9) >= 5.0
    assert safe_quantile(np.array([1.0, np.inf]), 2, 0.975) == np.inf


def test_lower_is_worse_is_fitted_on_the_lower_side(suite: Any) -> None:
    pooled = fitted(suite).metrics["TEX"].pooled
    table: pd.DataFrame = suite.table
    calm = table.loc[table["kind"] == "harmless", "TEX"]
    assert pooled is not None
    assert pooled.flag <= pooled.look <= pooled.median == pytest.approx(calm.median(), abs=0.01)
    assert (calm < pooled.flag).mean() <= 0.025
