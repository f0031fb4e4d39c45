"""The temporal high-pass means the same in hertz at every rate."""

import math

import pytest
import torch

from tasks.metrics.bands import high, lag, rms


def strength(hertz: float, rate: float) -> float:
    """What the high-pass lets through of a wave of amplitude 1, as an amplitude."""
    time = torch.arange(int(10 * rate), dtype=torch.float64) / rate
    wave = torch.sin(2 * math.pi * hertz * time)
    return float(rms(high(wave, rate))) * math.sqrt(2)


@pytest.mark.parametrize(("rate", "wanted"), [(16, 1), (18, 1), (24, 1), (30, 1), (50, 2), (60, 2)])
def test_the_lag_follows_the_rate(rate: float, wanted: int) -> None:
    assert lag(rate) == wanted


def test_a_flicker_counts_at_60_frames_a_second_what_it_counts_at_30() -> None:
    for hertz in (2.0, 4.0, 8.0, 12.0):
        assert strength(hertz, 60) == pytest.approx(strength(hertz, 30), rel=0.02)


def test_noise_counts_alike_at_every_rate() -> None:
    noise = torch.randn(20_000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = math.sqrt(1.5)
    for rate in (18, 24, 60, 120):
        assert float(rms(high(noise, rate))) == pytest.approx(expected, rel=0.03)


def test_a_ramp_passes_nothing_and_a_short_trace_gives_no_frame() -> None:
    assert float(high(torch.arange(50.0), 24).abs().max()) == 0
    assert high(torch.zeros(4, 3), 60).shape == (0, 3)
