"""Picture and sound are exactly in time, or the metric says what is not."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from tasks.metrics.pair import Pair
from tasks.metrics.timing import METRICS, Timing, compare

RATE = Fraction(24000, 1001)


def reel(count: int = 240, rate: Fraction = RATE) -> Timing:
    return Timing(
        frames=count, times=tuple(n / rate for n in range(count)), rate=rate,
        sound_offset=Fraction(0), sound_rate=48000, sound_samples=480480, sound_hash="a1",
    )  # fmt: skip


def rounded(timing: Timing, tick: Fraction) -> Timing:
    """As a container writes it that counts in ticks."""
    return replace(timing, times=tuple(round(t / tick) * tick for t in timing.times), tick=tick)


def test_a_reel_is_in_time_with_itself() -> None:
    value = compare(reel(), reel())
    assert (value.value, value.note, value.where) == (0, "", None)


@pytest.mark.parametrize("offset", [Fraction(40, 1000), Fraction(-1, 48000), None])
def test_sound_that_begins_at_another_time_or_is_gone(offset: Fraction | None) -> None:
    value = compare(reel(), replace(reel(), sound_offset=offset))
    assert value.value == 1 and value.note.startswith("the sound began at 0.0000 s")


def test_sound_that_was_resampled_by_a_thousandth() -> None:
    value = compare(reel(), replace(reel(), sound_samples=480960, sound_hash="b2"))
    assert value.value == 2
    assert "480480 samples of sound became 480960" in value.note


def test_one_sample_of_sound_that_differs() -> None:
    value = compare(reel(), replace(reel(), sound_hash="b2"))
    assert value.value == 1 and "sample by sample" in value.note


def test_sound_played_at_another_rate() -> None:
    assert compare(reel(), replace(reel(), sound_rate=48048)).value == 1


def test_one_frame_lost_at_the_end() -> None:
    value = compare(reel(240), reel(239))
    assert value.value == 2 and value.where == 239
    assert "240 frames became 239" in value.note and "on one side only" in value.note


def test_one_frame_lost_in_the_middle_moves_all_that_follow() -> None:
    whole = reel()
    kept = (*whole.times[:100], *whole.times[101:])
    value = compare(whole, replace(whole, frames=239, times=kept))
    assert value.where == 100 and "+41.708 ms" in value.note


def test_frames_that_come_later_than_they_should() -> None:
    whole = reel()
    shifted = (*whole.times[:50], *(t + Fraction(1, 1000) for t in whole.times[50:]))
    value = compare(whole, replace(whole, times=shifted))
    assert value.value == 1 and value.where == 50 and "+1.000 ms" in value.note


def test_another_rate_is_seen_in_the_rate_and_in_the_times() -> None:
    value = compare(reel(), reel(rate=Fraction(24)))
    assert value.value == 2 and "24000/1001 frames a second became 24" in value.note


@pytest.mark.parametrize("tick", [Fraction(1, 1000), Fraction(1, 90000)])
def test_a_container_that_rounds_its_times_is_in_time(tick: Fraction) -> None:
    assert compare(reel(), rounded(reel(), tick)).value == 0
    assert compare(rounded(reel(), tick), rounded(reel(), Fraction(1, 600))).value == 0


def test_rounding_hides_no_shift_that_could_be_heard() -> None:
    tick = Fraction(1, 1000)
    late = replace(rounded(reel(), tick), sound_offset=Fraction(2, 1000))
    assert compare(rounded(reel(), tick), late).value == 0  # a tick on each side
    later = replace(late, sound_offset=Fraction(3, 1000))
    assert compare(rounded(reel(), tick), later).value == 1


@pytest.mark.parametrize(("count", "wanted"), [(12, 0.0), (11, 1.0)])
def test_a_stretch_has_as_many_frames_as_it_had(count: int, wanted: float) -> None:
    before, after = torch.full((12, 8, 8), 0.5), torch.full((count, 8, 8), 0.5)
    pair = Pair(25.0, (8, 8), before, after, None, None, torch.zeros(12, 8, 8, dtype=torch.bool))
    assert METRICS[0].measure(pair).value == wanted
