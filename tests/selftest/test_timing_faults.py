"""Faults of a file, and TIME, which has to see each of them at every severity."""

from fractions import Fraction

import numpy as np
import pytest

from tasks.metrics.timing import compare
from tasks.selftest.faults.timing import Reel, made_reel
from tasks.selftest.suite import TIMING_FAULTS

BY_NAME = {fault.name: fault for fault in TIMING_FAULTS}
SAID = {
    "sound late": "the sound began at",
    "sound pushed": "sample by sample",
    "sound resampled": "samples of sound became",
    "sound coarse": "sample by sample",
    "frames dropped": "72 frames became",
    "frames uneven": "from its time",
    "picture fast": "frames a second became",
}


@pytest.fixture
def reel() -> Reel:
    return made_reel(72, Fraction(24), np.random.default_rng(1))


def test_a_reel_is_like_itself_and_like_one_made_again(reel: Reel) -> None:
    again = made_reel(72, Fraction(24), np.random.default_rng(1))
    assert compare(reel.timing, again.timing).value == 0
    assert reel.timing.frames == 72 and reel.timing.sound_samples == 48000
    other = made_reel(72, Fraction(24), np.random.default_rng(2))
    assert compare(reel.timing, other.timing).value == 1, "the sound is another"


@pytest.mark.parametrize("severity", range(3))
@pytest.mark.parametrize("name", BY_NAME)
def test_time_sees_every_fault_and_says_which(reel: Reel, name: str, severity: int) -> None:
    fault, before = BY_NAME[name], reel.timing
    found = compare(before, fault.inject(reel, fault.strengths[severity]).timing)
    assert found.value is not None and found.value >= 1
    assert SAID[name] in found.note
    assert reel.timing == before, "the input was changed"


def test_strengths_are_what_they_say(reel: Reel) -> None:
    late = BY_NAME["sound late"].inject(reel, 40)
    assert late.sound_offset == Fraction(40, 1000) and np.array_equal(late.sound, reel.sound)
    pushed = BY_NAME["sound pushed"].inject(reel, 40)
    assert np.array_equal(pushed.sound[640:], reel.sound[:-640]) and not pushed.sound[:640].any()
    assert len(BY_NAME["sound resampled"].inject(reel, 0.001).sound) == 48048
    assert BY_NAME["frames dropped"].inject(reel, 6).timing.frames == 66
    assert BY_NAME["picture fast"].inject(reel, 0.04).times[26] == Fraction(26) / 24 / Fraction(
        "1.04"
    )
    coarse = BY_NAME["sound coarse"].inject(reel, 8).sound
    assert not (coarse % 256).any() and np.abs(coarse - reel.sound.astype(int)).max() < 256
