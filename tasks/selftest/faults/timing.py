"""Picture and sound that part: late, resampled or re-encoded sound, lost frames, a wrong rate.

They are faults of a file and not of a picture, so they are put into a reel of numbers, of which
TIME (`tasks.metrics.timing`) sees what it would see of a file. TIME is exact: even below
visibility, each has to be seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from tasks.metrics.timing import Timing

Sound = npt.NDArray[np.int16]  # `[N, channels]`


@dataclass(frozen=True)
class Reel:
    """When frames are seen, and what is heard.

    Attributes:
        times: seconds of each frame after the first.
        rate: frames a second.
        sound: int16 `[N, channels]`.
        sound_rate: samples a second.
        sound_offset: seconds by which the sound begins after the picture.
    """

    times: tuple[Fraction, ...]
    rate: Fraction
    sound: Sound
    sound_rate: int = 16000
    sound_offset: Fraction = Fraction(0)

    @property
    def timing(self) -> Timing:
        """As TIME compares it."""
        digest = hashlib.sha256(np.ascontiguousarray(self.sound).tobytes()).hexdigest()
        return Timing(
            frames=len(self.times),
            times=self.times,
            rate=self.rate,
            sound_offset=self.sound_offset,
            sound_rate=self.sound_rate,
            sound_samples=len(self.sound),
            sound_hash=digest,
        )


@dataclass(frozen=True)
class TimingFault:
    """One fault of a file at three severities.

    Attributes:
        name: in the suite's table.
        unit: of the strengths.
        strengths: below notice, mild, strong.
        inject: (reel, strength) to the faulty reel.
        metric: identifier of the metric that has to see it.
    """

    name: str
    unit: str
    strengths: tuple[float, float, float]
    inject: Callable[[Reel, float], Reel]
    metric: str = "TIME"


def made_reel(frames: int, rate: Fraction, chance: np.random.Generator) -> Reel:
    """A reel of even frames, with noise that swells like speech for sound."""
    count = int(frames / rate * 16000)
    swell = np.abs(np.sin(np.arange(count) * (2 * np.pi * 3 / 16000)))
    sound = (6000 * swell * chance.standard_normal(count)).clip(-32768, 32767)
    return Reel(tuple(n / rate for n in range(frames)), rate, sound.astype(np.int16)[:, None])


def _late(reel: Reel, strength: float) -> Reel:
    """The sound begins later; it is the same sound."""
    return replace(reel, sound_offset=reel.sound_offset + Fraction(round(strength), 1000))


def _pushed(reel: Reel, strength: float) -> Reel:
    """The sound begins where it did and is as long, but with silence before it."""
    late = round(strength * reel.sound_rate / 1000)
    silence = np.zeros_like(reel.sound[:late])
    return replace(reel, sound=np.concatenate((silence, reel.sound))[: len(reel.sound)])


def _resampled(reel: Reel, strength: float) -> Reel:
    """The sound is longer by a share, as where its rate was taken for another."""
    count = len(reel.sound)
    places = np.linspace(0, count - 1, round(count * (1 + strength)))
    channels = [np.interp(places, np.arange(count), one) for one in reel.sound.T]
    return replace(reel, sound=np.stack(channels, 1).round().astype(np.int16))


def _coarse(reel: Reel, strength: float) -> Reel:
    """The lowest bits of the sound are gone, as after a coding with loss."""
    return replace(reel, sound=reel.sound >> round(strength) << round(strength))


def _dropped(reel: Reel, strength: float) -> Reel:
    """Frames are lost in the middle; those after them come sooner."""
    return replace(reel, times=reel.times[: len(reel.times) - round(strength)])


def _uneven(reel: Reel, strength: float) -> Reel:
    """Every second frame is shown later."""
    late = Fraction(round(strength), 1000)
    return replace(reel, times=tuple(at + late * (n % 2) for n, at in enumerate(reel.times)))


def _fast(reel: Reel, strength: float) -> Reel:
    """The picture runs faster by a share, the sound as before."""
    faster = 1 + Fraction(round(strength * 10000), 10000)
    return replace(reel, rate=reel.rate * faster, times=tuple(at / faster for at in reel.times))


FAULTS = (
    TimingFault("sound late", "ms", (5, 40, 80), _late),
    TimingFault("sound pushed", "ms", (5, 40, 80), _pushed),
    TimingFault("sound resampled", "of the length", (0.0002, 0.001, 0.01), _resampled),
    TimingFault("sound coarse", "bits lost", (1, 4, 8), _coarse),
    TimingFault("frames dropped", "frames of the clip", (1, 2, 6), _dropped),
    TimingFault("frames uneven", "ms", (1, 5, 15), _uneven),
    TimingFault("picture fast", "of the rate", (0.0002, 0.001, 0.04), _fast),
)
