"""What was found, as text, as JSON and as the page of the metrics."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalogs.errors import VerificationError
from tasks.metrics.calibration import Calibration
from tasks.selftest.fit import fit_calibration
from tasks.selftest.judge import judge
from tasks.selftest.page import metrics_page
from tasks.selftest.rules import Broken
from tasks.selftest.summary import Summary, read_summary, summarise, write_summary
from tasks.selftest.text import summary_text


def found(suite: Any) -> tuple[Calibration, Summary]:
    calibration = fit_calibration(suite.table, suite.metrics, "2030-01-01", "20 clips of a test")
    judgement = judge(suite.table, suite.metrics, suite.designations, calibration, resamples=50)
    identity = calibration.calibration_id
    return calibration, summarise(suite.table, judgement, "2030-01-02", identity, True, True)


def test_a_summary_survives_its_file(suite: Any, tmp_path: Path) -> None:
    table = suite.table.copy()
    table.loc[table["severity"] == 2, "EYE"] = np.inf
    table.loc[table["severity"] == 0, "TEX"] = np.nan
    _, summary = found(replace(suite, table=table))
    assert summary.judgement.broken != ()
    write_summary(summary, tmp_path / "found.json")
    assert read_summary(tmp_path / "found.json") == summary
    assert "Infinity" not in (tmp_path / "found.json").read_text()


@pytest.mark.parametrize("content", [None, "{}", "no"])
def test_a_damaged_summary_is_named(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(VerificationError, match=r"found\.json.*--out"):
        read_summary(path)


def test_the_text_names_every_broken_rule(suite: Any) -> None:
    _, summary = found(suite)
    assert "All rules hold." in summary_text(summary)
    assert "20 clips of 10 people: 80 harmless outputs, 120 with a fault" in summary_text(summary)
    rule = Broken("auc", "EYE", "eye flicker", "EYE sees nothing")
    worse = replace(summary, judgement=replace(summary.judgement, broken=(rule,)))
    assert "1 rule is broken:\n  auc          EYE sees nothing" in summary_text(worse)
    assert not worse.all_well and summary.all_well


def test_the_page_has_definition_threshold_and_proof_of_every_metric(suite: Any) -> None:
    calibration, summary = found(suite)
    page = metrics_page(suite.metrics, calibration, summary)
    pooled = calibration.metrics["EYE"].pooled
    assert pooled is not None
    eye = page[page.index("## EYE") : page.index("## TEX")]
    assert "    x = y" in eye and "Source: own" in eye and "Blind to: much" in eye
    assert f"| all classes | 20 | 80 | {pooled.median:.3g} |" in eye
    assert "| eye flicker | strong | 20 | 100% | 1.000 [1.00, 1.00] | 100% | 100% |" in eye
    assert "[EYE](#eye-eye-of-a-test)" in page
    assert calibration.calibration_id in page
    assert "There is no overall score" in page


def test_a_page_before_any_run_claims_nothing(suite: Any) -> None:
    page = metrics_page(suite.metrics, None, None)
    assert "There is none yet" in page and "It has not been run yet" in page
    assert "| EYE of a test | % | higher | 0.5 | - | - | - | - |" in page


def test_the_page_says_which_rules_are_broken(suite: Any) -> None:
    calibration, summary = found(suite)
    rule = Broken("auc", "EYE", "eye flicker", "EYE sees nothing")
    worse = replace(summary, judgement=replace(summary.judgement, broken=(rule,)))
    page = metrics_page(suite.metrics, calibration, worse)
    assert "- broken: EYE sees nothing" in page and "All of them hold" not in page


def test_figures_of_another_calibration_are_said_to_be_so(suite: Any) -> None:
    calibration, summary = found(suite)
    other = calibration.model_copy(update={"version": 2})
    warning = "judged another calibration"
    assert warning not in metrics_page(suite.metrics, calibration, summary)
    assert warning not in metrics_page(suite.metrics, None, summary)
    assert warning in metrics_page(
        suite.metrics, type(calibration).model_validate(other.model_dump()), summary
    )


def test_figures_in_sample_are_said_to_be_so(suite: Any) -> None:
    calibration, summary = found(suite)
    assert not summary.refitted
    assert "in-sample" not in metrics_page(suite.metrics, calibration, summary)
    fitted = replace(summary, refitted=True)
    assert "in-sample" in metrics_page(suite.metrics, calibration, fitted)


def test_the_text_of_the_stratum_names_the_worst(suite: Any) -> None:
    _, summary = found(suite)
    assert "worst by luminance: AUC 1.000" in summary_text(summary)
