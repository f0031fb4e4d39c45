"""The faults as a list: names, strengths, and the matrix of what else each may be flagged for."""

from tasks.metrics.registry import METRICS
from tasks.selftest.suite import FAULTS, TIMING_FAULTS


def test_every_fault_has_its_name_and_three_rising_strengths() -> None:
    everything = (*FAULTS, *TIMING_FAULTS)
    assert len({fault.name for fault in everything}) == len(everything) >= 34
    for fault in everything:
        assert 0 < fault.strengths[0] < fault.strengths[1] < fault.strengths[2], fault.name


def test_the_matrix_names_metrics_that_some_fault_is_meant_for() -> None:
    """A misspelled metric would allow nothing, and its own would say nothing."""
    meant = {fault.metric for fault in FAULTS}
    for fault in FAULTS:
        assert fault.allowed <= meant - {fault.metric}, fault.name


def test_no_fault_may_be_flagged_for_everything() -> None:
    meant = {fault.metric for fault in FAULTS}
    for fault in FAULTS:
        assert len(meant - fault.allowed) >= 5, fault.name


def test_every_metric_that_judges_has_a_fault() -> None:
    meant = {fault.metric for fault in (*FAULTS, *TIMING_FAULTS)}
    assert {metric.identifier for metric in METRICS if metric.gated} == meant
