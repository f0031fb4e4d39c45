"""Flicker and dirt are counted where they are and not where they are not."""

import math

import pytest
import torch

from tasks.metrics.specks import Neighbours
from tasks.metrics.flicker import flicker_percent


def test_flicker_of_an_alternating_trace_is_known() -> None:
    """m = 0.5 +- 0.01 by turns: h is 0.02 in size everywhere, so FLK is 4 %."""
    trace = torch.tensor([0.5 + 0.01 * (-1) ** t for t in range(20)])
    assert flicker_percent(trace) == pytest.approx(4.0, rel=1e-4)


def test_a_fade_is_not_flicker() -> None:
    measured = flicker_percent(torch.linspace(0.9, 0.1, 40, dtype=torch.float64))
    assert measured is not None and math.isclose(measured, 0, abs_tol=1e-9)


@pytest.mark.parametrize("trace", [torch.zeros(20), torch.full((4,), 0.5), torch.zeros(0)])
def test_what_cannot_be_measured_is_none(trace: torch.Tensor) -> None:
    assert flicker_percent(trace) is None


def pan(shift: int) -> torch.Tensor:
    """A smooth texture moved by `shift` samples."""
    down = torch.arange(240.0)[:, None]
    across = torch.arange(320.0) + shift
    return 0.5 + 0.2 * torch.sin(across / 9) * torch.cos(down / 11)


def with_specks(picture: torch.Tensor, value: float) -> torch.Tensor:
    dirty = picture.clone()
    for row, column in ((40, 60), (120, 200), (200, 90)):
        dirty[row : row + 5, column : column + 5] = value
    return dirty


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_specks_on_one_frame_are_counted(value: float) -> None:
    before, here, after = pan(0), pan(2), pan(4)
    motion = Neighbours(before, here, after)
    assert motion.count_specks(before, here, after) == 0
    assert motion.count_specks(before, with_specks(here, value), after) == 3


def test_what_is_on_all_frames_is_no_dirt() -> None:
    frames = [with_specks(pan(0), 0.0)] * 3
    assert Neighbours(*frames).count_specks(*frames) == 0


def test_flicker_is_no_dirt() -> None:
    before, here, after = pan(0), pan(2) * 0.8, pan(4)
    assert Neighbours(before, here, after).count_specks(before, here, after) == 0
