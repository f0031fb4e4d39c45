"""Flicker of a trace is what it is."""

import math

import pytest
import torch

from tasks.metrics.flicker import flicker_percent


def test_flicker_of_an_alternating_trace_is_known() -> None:
    """m = 0.5 +- 0.01 by turns: h is 0.02 in size everywhere, so FLK is 4 %."""
    trace = torch.tensor([0.5 + 0.01 * (-1) ** t for t in range(20)])
    assert flicker_percent(trace, 24.0) == pytest.approx(4.0, rel=1e-4)


def test_a_fade_is_not_flicker() -> None:
    measured = flicker_percent(torch.linspace(0.9, 0.1, 40, dtype=torch.float64), 24.0)
    assert measured is not None and math.isclose(measured, 0, abs_tol=1e-9)


@pytest.mark.parametrize("trace", [torch.zeros(20), torch.full((4,), 0.5), torch.zeros(0)])
def test_what_cannot_be_measured_is_none(trace: torch.Tensor) -> None:
    assert flicker_percent(trace, 24.0) is None
