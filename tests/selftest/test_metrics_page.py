"""The committed page is what the code makes of the committed data."""

from pathlib import Path

import pytest

from tasks.metrics.calibration import SHIPPED, read_calibration
from tasks.metrics.registry import METRICS
from tasks.selftest.page import SUMMARY, shipped_page
from tasks.selftest.summary import read_summary

ROOT = Path(__file__).parents[2]


def test_the_committed_page_is_what_the_code_generates(monkeypatch: pytest.MonkeyPatch) -> None:
    """When this fails: `make docs`, and look at what changed."""
    monkeypatch.chdir(ROOT)
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == shipped_page()


def test_the_shipped_calibration_knows_every_metric_that_judges() -> None:
    calibration = read_calibration(SHIPPED, METRICS)
    unknown = [name for name, known in calibration.metrics.items() if known.pooled is None]
    assert unknown == []


def test_the_committed_run_was_whole_judged_the_shipped_thresholds_and_broke_no_rule() -> None:
    summary = read_summary(ROOT / SUMMARY)
    assert summary.whole
    assert summary.calibration_id == read_calibration(SHIPPED, METRICS).calibration_id
    assert summary.judgement.broken == ()
